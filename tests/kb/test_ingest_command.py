"""`manage.py ingest`: everything is ready when it ends, and what is not is named."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Person
from kb.access import acting_as, acting_as_system
from kb.models import Collection, Document, State

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("model_server")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {"leave.md": "# Leave\n\nThirty days.", "sub/travel.md": "# Travel\n\nSecond class."}.items():
        (tmp_path / "guide" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "guide" / name).write_text(text)
    return tmp_path / "guide"


def ingest(*paths: Path, **options: object) -> str:
    out = StringIO()
    call_command("ingest", *paths, collection="Guide", stdout=out, stderr=out, **options)
    return out.getvalue()


def test_a_folder_is_ready_when_the_command_ends(folder: Path, bob: Person) -> None:
    assert "2 documents ready with 2 passages" in ingest(folder, everyone=True)
    with acting_as(bob):
        documents = Document.objects.select_related("current_version").order_by("title")
        assert [document.title for document in documents] == ["Leave", "Travel"]
        assert {document.current_version.state for document in documents if document.current_version} == {State.READY}


def test_a_second_run_changes_nothing_and_a_changed_file_gets_a_version(folder: Path) -> None:
    ingest(folder)
    ingest(folder)
    (folder / "leave.md").write_text("# Leave\n\nThirty-two days.")
    ingest(folder)
    with acting_as_system():
        versions = {document.title: document.versions.count() for document in Document.objects.all()}
    assert versions == {"Leave": 2, "Travel": 1}


def test_only_groups_that_are_named_may_read_it(folder: Path, alice: Person, bob: Person) -> None:
    ingest(folder, group=["People"])
    with acting_as(alice):
        assert Collection.objects.filter(name="Guide").exists()
    with acting_as(bob):
        assert not Collection.objects.filter(name="Guide").exists()


def test_failures_are_named_and_the_others_are_ready(folder: Path) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 nothing else")
    (folder / "broken.zip").write_bytes(b"no archive")
    out = StringIO()
    with pytest.raises(CommandError, match="2 of 4 files"):
        call_command("ingest", folder, collection="Guide", stdout=out, stderr=out)
    assert "guide/broken.pdf: The file" in out.getvalue()
    assert "guide/broken.zip: The file" in out.getvalue()
    assert "2 documents ready" in out.getvalue()


def test_it_can_leave_the_work_to_the_workers(folder: Path) -> None:
    assert "0 documents ready with 0 passages, 2 queued" in ingest(folder, no_wait=True)


def test_it_works_on_behalf_of_a_person(folder: Path, admin: Person, bob: Person) -> None:
    ingest(folder, username="admin")
    with acting_as_system():
        assert {document.owner for document in Document.objects.all()} == {admin}
    with pytest.raises(CommandError, match="may not change"):
        ingest(folder, username="bob")


@pytest.mark.parametrize(
    ("options", "message"),
    [({"username": "nobody"}, "no account nobody"), ({"group": ["Nobody"]}, "no group of this name: Nobody")],
)
def test_what_is_not_there_is_named(folder: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        ingest(folder, **options)
    with pytest.raises(CommandError, match="no file or folder"):
        ingest(folder / "missing")


def test_progress_is_shown_to_a_person(folder: Path) -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    call_command("ingest", folder, collection="Guide", stdout=StringIO(), stderr=screen)
    assert "2 of 2" in screen.getvalue()
