"""Reading a version's text, its outline, exact wording and where a quote is printed."""

from io import BytesIO
from itertools import pairwise

import pytest

from accounts.models import Person
from kb import reading
from kb.access import NotActing, acting_as, acting_as_system
from kb.documents import add_document, replace_document
from kb.errors import DocumentError
from kb.ingest import work_next
from kb.models import Collection, Document, DocumentVersion, Page, Scope, State

pytestmark = pytest.mark.django_db

PAGES = ("# Leave\nAnnual leave is\nthirty days.\n", "## Sick leave\n病假最多\n九十天。\n")


def document_with_pages(collection: Collection, texts: tuple[str, ...] = PAGES) -> DocumentVersion:
    """A ready two-page document, without asking parser or models."""
    from kb.matching import folded

    with acting_as_system():
        scope = Scope.objects.get(collection=collection)
        document = Document.objects.create(collection=collection, scope=scope, title="Leave", filename="leave.pdf")
        version = DocumentVersion.objects.create(
            document=document, scope=scope, number=1, filename="leave.pdf", sha256="0" * 64, size=1, state=State.READY
        )
        start = 0
        for number, text in enumerate(texts, 1):
            cuts = [0, *(place + 1 for place, sign in enumerate(text) if sign == "\n")]
            lines = [
                [first, last - 1, 0.1, 0.1 * row, 0.9, 0.1 * row + 0.05]
                for row, (first, last) in enumerate(pairwise(cuts))
            ]
            Page.objects.create(
                version=version,
                scope=scope,
                ordinal=number - 1,
                number=number,
                start=start,
                end=start + len(text),
                text=text,
                folded=folded(text),
                lines=lines,
                headings=[[start, number, text.splitlines()[0].lstrip("# ")]],
            )
            start += len(text)
        document.current_version = document.latest_version = version
        document.save()
    return version


@pytest.fixture
def leave(handbook: Collection) -> DocumentVersion:
    return document_with_pages(handbook)


WHOLE = "".join(PAGES)


def test_a_stretch_is_read_over_the_pages(leave: DocumentVersion, bob: Person) -> None:
    with acting_as(bob):
        assert reading.read(leave.pk, 0, 10_000) == WHOLE
        assert reading.read(leave.pk, 30, 45) == WHOLE[30:45]
        assert reading.read(leave.pk, 5, 5) == ""
        assert reading.read(leave.pk + 1, 0, 10) == ""


def test_nobody_reads_what_they_may_not(people_files: Collection, alice: Person, bob: Person) -> None:
    version = document_with_pages(people_files)
    with acting_as(alice):
        assert reading.quote_is_literal(version.pk, 0, 7, "# Leave")
    with acting_as(bob):
        assert reading.read(version.pk, 0, 100) == ""
        assert reading.outline(version.pk) == []
        assert reading.find_exact("annual leave") == []
        assert reading.quote_boxes(version.pk, 0, 10) == []
        assert not reading.quote_is_literal(version.pk, 0, 7, "# Leave")
    with pytest.raises(NotActing):
        reading.read(version.pk, 0, 100)


def test_the_outline_tells_where_headings_begin(leave: DocumentVersion, bob: Person) -> None:
    with acting_as(bob):
        assert reading.outline(leave.pk) == [
            reading.Heading("Leave", 1, 0, 1),
            reading.Heading("Sick leave", 2, len(PAGES[0]), 2),
        ]


@pytest.mark.parametrize(
    ("start", "quote", "literal"),
    [(0, "# Leave", True), (0, "# leave", False), (1, "# Leave", False), (-1, "", False), (8, "", False)],
)
def test_a_quote_is_literal_or_it_is_not(
    leave: DocumentVersion, bob: Person, start: int, quote: str, literal: bool
) -> None:
    with acting_as(bob):
        assert reading.quote_is_literal(leave.pk, start, start + len(quote), quote) is literal


def test_exact_wording_is_found_whatever_its_writing(leave: DocumentVersion, bob: Person) -> None:
    with acting_as(bob):
        (match,) = reading.find_exact("ANNUAL leave is thirty")
        assert reading.read(leave.pk, match.start, match.end) == "Annual leave is\nthirty"
        assert (match.document, match.version, match.page) == (leave.document_id, leave.pk, 1)
        assert match.snippet == "# Leave Annual leave is thirty days."
        (match,) = reading.find_exact("病假最多九十天")
        assert (match.page, WHOLE[match.start : match.end]) == (2, "病假最多\n九十天")


def test_finding_is_bounded(leave: DocumentVersion, handbook: Collection, bob: Person) -> None:
    other = document_with_pages(handbook, ("leave " * 30,))
    with acting_as(bob):
        assert len(reading.find_exact("leave", limit=5)) == 5
        assert {match.document for match in reading.find_exact("leave", [other.document_id])} == {other.document_id}
        assert reading.find_exact("leave", []) == []
        assert reading.find_exact("x") == []
        assert reading.find_exact("leave" * 1000) == []


def test_finding_takes_no_longer_than_it_may(
    leave: DocumentVersion, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "FIND_MILLISECONDS", 1)
    monkeypatch.setattr(reading.Contains, "template", "strpos(%(expressions)s) > 0 and pg_sleep(1) is not null")
    with acting_as(bob):
        with pytest.raises(DocumentError) as caught:
            reading.find_exact("annual leave")
        assert reading.read(leave.pk, 0, 7) == "# Leave"
    assert caught.value.code == "find_too_slow"


@pytest.mark.usefixtures("model_server")
def test_only_versions_that_answer_are_searched(handbook: Collection, admin: Person, bob: Person) -> None:
    document = add_document(handbook, "a.md", BytesIO(b"# Old\n\nThe limit is 100 euros."), by=admin)
    work_next()
    replace_document(document, "a.md", BytesIO(b"# New\n\nThe limit is 120 euros."), by=admin)
    with acting_as(bob):
        assert reading.find_exact("100 euros")
        assert not reading.find_exact("120 euros")
    work_next()
    with acting_as(bob):
        assert not reading.find_exact("100 euros")
        assert reading.find_exact("120 euros")


def test_boxes_cover_the_quote_within_its_lines(leave: DocumentVersion, bob: Person) -> None:
    start = WHOLE.index("leave is")
    end = WHOLE.index(" days")
    with acting_as(bob):
        ((page, boxes),) = reading.quote_boxes(leave.pk, start, end)
    assert page == 1
    first, second = boxes
    assert first == pytest.approx((0.1 + 0.8 * 7 / 15, 0.1, 0.9, 0.15))
    assert second == pytest.approx((0.1, 0.2, 0.1 + 0.8 * 6 / 12, 0.25))


def test_a_quote_over_two_pages_has_boxes_on_both(leave: DocumentVersion, bob: Person) -> None:
    with acting_as(bob):
        found = reading.quote_boxes(leave.pk, len(PAGES[0]) - 5, len(PAGES[0]) + 6)
    assert [page for page, _ in found] == [1, 2]
