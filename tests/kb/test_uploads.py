"""Archives and folders: every file on its own, under its path."""

import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest

from accounts.models import Person
from kb.access import acting_as_system
from kb.documents import About, Upload, add
from kb.errors import DocumentError
from kb.models import Collection, Document
from kb.storage import FolderStorage, StorageFull
from kb.uploads import Refused, receive, take_all

pytestmark = pytest.mark.django_db


def archive(files: Mapping[str, bytes]) -> BytesIO:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    packed.seek(0)
    return packed


HANDBOOK = {"hr/leave.md": b"# Leave", "hr/差旅.md": "# 差旅".encode(), "__MACOSX/._leave.md": b"x", ".DS_Store": b"x"}


def places(collection: Collection) -> list[str]:
    with acting_as_system():
        return sorted(Document.objects.filter(collection=collection).values_list("external_id", flat=True))


def test_one_file_is_one_document(handbook: Collection, admin: Person) -> None:
    (taken,) = receive(handbook, "leave.md", BytesIO(b"# Leave"), About(title="Leave"), by=admin)
    assert isinstance(taken, Upload)
    assert (taken.document.title, taken.document.filename) == ("Leave", "leave.md")


def test_each_file_of_an_archive_is_a_document_under_its_path(handbook: Collection, admin: Person) -> None:
    results = list(receive(handbook, "handbook.zip", archive(HANDBOOK), by=admin))
    assert [taken.outcome for taken in results if isinstance(taken, Upload)] == ["added", "added"]
    assert places(handbook) == ["handbook/hr/leave.md", "handbook/hr/差旅.md"]


def test_the_same_archive_again_changes_nothing_and_a_newer_one_makes_versions(
    handbook: Collection, admin: Person
) -> None:
    list(receive(handbook, "handbook.zip", archive(HANDBOOK), by=admin))
    again = list(receive(handbook, "handbook.zip", archive(HANDBOOK), by=admin))
    newer = list(receive(handbook, "handbook.zip", archive({**HANDBOOK, "hr/leave.md": b"# New"}), by=admin))
    outcomes = [[taken.outcome for taken in results if isinstance(taken, Upload)] for results in (again, newer)]
    assert outcomes == [["unchanged", "unchanged"], ["replaced", "unchanged"]]


def test_a_refused_member_stops_no_other(handbook: Collection, admin: Person) -> None:
    link = zipfile.ZipInfo("link.md")
    link.external_attr = 0o120777 << 16
    packed = archive({"leave.md": b"# Leave"})
    with zipfile.ZipFile(packed, "a") as zipped:
        zipped.writestr(link, "/etc/passwd")
        zipped.writestr("../../outside.md", "# Outside")
    packed.seek(0)
    results = list(receive(handbook, "a.zip", packed, by=admin))
    assert [result.name for result in results if isinstance(result, Refused)] == ["link.md"]
    assert places(handbook) == ["a/leave.md", "a/outside.md"]


def test_a_broken_archive_is_refused_with_a_sentence(handbook: Collection, admin: Person) -> None:
    with pytest.raises(DocumentError) as caught:
        list(receive(handbook, "a.zip", BytesIO(b"no archive"), by=admin))
    assert caught.value.code == "damaged"
    assert caught.value.sentence("zh") != caught.value.sentence("en")


def test_a_folder_is_taken_in_with_its_paths(handbook: Collection, admin: Person, tmp_path: Path) -> None:
    folder = tmp_path / "guide"
    for name, content in {"a.md": b"# A", "sub/b.md": b"# B", ".git/config": b"x", "sub/~$b.docx": b"x"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "c.zip").write_bytes(archive({"inner.md": b"# Inner"}).getvalue())
    (folder / "broken.zip").write_bytes(b"no archive")
    (tmp_path / "single.md").write_bytes(b"# Single")
    results = list(take_all(handbook, [folder, tmp_path / "single.md"], by=admin))
    assert [result.name for result in results if isinstance(result, Refused)] == ["guide/broken.zip"]
    assert places(handbook) == ["guide/a.md", "guide/c.zip/inner.md", "guide/sub/b.md", "single.md"]


def test_a_full_storage_or_a_missing_right_stops_all(
    handbook: Collection, admin: Person, bob: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.md").write_bytes(b"# A")
    (tmp_path / "b.zip").write_bytes(archive(HANDBOOK).getvalue())
    for path in (tmp_path / "a.md", tmp_path / "b.zip"):
        with pytest.raises(DocumentError) as caught:
            list(take_all(handbook, [path], by=bob))
        assert caught.value.kind == "forbidden"

    def full(self: object, file: object, limit: int) -> None:
        raise StorageFull("no space")

    monkeypatch.setattr(FolderStorage, "put", full)
    with pytest.raises(DocumentError) as caught:
        list(take_all(handbook, [tmp_path / "a.md"], by=admin))
    assert caught.value.kind == "storage"


def test_one_file_too_large_stops_no_other(
    handbook: Collection, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kb import uploads

    large = DocumentError("too_large", megabytes=1)

    def limited(collection: Collection, filename: str, file: BytesIO, about: About, *, by: Person) -> Upload:
        if filename == "leave.md":
            raise large
        return add(collection, filename, file, about, by=by)

    monkeypatch.setattr(uploads, "add", limited)
    results = list(receive(handbook, "a.zip", archive(HANDBOOK), by=admin))
    assert [result for result in results if isinstance(result, Refused)] == [Refused("a/hr/leave.md", large)]
    assert places(handbook) == ["a/hr/差旅.md"]
