"""What documents say, by version and character. Everything here reads as the surrounding `acting_as` says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import OperationalError, connection, transaction
from django.db.models import BooleanField, F, Func, Q, QuerySet, Value
from psycopg.errors import QueryCanceled

from kb.access import current_actor
from kb.errors import DocumentError
from kb.matching import folded, occurrences, part_of_line
from kb.models import Page
from kb.page_images import has_page_images, page_image
from kb.versions import in_force_on

__all__ = [
    "Heading",
    "Match",
    "find_exact",
    "has_page_images",
    "outline",
    "page_image",
    "quote_boxes",
    "quote_is_literal",
    "read",
]

Box = tuple[float, float, float, float]

SNIPPET_CHARACTERS = 120
LONGEST_QUOTE = 2_000
"""What is looked for may be no longer."""
FIND_MILLISECONDS = 8_000


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a version: its level (1 is the highest), where it begins, and its page, if there are pages."""

    title: str
    level: int
    start: int
    page: int | None


@dataclass(frozen=True, slots=True)
class Match:
    """A place where some wording stands; `snippet` is the text around it on one line."""

    document: int
    version: int
    start: int
    end: int
    page: int | None
    snippet: str


def read(version_id: int, start: int, end: int) -> str:
    """A version's text from `start` to `end`, shortened to what there is; empty when the person may not read it."""
    parts = []
    for page in _pages(version_id, start, end).only("start", "text"):
        parts.append(page.text[max(start - page.start, 0) : end - page.start])
    return "".join(parts)


def outline(version_id: int) -> list[Heading]:
    """A version's headings in order."""
    current_actor()
    pages = Page.objects.filter(version=version_id).exclude(headings=[]).order_by("ordinal")
    return [
        Heading(title, level, start, number)
        for number, headings in pages.values_list("number", "headings")
        for start, level, title in headings
    ]


def quote_is_literal(version_id: int, start: int, end: int, quote: str) -> bool:
    """Whether the version says exactly `quote` from `start` to `end`."""
    return 0 <= start < end and end - start == len(quote) and read(version_id, start, end) == quote


def quote_boxes(version_id: int, start: int, end: int) -> list[tuple[int, list[Box]]]:
    """Where a span is printed: for each numbered page its boxes (x0, y0, x1, y1) in fractions of the page.

    Within a line the place is worked out from the widths of its characters.
    """
    found = []
    for page in _pages(version_id, start, end).only("start", "text", "lines", "number"):
        first, last = start - page.start, end - page.start
        boxes = [
            _box_within(page.text[line[0] : line[1]], line, first, last)
            for line in page.lines
            if line[0] < last and line[1] > first
        ]
        if boxes and page.number is not None:
            found.append((page.number, boxes))
    return found


def find_exact(
    text: str, documents: Iterable[int] | None = None, limit: int = 20, as_of: date | None = None
) -> list[Match]:
    """Where the versions that answer today say `text`, whatever its case, widths, compatibility forms and line breaks.

    At most `limit` places, document by document in the order of their numbers. With `as_of`, in the versions that were
    in force on that day.

    Raises:
        DocumentError: find_too_slow.
    """
    current_actor()
    if len(folded(text)) < 2 or len(text) > LONGEST_QUOTE:
        return []
    matches: list[Match] = []
    for page in _pages_that_say(text, documents, limit, as_of):
        for start, end in occurrences(page.text, text):
            matches.append(_match(page, start, end))
            if len(matches) == limit:
                return matches
    return matches


def _pages(version_id: int, start: int, end: int) -> QuerySet[Page]:
    current_actor()
    return Page.objects.filter(version=version_id, start__lt=end, end__gt=start).order_by("ordinal")


def _pages_that_say(text: str, documents: Iterable[int] | None, limit: int, as_of: date | None = None) -> list[Page]:
    """The first pages of the versions that answer whose folded text holds `text`, with their document as `document`."""
    answering = Q(version__document__current_version=F("version"))
    if as_of is not None:
        answering = Q(version=in_force_on(as_of, "version__document"))
    pages = (
        Page.objects.filter(answering, Contains(F("folded"), Value(folded(text))))
        .annotate(document=F("version__document"))
        .order_by("document", "ordinal")
        .only("version", "start", "number", "text")
    )
    if documents is not None:
        pages = pages.filter(version__document__in=list(documents))
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select set_config('statement_timeout', %s, true)", [str(FIND_MILLISECONDS)])
            found: list[Page] = list(pages[: 2 * limit])
            cursor.execute("select set_config('statement_timeout', '0', true)")
            return found
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise DocumentError("find_too_slow") from error
        raise


class Contains(Func):
    """Whether the first text holds the second, letter for letter."""

    template = "strpos(%(expressions)s) > 0"
    output_field = BooleanField()


def _match(page: Page, start: int, end: int) -> Match:
    before, after = max(0, start - SNIPPET_CHARACTERS), end + SNIPPET_CHARACTERS
    snippet = " ".join(page.text[before:after].split())
    document: int = page.document  # type: ignore[attr-defined]  # the query adds it
    return Match(document, page.version_id, page.start + start, page.start + end, page.number, snippet)


def _box_within(text: str, line: Sequence[float], first: int, last: int) -> Box:
    start, end, x0, y0, x1, y1 = line
    before, after = part_of_line(text, max(first - int(start), 0), min(last, int(end)) - int(start))
    return x0 + (x1 - x0) * before, y0, x0 + (x1 - x0) * after, y1
