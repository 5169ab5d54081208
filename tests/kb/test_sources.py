"""Sources followed for real: a web server, a sitemap, a folder, a bucket and a Git repository on this machine."""

import gzip
import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Person
from kb.access import acting_as_system
from kb.documents import delete_document, narrow
from kb.errors import DocumentError
from kb.models import Collection, Document, DocumentVersion
from kb.models_sources import Source, SourceChange, SourceItem, SourceRun
from kb.sources import work
from kb.sources.claims import ClaimLost, claim, due
from kb.sources.secrets import seal, unseal
from kb.sources.verbs import answer, change_source, create_source, delete_source, look_now, pause, resume
from kb.sources.work import work_on
from tests.kb.web import Page, Web, web_server

pytestmark = pytest.mark.django_db
Make = Callable[..., Source]


@pytest.fixture(autouse=True)
def _loopback(settings: Settings, tmp_path: Path) -> None:
    settings.FETCH_ALLOWED = ["127.0.0.1"]
    settings.SOURCE_FOLDERS = [str(tmp_path)]


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as web:
        yield web


@pytest.fixture
def make(handbook: Collection, admin: Person) -> Make:
    """A new source of the handbook."""

    def make(kind: str, name: str = "Source", every_minutes: int = 60, **settings: str) -> Source:
        return create_source(handbook, kind, name, settings, by=admin, every_minutes=every_minutes)

    return make


def look(source: Source, by: Person) -> SourceRun:
    """Look at a source now, and what that gave."""
    look_now(source, by=by)
    assert not work_on(source.pk)
    with acting_as_system():
        source.refresh_from_db()
        return source.runs.latest("pk")


def counts(run: SourceRun) -> tuple[int, int, int, int, int]:
    return run.added, run.changed, run.unchanged, run.deleted, run.failed


def titles(collection: Collection) -> list[str]:
    with acting_as_system():
        return sorted(Document.objects.filter(collection=collection).values_list("filename", flat=True))


def folder_with(path: Path, **files: str) -> Path:
    for name, text in files.items():
        file = path / name.replace("__", "/")
        file = file.with_name(file.name + ".md")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return path


def test_a_page_is_taken_once_and_again_when_it_changes(web: Web, make: Make, admin: Person) -> None:
    web.put("/policy", "<h1>Leave</h1>")
    source = make("url", url=f"{web.url}/policy")
    assert counts(look(source, admin)) == (1, 0, 0, 0, 0)
    assert counts(look(source, admin)) == (0, 0, 1, 0, 0)
    assert "if-none-match" in web.requests[-1][1]
    web.put("/policy", "<h1>Leave, revised</h1>")
    assert counts(look(source, admin)) == (0, 1, 0, 0, 0)
    with acting_as_system():
        document = Document.objects.get()
        assert document.filename == "policy.html"
        assert document.versions.count() == 2
        assert [change.kind for change in SourceChange.objects.order_by("pk")] == ["added", "changed"]
        assert source.next_run_at is not None
        assert source.next_run_at > timezone.now()


def test_a_page_that_is_gone_is_asked_about(web: Web, make: Make, admin: Person, handbook: Collection) -> None:
    web.put("/policy", "<h1>Leave</h1>")
    source = make("url", url=f"{web.url}/policy")
    look(source, admin)
    del web.pages["/policy"]
    assert look(source, admin).outcome == "asking"
    assert source.state == "asking"
    assert source.error_zh
    assert titles(handbook) == ["policy.html"]
    assert source.pk not in due()
    look_now(source, by=admin)
    assert not work_on(source.pk)
    answer(source, delete=True, by=admin)
    assert not work_on(source.pk)
    assert titles(handbook) == []
    with acting_as_system():
        assert source.runs.latest("pk").deleted == 1


