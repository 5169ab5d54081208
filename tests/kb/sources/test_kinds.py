"""Sources followed for real: a web server, a sitemap, a folder, a bucket and a Git repository on this machine."""

import gzip
import os
import subprocess
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Person
from kb.access import acting_as_system
from kb.errors import DocumentError
from kb.models import Collection, Document
from kb.models_sources import Source, SourceChange
from kb.sources.claims import due
from kb.sources.verbs import answer, look_now
from kb.sources.work import work_on
from tests.kb.sources.following import Make, counts, folder_with, look, titles
from tests.kb.web import Page, Web

pytestmark = pytest.mark.django_db


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
