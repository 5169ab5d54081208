"""Asking tables by SQL."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from agents.deps import Deps
from agents.sources import Shown, framed
from agents.threads import in_thread
from agents.tools import Result, ToolError
from agents.tools.shelf import AS_OF, Piece, show, told_table
from kb.errors import DocumentError
from kb.sql import Place, TableResult
from kb.sql import query_tables as ask
from kb.tables import TableInfo, list_tables

LISTED = 30
RESULT_CHARACTERS = 8_000


async def query_tables(
    deps: Deps,
    sql: Annotated[
        str | None, Field(max_length=10_000, description="One select in DuckDB's SQL. Without it, tables are listed.")
    ] = None,
    about: Annotated[str | None, Field(max_length=200, description="List tables whose names have these words.")] = None,
    document: Annotated[int | None, Field(description="List the tables of this document.")] = None,
    as_of: Annotated[date | None, Field(description=AS_OF)] = None,
) -> Result:
    """Ask spreadsheets and tables by SQL: to filter, sort, count, add up or compare their rows, also of several tables.

    First list the tables, unless a search has shown them: each has a name like t12, and columns with their types. Write
    column names in double quotes, exactly as they are listed. `_row` is a row's number. Rows of totals stand among the
    others: leave them out before you add up. `sources` gives for each row of the result the sources to cite."""
    if sql is None or not sql.strip():
        tables = await in_thread(_list, deps, about or "", document, as_of)
        return Result({"tables": [told_table(one) for one in tables]}, [], about or "", len(tables))
    result = await in_thread(_ask, deps, sql, as_of)
    shown = show(deps, [_piece(place) for place in result.places])
    titles = dict.fromkeys(place.table.title for place in result.places)
    return Result(_told(result, shown), shown, "; ".join(titles)[:300], len(result.rows))


def _list(deps: Deps, about: str, document: int | None, as_of: date | None) -> list[TableInfo]:
    chosen = {"document": document, "as_of": as_of or deps.as_of, "collections": deps.collections, "limit": LISTED}
    with deps.acting():
        found = list_tables(words=about, **chosen)  # type: ignore[arg-type]
        return found or list_tables(**chosen)  # type: ignore[arg-type]


def _ask(deps: Deps, sql: str, as_of: date | None) -> TableResult:
    try:
        return ask(deps.person, sql, as_of=as_of or deps.as_of, collections=deps.collections, attached=deps.attached)
    except DocumentError as error:
        raise ToolError(error.en) from error


def _piece(place: Place) -> Piece:
    table = place.table
    return Piece(
        document_id=table.document,
        version_id=table.version,
        title=table.title,
        heading_path=(),
        page=table.page,
        label=table.label,
        start=place.start,
        end=place.end,
        text=place.text,
        context=place.header,
        date=place.date.isoformat(),
    )


def _told(result: TableResult, shown: list[Shown]) -> dict[str, Any]:
    """The result as the model reads it: as many rows as there is room for."""
    numbers = [one.source.source for one in shown]
    rows: list[list[Any]] = []
    sources: list[list[int]] = []
    room = RESULT_CHARACTERS
    for row, behind in zip(result.rows, result.behind, strict=True):
        room -= len(framed(row)) + 6 * len(behind)
        if room < 0 and rows:
            break
        rows.append(list(row))
        sources.append([numbers[place] for place in behind])
    told: dict[str, Any] = {"columns": list(result.columns), "rows": rows, "sources": sources}
    if result.more or len(rows) < len(result.rows):
        told["note"] = "There are more rows. Filter, aggregate, or use limit and offset."
    return told