def test_a_server_that_fails_deletes_nothing(web: Web, make: Make, admin: Person, handbook: Collection) -> None:
    web.put("/sitemap.xml", sitemap(web, "a", "b"), Content_Type="application/xml")
    source = site(web, make, "a", "b")
    look(source, admin)
    for status in (500, 403):
        web.put("/sitemap.xml", "down", status)
        run = look(source, admin)
        assert run.outcome == "failed"
        assert str(status) in run.error_en
        assert source.state == "active"
    web.put("/sitemap.xml", '<!DOCTYPE x [<!ENTITY a "a">]><urlset><url><loc>&a;</loc></url></urlset>')
    assert look(source, admin).error_code == "list_unreadable"
    assert len(titles(handbook)) == 2


def sitemap(web: Web, *names: str) -> str:
    listed = "".join(f"<url><loc>{web.url}/docs/{name}</loc></url>" for name in names)
    return f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{listed}</urlset>'


def site(web: Web, make: Make, *names: str) -> Source:
    web.put("/sitemap.xml", sitemap(web, *names), Content_Type="application/xml")
    for name in names:
        web.put(f"/docs/{name}", f"<h1>{name}</h1>")
    return make("sitemap", url=f"{web.url}/sitemap.xml")


def test_a_sitemap_is_followed(web: Web, make: Make, admin: Person, handbook: Collection) -> None:
    source = site(web, make, "a", "b", "c")
    assert counts(look(source, admin)) == (3, 0, 0, 0, 0)
    web.put("/docs/b", "<h1>b, revised</h1>")
    web.put("/docs/d", "<h1>d</h1>")
    web.put("/sitemap.xml", sitemap(web, "b", "c", "d"))
    assert counts(look(source, admin)) == (1, 1, 1, 1, 0)
    assert titles(handbook) == ["b.html", "c.html", "d.html"]


def test_indexes_packed_maps_robots_and_other_hosts(web: Web, make: Make, admin: Person, handbook: Collection) -> None:
    index = f"<sitemapindex><sitemap><loc>{web.url}/one.xml.gz</loc></sitemap><sitemap><loc>{web.url}/index.xml</loc>"
    web.put("/index.xml", index + "</sitemap></sitemapindex>")
    packed = gzip.compress(sitemap(web, "a", "secret/b").replace("</urlset>", OTHERS + "</urlset>").encode())
    web.put("/one.xml.gz", packed, Content_Type="application/gzip")
    web.put("/robots.txt", "User-agent: *\nDisallow: /docs/secret/\n", Content_Type="text/plain")
    web.put("/docs/a", "<h1>a</h1>")
    source = make("sitemap", url=f"{web.url}/index.xml", below="/docs/")
    assert counts(look(source, admin)) == (1, 0, 0, 0, 0)
    assert titles(handbook) == ["a.html"]
    assert "/docs/secret/b" not in web.asked()


OTHERS = "<url><loc>http://169.254.169.254/docs/x</loc></url><url><loc>file:///etc/passwd</loc></url><url/>"


def test_a_page_that_fails_stops_no_other(web: Web, make: Make, admin: Person, handbook: Collection) -> None:
    source = site(web, make, "a", "b", "c")
    look(source, admin)
    web.put("/docs/a", "down", 503)
    web.put("/docs/b", "", 302, Location="http://10.0.0.1/")
    run = look(source, admin)
    assert counts(run) == (0, 0, 1, 0, 2)
    with acting_as_system():
        assert {change.error_en[:1] for change in run.changes.all()} != {""}
    assert len(titles(handbook)) == 3


def test_a_folder_is_followed_within_its_bounds(
    make: Make, admin: Person, handbook: Collection, tmp_path: Path, settings: Settings
) -> None:
    outside = folder_with(tmp_path / "outside", secret="# Secret")
    root = folder_with(tmp_path / "shelf", a="# A", sub__b="# B", sub__c="# C")
    (root / "out.md").symlink_to(outside / "secret.md")
    (root / "out").symlink_to(outside)
    (root / "same.md").symlink_to(root / "a.md")
    (root / ".hidden.md").write_text("x")
    (root / "old.zip").write_bytes(b"PK")
    os.mkfifo(root / "pipe.md")
    source = make("folder", path=str(root))
    assert counts(look(source, admin)) == (4, 0, 0, 0, 1)
    assert titles(handbook) == ["a.md", "b.md", "c.md", "same.md"]
    (root / "sub" / "b.md").write_text("# B, revised")
    (root / "sub" / "c.md").unlink()
    assert counts(look(source, admin)) == (0, 1, 2, 1, 1)
    for path in (str(tmp_path / "shelf" / ".." / ".."), "/etc", f"{root}/out/../../.."):
        with pytest.raises(DocumentError, match="may not be watched"):
            make("folder", path=path)
    settings.SOURCE_FOLDERS = []
    assert look(source, admin).error_code == "folder_refused"


