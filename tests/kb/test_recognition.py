"""Scans are read picture by picture by the real OCR: it gives way, goes on where it was, stops when it is told to."""

from collections.abc import Callable
from io import BytesIO

import pytest

from accounts.models import Person
from kb import leases
from kb.access import acting_as_system
from kb.documents import add_document, cancel, replace_document
from kb.ingest import bring_to_end, work_next
from kb.leases import Lease
from kb.models import Collection, Document, DocumentVersion, State
from kb.models_recognized import RecognizedPicture
from kb.parsing import ParseError, Recognized
from kb.parsing.printed import PrintedLine
from kb.recognized import store
from tests.kb.ingesting import TRAVEL, Killed, assert_ready_once, dies_at, fall_silent, taken, version_of
from tests.kb.scans import scan

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("model_server")]

SENTENCES = (
    "Meeting rooms are booked online",
    "Doors close at half past seven",
    "Visitors sign the red book",
)


@pytest.fixture
def scanned(admin: Person, handbook: Collection) -> Document:
    return add_document(handbook, "scan.pdf", scan(SENTENCES), by=admin)


@pytest.fixture
def recognized(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The pages that OCR reads, one after the other."""
    pages: list[int] = []

    def storing(version: DocumentVersion, picture: Recognized) -> None:
        pages.append(picture.page)
        store(version, picture)

    monkeypatch.setattr("kb.recognition.store", storing)
    return pages


def kept() -> int:
    with acting_as_system():
        return RecognizedPicture.objects.count()


def assert_read(document: Document) -> None:
    """All of the scan is ready, page by page, and nothing is left of what OCR read."""
    assert_ready_once(document)
    with acting_as_system():
        pages = list(version_of(document).pages.values_list("number", "text", "ocr_confidence"))
    assert [number for number, *_ in pages] == [1, 2, 3]
    for (_, text, confidence), sentence in zip(pages, SENTENCES, strict=True):
        assert text.split() == sentence.split()
        assert (confidence or 0) > 0.8
    assert not kept()


def test_a_scan_lets_somebody_elses_file_go_first_and_goes_on_where_it_was(
    scanned: Document,
    handbook: Collection,
    alice: Person,
    recognized: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alice.is_staff = True
    alice.save()
    monkeypatch.setattr(leases, "TURN_SECONDS", 0)
    other = add_document(handbook, "other.md", BytesIO(TRAVEL), by=alice)
    assert work_next([scanned.latest_version_id or 0]) == [scanned.latest_version_id]
    version = version_of(scanned)
    assert (version.state, version.lease, version.attempts) == (State.PARSING, "", 0), "giving way is no failure"
    assert (recognized, kept()) == ([1], 1), "one page, and it is not thrown away"
    assert work_next() == [other.latest_version_id], "the other's turn"
    with acting_as_system():
        other.delete()
    assert work_next() == [scanned.latest_version_id]
    assert recognized == [1, 2, 3]
    assert_read(scanned)


def test_a_turn_counts_from_the_first_picture_that_is_read_anew(
    scanned: Document, handbook: Collection, alice: Person
) -> None:
    alice.is_staff = True
    alice.save()
    add_document(handbook, "other.md", BytesIO(TRAVEL), by=alice)
    with acting_as_system():
        first = Recognized(0, 1, 1.0, (PrintedLine(SENTENCES[0], (0.1, 0.1, 0.9, 0.2)),))
        RecognizedPicture.objects.create(version=version_of(scanned), ordinal=0, data=first.to_data())
    lease = taken(scanned)
    lease._taken -= 2 * leases.TURN_SECONDS  # going over what was read before took so long
    bring_to_end(lease)
    assert version_of(scanned).state == State.READY


@pytest.mark.parametrize("write", [3, 4, 6])
def test_a_worker_that_dies_loses_no_page_that_was_read(
    scanned: Document, recognized: list[int], monkeypatch: pytest.MonkeyPatch, write: int
) -> None:
    with monkeypatch.context() as until_death:
        until_death.setattr(Lease, "writing", dies_at(Lease.writing, write))
        until_death.setattr("kb.bursts.SMALL_BYTES", 0)
        with pytest.raises(Killed):
            work_next()
    fall_silent(scanned)
    assert work_next() == [scanned.latest_version_id]
    assert recognized == [1, 2, 3]
    assert_read(scanned)


def test_what_was_read_of_another_picture_is_not_taken_for_this_one(scanned: Document, recognized: list[int]) -> None:
    with acting_as_system():
        stale = Recognized(1, 9, 1.0, ())
        RecognizedPicture.objects.create(version=version_of(scanned), ordinal=1, data=stale.to_data())
    work_next()
    assert recognized == [1, 2, 3]
    assert_read(scanned)


def test_cancelling_stops_between_two_looks_and_leaves_nothing(
    scanned: Document, admin: Person, recognized: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "PULSE_SECONDS", 0)
    when_two_are_read(monkeypatch, recognized, lambda: cancel(scanned, admin))
    work_next()
    assert version_of(scanned).state == State.CANCELLED
    assert len(recognized) == 2
    assert not kept()


def when_two_are_read(monkeypatch: pytest.MonkeyPatch, recognized: list[int], happens: Callable[[], object]) -> None:
    pulse = Lease.pulse
    happened: list[object] = []

    def pulsing(lease: Lease) -> None:
        if len(recognized) == 2 and not happened:
            happened.append(happens())
        pulse(lease)

    monkeypatch.setattr(Lease, "pulse", pulsing)


def test_a_scan_that_failed_goes_on_and_one_that_was_replaced_is_forgotten(
    scanned: Document, admin: Person, recognized: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_slow() -> None:
        raise ParseError("too_slow")

    with monkeypatch.context() as slow:
        when_two_are_read(slow, recognized, too_slow)
        work_next()
    assert (version_of(scanned).state, version_of(scanned).error_code) == (State.FAILED, "too_slow")
    assert kept() == 2
    replace_document(scanned, "scan.md", BytesIO(TRAVEL), by=admin)
    work_next()
    assert not kept()


def test_progress_is_told_page_by_page(
    scanned: Document, recognized: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int | None, str]] = []
    pulse = Lease.pulse

    def pulsing(lease: Lease) -> None:
        seen.append((lease.done, lease.total, lease.unit))
        pulse(lease)

    monkeypatch.setattr(Lease, "pulse", pulsing)
    work_next()
    assert {(page, 3, "pages") for page in (1, 2)} <= set(seen)
