"""Reading on in one document."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from agents.deps import Deps
from agents.threads import in_thread
from agents.tools import Result, ToolError
from agents.tools.shelf import AS_OF, Piece, day_of, days_of, passages, pieces, show, tables_beneath, version_of
from kb import reading
from kb.models import DocumentVersion

PASSAGES = 10
HEADINGS = 40
Span = tuple[int | None, int | None]


async def read_document(
    deps: Deps,
    document: Annotated[int, Field(description="The document's number, as sources and list_documents give it.")],
    page: Annotated[int | None, Field(description="Begin at this page.")] = None,
    section: Annotated[str | None, Field(description="Begin at this heading, or a part of it.")] = None,
    start: Annotated[int | None, Field(ge=0, description="Begin here: `next_start` of the last call.")] = None,
    end: Annotated[int | None, Field(ge=0, description="Read to here; with `start`, a range.")] = None,
    as_of: Annotated[date | None, Field(description=AS_OF)] = None,
) -> Result:
    """Read a document from a page, a section or a place on, about two pages at once. Gives passages to cite.

    `next_start` in the result says where to read on; without it the end is reached. `tables` are for `query_tables`."""
    info, found, next_start = await in_thread(_read, deps, document, page, section, (start, end), as_of)
    data: dict[str, Any] = {"document": info}
    if next_start is not None:
        data["next_start"] = next_start
    if tables := await in_thread(tables_beneath, deps, [(one.version_id, one.start, one.end) for one in found]):
        data["tables"] = tables
    return Result(data, show(deps, found), info["title"], len(found))


def _read(
    deps: Deps, number: int, page: int | None, section: str | None, span: Span, as_of: date | None
) -> tuple[dict[str, Any], list[Piece], int | None]:
    with deps.acting():
        version = version_of(deps, number, as_of)
        info = _info(version)
        rest = passages(version)
        start, end = span
        if end is not None:
            rest = rest.filter(start__lt=end)
        if start is not None:
            rest = rest.filter(end__gt=start)
        elif page is not None:
            rest = rest.filter(page_to__gte=page)
        elif section:
            rest = rest.filter(start__gte=_section_start(version, section))
        else:
            info["sections"] = [heading.title for heading in reading.outline(version.pk)[:HEADINGS]]
        rows = list(rest[: PASSAGES + 1])
        if not rows:
            raise ToolError(f"Document {number} has nothing there. It has {version.page_count or 'no'} pages.")
        return info, pieces(rows[:PASSAGES], version), rows[PASSAGES].start if len(rows) > PASSAGES else None


def _info(version: DocumentVersion) -> dict[str, Any]:
    return days_of(version) | {"pages": version.page_count, "date": day_of(version).isoformat()}


def section_span(version: DocumentVersion, section: str) -> tuple[int, int]:
    """Inside `acting_as`: from where to where a section goes, its subsections included.

    Raises:
        ToolError: when there is no such section; it names those that there are.
    """
    headings = reading.outline(version.pk)
    start = _section_start(version, section)
    place = next(number for number, heading in enumerate(headings) if heading.start == start)
    level = headings[place].level
    following = (heading.start for heading in headings[place + 1 :] if heading.level <= level)
    return start, next(following, version.characters)


def _section_start(version: DocumentVersion, section: str) -> int:
    headings = reading.outline(version.pk)
    wanted = section.rpartition(">")[2].strip().casefold()
    for exact in (True, False):
        for heading in headings:
            title = heading.title.strip().casefold()
            if title == wanted or (not exact and wanted in title):
                return heading.start
    titles = "; ".join(heading.title for heading in headings[:HEADINGS]) or "none"
    raise ToolError(f"There is no section {section!r}. The document's sections are: {titles}.")
