"""The files of a Git repository's branch, over https. Only the newest tree is fetched; nothing in it is ever run.

The `git` program works in a child with an empty environment and a limit on time: no configuration but ours, no hooks,
no submodules, no redirects, no protocol but http(s), and connections only to the address that the gate has checked.
"""

import os
import resource
import subprocess
import tempfile
from base64 import b64encode
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path, PurePosixPath

from django.conf import settings as django_settings
from django.utils.translation import gettext_lazy as _

from kb.errors import DocumentError
from kb.fetching import check_reachable, checked_url, gate
from kb.sources.kinds import Content, Entry, Field, Kind, Known, NothingNew, Place

ASK_SECONDS = 60
FETCH_SECONDS = 240
PACK_BYTES = 4 << 30
FILES = 100_000
TAKEN = "refs/heads/taken"


def check(settings: dict[str, str]) -> dict[str, str]:
    """Raises DocumentError where the address would never be fetched, or the branch is none."""
    check_reachable(settings["url"])
    branch, below = settings.get("branch", ""), settings.get("below", "").strip("/")
    if branch.startswith("-") or any(sign in branch for sign in " ~^:?*[\\\0\n") or ".." in branch:
        raise DocumentError("branch_unknown", branch=branch)
    return {"url": str(checked_url(settings["url"])), "branch": branch, "below": below}


def entries(place: Place) -> Generator[Entry, None, None]:
    with tempfile.TemporaryDirectory(prefix="git-") as folder:
        repository = _Repository(Path(folder), place.settings["url"], place.secret)
        branch = place.settings.get("branch", "")
        if repository.newest(branch) == place.memory.get("commit"):
            raise NothingNew
        commit = repository.fetch(branch)
        below = place.settings.get("below", "")
        for path, blob in repository.files(commit, below):
            yield Entry(path, partial(_read, repository, path, blob), blob)
        place.memory["commit"] = commit


@contextmanager
def _read(repository: "_Repository", path: str, blob: str, known: Known) -> Iterator[Content | None]:
    yield Content(PurePosixPath(path).name, BytesIO(repository.content(blob)))


@dataclass(frozen=True, slots=True)
class _Repository:
    folder: Path
    url: str
    token: str = ""

    def newest(self, branch: str) -> str:
        """The commit a branch stands at; without a name, the one that the server calls its own."""
        wanted = _reference(branch)
        listed = self._run(ASK_SECONDS, "ls-remote", "--", self.url, wanted, online=True).decode("utf-8", "replace")
        for line in listed.splitlines():
            commit, _tab, name = line.partition("\t")
            if name == wanted:
                return commit
        raise DocumentError("branch_unknown", branch=branch or "HEAD")

    def fetch(self, branch: str) -> str:
        """Bring the newest tree of a branch here; return its commit."""
        self._run(ASK_SECONDS, "init", "--quiet", "--bare", ".")
        options = ("--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules")
        self._run(FETCH_SECONDS, "fetch", *options, "--", self.url, f"+{_reference(branch)}:{TAKEN}", online=True)
        return self._run(ASK_SECONDS, "rev-parse", "--verify", TAKEN).decode("ascii").strip()

    def files(self, commit: str, below: str) -> Iterator[tuple[str, str]]:
        """Path and blob of each ordinary file; links and submodules are left where they point to."""
        listed = self._run(ASK_SECONDS, "ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")
        count = 0
        for line in listed:
            about, _tab, name = line.partition(b"\t")
            mode, _kind, blob = [*about.decode("ascii").split(), "", "", ""][:3]
            path = name.decode("utf-8", "replace")
            hidden = any(part.startswith(".") for part in path.split("/"))
            if mode not in ("100644", "100755") or hidden or (below and not path.startswith(f"{below}/")):
                continue
            count += 1
            if count > FILES:
                raise DocumentError("too_many_entries", most=FILES)
            yield path, blob

    def content(self, blob: str) -> bytes:
        limit = django_settings.MAX_UPLOAD_MB
        if int(self._run(ASK_SECONDS, "cat-file", "-s", blob)) > limit << 20:
            raise DocumentError("too_large", megabytes=limit)
        return self._run(ASK_SECONDS, "cat-file", "blob", blob)

    def _run(self, seconds: float, *arguments: str, online: bool = False) -> bytes:
        try:
            done = subprocess.run(  # noqa: S603  the program is named, and no shell reads the arguments
                ["git", *arguments],  # noqa: S607
                cwd=self.folder,
                env=self._environment(self._network() if online else {}),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=seconds,
                check=False,
                preexec_fn=_limit,
            )
        except FileNotFoundError as error:
            raise DocumentError("git_not_installed") from error
        except subprocess.TimeoutExpired as error:
            raise DocumentError("too_slow", host=checked_url(self.url).host) from error
        if done.returncode:
            raise DocumentError("repository_refused", address=self.url)
        return done.stdout

    def _network(self) -> dict[str, str]:
        """Settings under which git may go out: one protocol, to checked addresses, with the token if there is one."""
        url = checked_url(self.url)
        host, port = url.raw_host.decode("ascii"), url.port or (443 if url.scheme == "https" else 80)
        addresses = gate().pass_through(host, port)
        pinned = ",".join(f"[{address}]" if ":" in address else address for address in addresses)
        options = {
            f"protocol.{url.scheme}.allow": "always",
            "http.followRedirects": "false",
            "http.curloptResolve": f"{host}:{port}:{pinned}",
            "http.lowSpeedLimit": "1000",
            "http.lowSpeedTime": "30",
            "http.proxy": "",
        }
        if self.token:
            user = b64encode(f"x-access-token:{self.token}".encode()).decode("ascii")
            options["http.extraHeader"] = f"Authorization: Basic {user}"
        return options

    def _environment(self, network: dict[str, str]) -> dict[str, str]:
        """All that git may know. The token goes this way because everybody may read a command's arguments."""
        options = {
            "protocol.allow": "never",
            "credential.helper": "",
            "core.hooksPath": "/dev/null",
            "core.askPass": "",
            "transfer.fsckObjects": "true",
            "gc.auto": "0",
            "maintenance.auto": "false",
            **network,
        }
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CEILING_DIRECTORIES": str(self.folder.parent),
            "GIT_CONFIG_COUNT": str(len(options)),
            **{f"GIT_CONFIG_KEY_{number}": name for number, name in enumerate(options)},
            **{f"GIT_CONFIG_VALUE_{number}": value for number, value in enumerate(options.values())},
        }


def _reference(branch: str) -> str:
    return f"refs/heads/{branch}" if branch else "HEAD"


def _limit() -> None:
    """In the child: no file grows beyond what a repository may have."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (PACK_BYTES, PACK_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


KIND = Kind(
    label=_("Git repository"),
    fields=(
        Field("url", _("Address"), _("For example https://git.example.com/team/handbook.git.")),
        Field("branch", _("Branch"), _("Empty takes the repository's own."), required=False),
        Field("below", _("Only below this folder"), _("For example docs. Empty takes every file."), required=False),
        Field("secret", _("Access token"), _("For repositories that are not public."), required=False, secret=True),
    ),
    check=check,
    entries=entries,
)
