"""Versions are taken one worker at a time, in fair order, and taken up again after a silence."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.utils import timezone

from accounts.models import Person
from kb import leases
from kb.access import acting_as_system
from kb.documents import add_document, create_collection
from kb.leases import SILENCE_SECONDS, Lease, LeaseLost, claim, waiting
from kb.models import Collection, DocumentVersion, State

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf(admin: Person, alice: Person, bob: Person) -> Collection:
    for person in (alice, bob):
        person.is_staff = True
        person.save()
    return create_collection("Shelf", by=admin, everyone=True)


def upload(shelf: Collection, person: Person, count: int) -> list[int]:
    names = [f"{person.username}-{number}.md" for number in range(count)]
    documents = [add_document(shelf, name, BytesIO(name.encode()), by=person) for name in names]
    return [document.latest_version_id or 0 for document in documents]


def taken() -> Lease:
    lease = claim()
    assert lease is not None
    return lease


def test_a_version_is_taken_once(shelf: Collection, alice: Person) -> None:
    (version,) = upload(shelf, alice, 1)
    assert taken().version_id == version
    assert claim() is None
    assert claim(version) is None


def test_people_take_turns_with_one_worker(shelf: Collection, alice: Person, bob: Person) -> None:
    upload(shelf, alice, 5)
    upload(shelf, bob, 2)
    order = []
    while (lease := claim()) is not None:
        order.append(lease.version.filename)
        lease.end(state=State.READY)
    assert order == [
        "alice-0.md",
        "bob-0.md",
        "alice-1.md",
        "bob-1.md",
        "alice-2.md",
        "alice-3.md",
        "alice-4.md",
    ]


def test_whoever_has_fewest_at_work_comes_first(shelf: Collection, alice: Person, bob: Person) -> None:
    upload(shelf, alice, 3)
    assert [taken().version.filename for _ in range(2)] == ["alice-0.md", "alice-1.md"]
    upload(shelf, bob, 2)
    assert [taken().version.filename for _ in range(3)] == ["bob-0.md", "bob-1.md", "alice-2.md"]


def test_long_work_gives_way_to_whoever_has_nothing_at_work(
    shelf: Collection, alice: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(shelf, alice, 3)
    lease = taken()
    monkeypatch.setattr(leases, "TURN_SECONDS", 0)
    assert not lease.turn_is_over(), "one's own files wait for their turn"
    upload(shelf, bob, 2)
    monkeypatch.setattr(leases, "TURN_SECONDS", 60)
    assert not lease.turn_is_over(), "it has only begun"
    monkeypatch.setattr(leases, "TURN_SECONDS", 0)
    assert lease.turn_is_over()
    assert taken().version.uploaded_by == bob
    assert not lease.turn_is_over(), "a worker is at it"


def test_somebody_who_waits_for_a_model_keeps_nobody_waiting(shelf: Collection, alice: Person) -> None:
    first, second = upload(shelf, alice, 2)
    taken().end(retry_at=timezone.now() + timedelta(minutes=5))
    assert taken().version_id == second
    assert claim(first) is None
    assert waiting() == []


def test_uploads_of_people_who_left_are_taken_too(shelf: Collection, alice: Person) -> None:
    (version,) = upload(shelf, alice, 1)
    with acting_as_system():
        alice.delete()
    assert taken().version_id == version


def test_a_silent_worker_loses_its_lease(shelf: Collection, alice: Person) -> None:
    (version,) = upload(shelf, alice, 1)
    lost = taken()
    with acting_as_system():
        silence = timezone.now() - timedelta(seconds=SILENCE_SECONDS + 1)
        DocumentVersion.objects.filter(pk=version).update(heartbeat_at=silence)
    assert waiting() == [version]
    found = taken()
    assert found.version.attempts == 2
    with pytest.raises(LeaseLost), lost.writing():
        pass
    with pytest.raises(LeaseLost):
        lost.begin(State.INDEXING, "passages")
    lost._pulsed = 0
    with pytest.raises(LeaseLost):
        lost.pulse()
    assert not lost.end(state=State.READY)
    assert found.end(state=State.READY)


def test_a_pulse_writes_progress_at_times(shelf: Collection, alice: Person) -> None:
    (version,) = upload(shelf, alice, 1)
    lease = taken()
    lease.done, lease.total, lease.unit = 3, 8, "pages"
    lease.pulse()
    with acting_as_system():
        assert DocumentVersion.objects.get(pk=version).progress_done == 0
    lease._pulsed = 0
    lease.pulse()
    with acting_as_system():
        row = DocumentVersion.objects.get(pk=version)
    assert (row.progress_done, row.progress_total, row.progress_unit) == (3, 8, "pages")
