"""A look at a source: interrupted, paused, by whom, and what becomes of its documents."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Person
from kb.access import acting_as_system
from kb.documents import delete_document
from kb.errors import DocumentError
from kb.models import Collection, Document, DocumentVersion
from kb.models_sources import Source, SourceItem
from kb.sources import work
from kb.sources.claims import claim, due
from kb.sources.secrets import seal, unseal
from kb.sources.verbs import create_source, delete_source, pause, resume
from kb.sources.work import work_on
from tests.kb.sources.following import Make, counts, folder_with, look, titles

pytestmark = pytest.mark.django_db


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
    from kb.readers import move

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
