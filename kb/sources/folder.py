"""A folder of the worker's machine, below one of those that the operator named (SOURCE_FOLDERS)."""

import os
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from django.conf import settings as django_settings
from django.utils.translation import gettext_lazy as _

from kb.errors import DocumentError
from kb.sources.kinds import Content, Entry, Field, Kind, Known, Place
from kb.uploads import IGNORED


def check(settings: dict[str, str]) -> dict[str, str]:
    """Raises DocumentError unless the folder is there and below an allowed one."""
    return {"path": str(allowed(settings["path"]))}


def allowed(text: str) -> Path:
    """A folder in its real place.

    Raises:
        DocumentError: folder_refused, folder_missing.
    """
    path = Path(text.replace("\0", "")).expanduser().resolve()
    if not any(path.is_relative_to(Path(root).expanduser().resolve()) for root in django_settings.SOURCE_FOLDERS):
        raise DocumentError("folder_refused")
    if not path.is_dir():
        raise DocumentError("folder_missing", path=text)
    return path


def entries(place: Place) -> Generator[Entry, None, None]:
    root = allowed(place.settings["path"])
    for folder, folders, names in os.walk(root, onerror=_raise):
        folders[:] = sorted(name for name in folders if not _ignored(name))
        for name in sorted(names):
            path = Path(folder, name)
            real = path.resolve()
            # A link may point to another file of this folder, and to nothing outside of it.
            if _ignored(name) or not real.is_relative_to(root) or not real.is_file():
                continue
            about = real.stat()
            yield Entry(path.relative_to(root).as_posix(), partial(_read, real, name), _mark(about))


def _mark(about: os.stat_result) -> str:
    return f"{about.st_mtime_ns}:{about.st_size}:{about.st_ino}"


def _ignored(name: str) -> bool:
    return name.startswith((".", "~$")) or name in IGNORED


def _raise(error: OSError) -> None:
    """A folder that cannot be listed is not an empty one."""
    raise DocumentError("folder_missing", path=error.filename) from error


@contextmanager
def _read(path: Path, name: str, known: Known) -> Iterator[Content | None]:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise DocumentError("file_unreadable") from error
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise DocumentError("file_unreadable")
        yield Content(name, file)


KIND = Kind(
    label=_("Watched folder"),
    fields=(Field("path", _("Folder"), _("On the worker's machine, below a folder that SOURCE_FOLDERS names.")),),
    check=check,
    entries=entries,
)