def test_a_disk_that_is_away_deletes_nothing(make: Make, admin: Person, handbook: Collection, tmp_path: Path) -> None:
    root = folder_with(tmp_path / "shelf", a="# A", b="# B", c="# C", d="# D")
    source = make("folder", path=str(root))
    look(source, admin)
    root.rename(tmp_path / "away")
    assert look(source, admin).error_code == "folder_missing"
    root.mkdir()  # the mount point without its disk
    run = look(source, admin)
    assert (run.outcome, run.gone, run.deleted) == ("asking", 4, 0)
    assert len(titles(handbook)) == 4
    answer(source, delete=False, by=admin)
    assert look(source, admin).outcome == "done"
    assert len(titles(handbook)) == 4
    with pytest.raises(DocumentError):
        answer(source, delete=True, by=admin)


def test_an_interrupted_run_is_carried_on(
    make: Make, admin: Person, handbook: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make("folder", path=str(folder_with(tmp_path / "shelf", a="# A", b="# B", c="# C")))
    held = claim(source.pk)
    assert held is not None
    assert claim(source.pk) is None
    with acting_as_system():  # its worker was killed
        Source.objects.filter(pk=source.pk).update(heartbeat_at=timezone.now() - timedelta(seconds=301))
    kept = work._keep
    taken: list[object] = []

    def keep_one(*arguments: object) -> object:
        if taken:
            raise work._SliceOver
        taken.append(arguments)
        return kept(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(work, "_keep", keep_one)
        assert work_on(source.pk)
    assert titles(handbook) == ["a.md"]
    with acting_as_system(), pytest.raises(Exception, match=str(source.pk)), held.writing():
        pass
    assert not work_on(source.pk)
    with acting_as_system():
        (run,) = source.runs.all()
    assert (run.pk, counts(run)) == (held.run.pk, (3, 0, 0, 0, 0))


def test_pausing_stops_and_going_on_finishes(make: Make, admin: Person, handbook: Collection, tmp_path: Path) -> None:
    source = make("folder", path=str(folder_with(tmp_path / "shelf", a="# A")))
    pause(source, by=admin)
    assert due() == []
    assert not work_on(source.pk)
    assert titles(handbook) == []
    resume(source, by=admin)
    assert counts(look(source, admin)) == (1, 0, 0, 0, 0)


def test_a_document_that_was_moved_or_deleted_by_hand(
    make: Make, admin: Person, handbook: Collection, people_files: Collection, tmp_path: Path
) -> None:
    from kb.documents import move

    root = folder_with(tmp_path / "shelf", a="# A", b="# B")
    source = make("folder", path=str(root))
    look(source, admin)
    with acting_as_system():
        a, b = Document.objects.order_by("filename")
    move(a, people_files, by=admin)
    delete_document(b, by=admin)
    (root / "a.md").write_text("# A, revised")
    assert counts(look(source, admin)) == (1, 1, 0, 0, 0)
    assert titles(people_files) == ["a.md"]
    with acting_as_system():
        assert DocumentVersion.objects.filter(document=a).count() == 2


def test_only_administrators_and_only_what_may_be(
    handbook: Collection, alice: Person, admin: Person, make: Make
) -> None:
    with pytest.raises(DocumentError) as caught:
        create_source(handbook, "url", "x", {"url": "https://example.com"}, by=alice)
    assert caught.value.kind == "forbidden"
    for kind, settings, code in [
        ("ftp", {}, "source_kind_unknown"),
        ("url", {"url": ""}, "setting_missing"),
        ("url", {"url": "http://10.0.0.1/"}, "address_refused"),
        ("sitemap", {"url": "file:///etc/passwd"}, "scheme_refused"),
        ("s3", {"bucket": "b", "endpoint": "http://169.254.169.254/", "key_id": "k", "secret": "s"}, "address_refused"),
        ("git", {"url": "ssh://git@example.com/a.git"}, "scheme_refused"),
        ("git", {"url": "file:///srv/a.git"}, "scheme_refused"),
        ("git", {"url": "http://127.0.0.1/a.git", "branch": "--upload-pack=touch /tmp/x"}, "branch_unknown"),
    ]:
        with pytest.raises(DocumentError) as caught:
            make(kind, **settings)
        assert caught.value.code == code
    with pytest.raises(DocumentError):
        make("url", name=" ", url="http://127.0.0.1/")


def test_secrets_are_sealed_and_nobody_else_sees_the_tables(
    make: Make, admin: Person, settings: Settings, alice: Person
) -> None:
    source = make("git", url="http://127.0.0.1:9/a.git", secret="a very secret token")
    with acting_as_system(), connection.cursor() as cursor:
        cursor.execute("select s::text from kb_source s")
        assert "secret token" not in str(cursor.fetchall())
    assert unseal(source.secret) == "a very secret token"
    assert seal("") == unseal("") == ""
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from kb_source")
        assert cursor.fetchone() == (0,)
    settings.SECRET_KEY = "another key, long enough for a test"
    assert look(source, admin).error_code == "secret_lost"


def test_deleting_a_source_keeps_or_deletes_its_documents(
    make: Make, admin: Person, handbook: Collection, tmp_path: Path
) -> None:
    for with_documents, left in ((False, ["a.md"]), (True, [])):
        source = make("folder", path=str(folder_with(tmp_path / "shelf", a="# A")))
        look(source, admin)
        delete_source(source, by=admin, with_documents=with_documents)
        assert titles(handbook) == left or titles(handbook) == ["a.md"]
    with acting_as_system():
        assert not Source.objects.exists()
        assert not SourceItem.objects.exists()


def test_a_source_without_its_owner_says_so(make: Make, admin: Person, tmp_path: Path) -> None:
    source = make("folder", path=str(folder_with(tmp_path / "shelf", a="# A")))
    admin.is_active = False
    admin.save()
    assert not work_on(source.pk)
    with acting_as_system():
        source.refresh_from_db()
    assert source.error_code == "source_without_owner"


def test_the_command_looks_at_what_is_due(
    make: Make, admin: Person, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = make("folder", name="Shelf", path=str(folder_with(tmp_path / "shelf", a="# A")))
    call_command("sync_sources")
    assert f"{source.pk} Shelf: 1 added, 0 changed" in capsys.readouterr().out
    call_command("sync_sources")
    assert capsys.readouterr().out == ""
    (tmp_path / "shelf" / "a.md").unlink()
    with pytest.raises(CommandError):
        call_command("sync_sources", str(source.pk))
    assert "kept until" in capsys.readouterr().err


def bucket(web: Web, objects: dict[str, bytes]) -> None:
    """Answers lists, two objects a page, and objects, as a store with S3's protocol does."""

    def listed(handler: BaseHTTPRequestHandler) -> Page:
        query = dict(pair.split("=", 1) for pair in urlsplit(handler.path).query.split("&"))
        keys = sorted(key for key in objects if key.startswith(query.get("prefix", "").replace("%2F", "/")))
        first = int(query.get("continuation-token", "0"))
        contents = "".join(
            f'<Contents><Key>{escape(key)}</Key><ETag>"{hash(objects[key])}"</ETag><Size>{len(objects[key])}</Size></Contents>'
            for key in keys[first : first + 2]
        )
        more = f"<NextContinuationToken>{first + 2}</NextContinuationToken>" if len(keys) > first + 2 else ""
        return Page(f"<ListBucketResult>{contents}{more}</ListBucketResult>".encode())

    def answer(handler: BaseHTTPRequestHandler) -> None:
        path = urlsplit(handler.path)
        assert "X-Amz-Signature" in path.query
        page = listed(handler) if path.path == "/papers" else Page(objects[path.path.removeprefix("/papers/")])
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(page.body)))
        handler.end_headers()
        handler.wfile.write(page.body)

    web.answer = answer  # type: ignore[method-assign]


def test_a_bucket_is_followed(web: Web, make: Make, admin: Person, handbook: Collection) -> None:
    pytest.importorskip("boto3", reason="the extra s3 is not installed")
    objects = {f"hr/{name}.md": f"# {name}".encode() for name in "abcde"} | {"hr/": b"", "other/x.md": b"x"}
    bucket(web, objects)
    source = make("s3", bucket="papers", prefix="hr/", endpoint=web.url, key_id="key", secret="secret")
    assert counts(look(source, admin)) == (5, 0, 0, 0, 0)
    objects["hr/b.md"] = b"# b, revised"
    del objects["hr/c.md"]
    assert counts(look(source, admin)) == (0, 1, 3, 1, 0)
    assert titles(handbook) == ["a.md", "b.md", "d.md", "e.md"]


def git(folder: Path, *arguments: str) -> None:
    names = {f"GIT_{who}_{what}": "x@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, env=os.environ | names)


def git_server(web: Web, root: Path) -> None:
    """Serves the repositories below `root` with git's own program, as web servers do."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        path = urlsplit(handler.path)
        web.requests.append((handler.path, dict(handler.headers.items())))
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            capture_output=True,
            check=True,
            env={
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": "safe.directory",
                "GIT_CONFIG_VALUE_0": "*",
                "REQUEST_METHOD": handler.command,
                "PATH_INFO": path.path,
                "QUERY_STRING": path.query,
                "CONTENT_TYPE": handler.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": handler.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": handler.headers.get("Git-Protocol", ""),
            },
        ).stdout
        head, _blank, content = done.partition(b"\r\n\r\n")
        lines = [line.split(": ", 1) for line in head.decode().split("\r\n")]
        handler.send_response(int(next((value[:3] for name, value in lines if name == "Status"), "200")))
        for name, value in lines:
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    web.answer = answer  # type: ignore[method-assign]


def test_a_repository_is_followed(web: Web, make: Make, admin: Person, handbook: Collection, tmp_path: Path) -> None:
    if subprocess.run(["git", "http-backend"], capture_output=True, check=False).returncode == 1:
        pytest.skip("git is here without its http-backend")
    root = folder_with(tmp_path / "served" / "team", docs__a="# A", docs__b="# B", docs__c="# C", other="# O")
    (root / "docs" / "link.md").symlink_to("/etc/passwd")
    hook = root / ".git" / "hooks" / "post-checkout"
    git(root, "init", "-q", "-b", "main")
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    git(root, "add", ".")
    git(root, "commit", "-qm", "First")
    git_server(web, tmp_path / "served")
    source = make("git", url=f"{web.url}/team/.git", below="docs", secret="token")
    assert counts(look(source, admin)) == (3, 0, 0, 0, 0), source.error_en
    assert web.requests[-1][1]["Authorization"].startswith("Basic ")
    web.requests.clear()
    assert counts(look(source, admin)) == (0, 0, 3, 0, 0)
    assert len(web.requests) == 2, "an unchanged repository is asked for its branches, not for its files"
    (root / "docs" / "a.md").write_text("# A, revised")
    (root / "docs" / "b.md").unlink()
    git(root, "commit", "-qam", "Second")
    assert counts(look(source, admin)) == (0, 1, 1, 1, 0)
    assert titles(handbook) == ["a.md", "c.md"]
    assert not (tmp_path / "ran").exists()
    absent = make("git", url=f"{web.url}/team/.git", branch="absent")
    assert look(absent, admin).error_code == "branch_unknown"
    nothing = make("git", url=f"{web.url}/nothing/.git")
    assert look(nothing, admin).error_code == "repository_refused"


def change(source: Source, by: Person, **what: object) -> Source:
    with acting_as_system():
        collection = Collection.objects.get(pk=source.collection_id)
    kept = {
        "name": source.name,
        "collection": collection,
        "settings": source.settings,
        "every_minutes": source.every_minutes,
    }
    return change_source(source, by=by, **(kept | what))


def test_another_address_is_read_anew_and_what_it_lacks_is_asked_about(
    make: Make, admin: Person, handbook: Collection, tmp_path: Path
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, names in ((old, {"a": "# A", "b": "# B"}), (new, {"a": "# A", "c": "# C"})):
        folder.mkdir()
        folder_with(folder, **names)
    source = make("folder", path=str(old))
    look(source, admin)
    changed = change(source, admin, name="Elsewhere", settings={"path": str(new)}, every_minutes=15)
    assert (changed.name, changed.every_minutes, changed.wanted) == ("Elsewhere", 15, True)
    assert not work_on(source.pk)
    with acting_as_system():
        run = source.runs.latest("pk")
    assert counts(run) == (1, 0, 1, 1, 0), "a is the same, b is gone, c is new"
    assert titles(handbook) == ["a.md", "c.md"]


def test_a_look_that_is_under_way_ends_when_the_settings_change(make: Make, admin: Person, tmp_path: Path) -> None:
    folder_with(tmp_path, a="# A")
    (tmp_path / "below").mkdir()
    source = make("folder", path=str(tmp_path))
    held = claim(source.pk)
    assert held
    change(source, admin, settings={"path": str(tmp_path / "below")})
    with pytest.raises(ClaimLost), held.writing():
        pass
    again = claim(source.pk)
    assert again
    assert again.run != held.run
    with acting_as_system():
        held.run.refresh_from_db()
    assert (held.run.outcome, held.run.error_code) == ("failed", "source_changed")


def test_documents_move_with_their_source_but_for_those_that_people_placed(
    make: Make, admin: Person, handbook: Collection, people_files: Collection, tmp_path: Path
) -> None:
    source = make("folder", path=str(folder_with(tmp_path, a="# A", b="# B")))
    look(source, admin)
    with acting_as_system():
        placed = Document.objects.get(filename="b.md")
    narrow(placed, ["People"], by=admin)
    change(source, admin, collection=people_files)
    assert titles(people_files) == ["a.md"]
    assert titles(handbook) == ["b.md"]
    with acting_as_system():
        moved = Document.objects.get(filename="a.md")
        assert moved.scope.collection == people_files
        assert not moved.versions.exclude(scope=moved.scope).exists()


def test_a_secret_stays_on_its_server_and_goes_nowhere_else(make: Make, admin: Person) -> None:
    source = make("git", url="http://127.0.0.1:8001/a.git", secret="token")
    same = change(source, admin, settings={"url": "http://127.0.0.1:8001/b.git"})
    assert unseal(same.secret) == "token"
    new = change(same, admin, settings={**same.settings, "secret": "another"})
    assert unseal(new.secret) == "another"
    assert "secret" not in new.settings
    assert change(new, admin, settings={"url": "http://127.0.0.1:8002/b.git"}).secret == ""


def test_a_secret_that_is_needed_is_asked_for_again_on_another_server(make: Make, admin: Person) -> None:
    bucket = {"bucket": "files", "endpoint": "http://127.0.0.1:8001", "region": "", "prefix": "", "key_id": "k"}
    source = make("s3", secret="token", **bucket)
    assert unseal(change(source, admin, settings=bucket | {"prefix": "docs/"}).secret) == "token"
    with pytest.raises(DocumentError) as refused:
        change(source, admin, settings=bucket | {"endpoint": "http://127.0.0.1:8002"})
    assert refused.value.code == "setting_missing"


def test_sources_are_changed_by_administrators_alone(make: Make, admin: Person, alice: Person, tmp_path: Path) -> None:
    source = make("folder", path=str(tmp_path))
    with pytest.raises(DocumentError) as refused:
        change(source, alice, name="Mine")
    assert refused.value.code == "not_allowed"
    with pytest.raises(DocumentError) as refused:
        change(source, admin, settings={"path": "/etc"})
    assert refused.value.code == "folder_refused"
