"""Sources that are changed: their address, their collection, their secrets."""

from pathlib import Path

import pytest

from accounts.models import Person
from kb.access import acting_as_system
from kb.errors import DocumentError
from kb.models import Collection, Document
from kb.models_sources import Source
from kb.readers import narrow
from kb.sources.claims import ClaimLost, claim
from kb.sources.secrets import unseal
from kb.sources.verbs import change_source
from kb.sources.work import work_on
from tests.kb.sources.following import Make, counts, folder_with, look, titles

pytestmark = pytest.mark.django_db


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
