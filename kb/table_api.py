"""The tables of documents over HTTP: which there are, and asking them by SQL."""

from datetime import date
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Field, Router, Schema

from accounts.api import ASKING, asker
from kb.access import acting_as, documents_for
from kb.api import Id, Line
from kb.sql import LONGEST_QUERY, ROWS, query_tables
from kb.tables import TableInfo, list_tables

router = Router(tags=["knowledge"])


class ColumnOut(Schema):
    name: str
    type: str = Field(description="integer number date timestamp boolean text")
    unit: str = Field(default="", description="what stands with every number of the column: %, €, …")


class TableOut(Schema):
    name: str = Field(description="what SQL calls it")
    document: int
    version: int
    title: str
    section: str = Field(description="its sheet, or the heading over it")
    page: int | None
    rows: int
    columns: list[ColumnOut]


class TablesOut(Schema):
    tables: list[TableOut]


class QueryIn(Schema):
    sql: Annotated[Line, Field(min_length=1, max_length=LONGEST_QUERY)] = Field(
        description="One select, in DuckDB's SQL, over tables by their names."
    )
    limit: Annotated[int, Field(ge=1, le=ROWS)] = ROWS
    collections: Annotated[list[Id], Field(min_length=1, max_length=1000)] | None = None
    as_of: date | None = Field(
        default=None, description="Tables of the versions in force on this day; today otherwise."
    )


class PlaceOut(Schema):
    document: int
    version: int
    page: int | None
    row: int | None = Field(description="the row's number in its table; none: the table as a whole")
    start: int
    end: int
    quote: str


class QueryOut(Schema):
    columns: list[str]
    rows: list[list[Any]]
    more: bool = Field(description="There are further rows, which were not taken.")
    citations: list[PlaceOut]
    behind: list[list[int]] = Field(description="For each row the citations, by their index, that it was made of.")


def _table(table: TableInfo) -> dict[str, Any]:
    return {
        "name": table.name,
        "document": table.document,
        "version": table.version,
        "title": table.title,
        "section": table.label,
        "page": table.page,
        "rows": table.rows,
        "columns": list(table.columns),
    }


@router.get("/documents/{document_id}/tables", response=TablesOut, summary="A document's tables")
def list_document_tables(request: HttpRequest, document_id: int, as_of: date | None = None) -> dict[str, Any]:
    with acting_as(asker(request)):
        if not documents_for().filter(pk=document_id).exists():
            raise Http404
        return {"tables": [_table(table) for table in list_tables(document=document_id, as_of=as_of)]}


@router.post("/tables/query", response=QueryOut, auth=ASKING, summary="Ask tables by SQL")
def query(request: HttpRequest, body: QueryIn) -> dict[str, Any]:
    """Run one select over tables that you may read. Nothing else can be reached: no files, settings or extensions."""
    result = query_tables(asker(request), body.sql, as_of=body.as_of, collections=body.collections, limit=body.limit)
    return {
        "columns": result.columns,
        "rows": result.rows,
        "more": result.more,
        "citations": [
            {
                "document": place.table.document,
                "version": place.table.version,
                "page": place.table.page,
                "row": place.row,
                "start": place.start,
                "end": place.end,
                "quote": place.text,
            }
            for place in result.places
        ],
        "behind": result.behind,
    }
