"""Which version answers, on which day."""

from datetime import date

import pytest

from kb.access import acting_as_system
from kb.models import Collection, Document, DocumentVersion, Scope, State
from kb.versions import switch_current, switch_dated, valid_on

pytestmark = pytest.mark.django_db

NEW_YEAR = date(2026, 1, 1)


@pytest.fixture
def document(handbook: Collection) -> Document:
    with acting_as_system():
        scope = Scope.objects.get(collection=handbook)
        return Document.objects.create(collection=handbook, scope=scope, title="Leave", filename="leave.md")


def version(document: Document, number: int, first: date | None = None, last: date | None = None) -> DocumentVersion:
    with acting_as_system():
        return DocumentVersion.objects.create(
            document=document,
            scope=document.scope,
            number=number,
            filename="leave.md",
            sha256=str(number),
            size=1,
            state=State.READY,
            effective_from=first,
            effective_to=last,
        )


def current(document: Document, day: date) -> int | None:
    with acting_as_system():
        switch_current(document, day)
    return document.current_version.number if document.current_version else None


def test_the_newest_version_answers(document: Document) -> None:
    assert current(document, NEW_YEAR) is None
    version(document, 1)
    version(document, 2)
    assert current(document, NEW_YEAR) == 2


def test_a_version_of_tomorrow_waits_for_its_day(document: Document) -> None:
    version(document, 1)
    version(document, 2, first=NEW_YEAR)
    assert current(document, date(2025, 12, 31)) == 1
    assert current(document, NEW_YEAR) == 2


def test_a_version_for_a_while_gives_way_again(document: Document) -> None:
    version(document, 1)
    version(document, 2, first=NEW_YEAR, last=date(2026, 1, 31))
    assert current(document, date(2026, 1, 31)) == 2
    assert current(document, date(2026, 2, 1)) == 1


def test_the_last_one_that_was_valid_stays_when_none_is(document: Document) -> None:
    version(document, 1, last=date(2024, 12, 31))
    version(document, 2, first=date(2025, 1, 1), last=date(2025, 12, 31))
    version(document, 3, first=date(2027, 1, 1))
    assert current(document, NEW_YEAR) == 2


def test_a_version_that_only_begins_later_is_better_than_none(document: Document) -> None:
    version(document, 1, first=date(2027, 1, 1))
    assert current(document, NEW_YEAR) == 1


def test_the_sweep_switches_when_the_day_has_come(document: Document) -> None:
    first = version(document, 1)
    second = version(document, 2, first=NEW_YEAR, last=date(2026, 1, 31))
    with acting_as_system():
        Document.objects.filter(pk=document.pk).update(current_version=first)
    assert switch_dated(date(2025, 12, 31)) == 0
    assert switch_dated(NEW_YEAR) == 1
    assert switch_dated(NEW_YEAR) == 0
    with acting_as_system():
        assert Document.objects.get(pk=document.pk).current_version == second
    assert switch_dated(date(2026, 2, 1)) == 1
    with acting_as_system():
        assert Document.objects.get(pk=document.pk).current_version == first
        valid = DocumentVersion.objects.filter(valid_on(date(2026, 1, 15)))
        assert {row.number for row in valid} == {1, 2}
