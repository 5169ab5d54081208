"""The audit over HTTP, for administrators."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Any, Literal

import orjson
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from ninja import Field, Query, Router, Schema

from accounts import audit
from accounts.api import ADMINISTRATION, asker
from accounts.audit import Act, AuditLine
from agents.csv_files import BOM, csv_text
from agents.unanswered_api import administrator_of

router = Router(tags=["people"], auth=ADMINISTRATION)
COLUMNS = ("id", "at", "act", "person", "person_name", "target", "target_name", "details", "address", "via", "key")
FILES: dict[str, Any] = {
    "text/csv": {"schema": {"type": "string"}},
    "application/jsonl": {"schema": {"type": "string", "description": "one line as in `audit`, one a line"}},
}


class AuditLineOut(Schema):
    """Who did what to what, when, and from where. Names are as they were then."""

    id: int
    at: datetime
    act: str = Field(description=f"one of {' '.join(Act.values)}; more may come")
    person: int | None = Field(description="null where nobody is known, and for the operator at the command line")
    person_name: str
    target: str = Field(description="the number of the person, document, collection, source, … it was done to")
    target_name: str
    details: dict[str, Any] = Field(description="what changed; never a secret, nor what documents or questions say")
    address: str | None
    via: str = Field(description="session key server")
    key: str = Field(description="how the API key begins")


class AuditOut(Schema):
    lines: list[AuditLineOut]
    next: int | None = Field(description="give it as `before` for older ones")


class Filter(Schema):
    act: Annotated[str, Field(max_length=40)] = ""
    person: Annotated[str, Field(max_length=150, description="a user name")] = ""
    q: Annotated[str, Field(max_length=200, description="in names; or a number, a key's beginning, an address")] = ""
    since: date | None = Field(default=None, description="from this day on")
    until: date | None = Field(default=None, description="to this day")


def _found(asked: Filter) -> QuerySet[AuditLine]:
    return audit.found(act=asked.act, person=asked.person, query=asked.q, since=asked.since, until=asked.until)


@router.get("/audit", response=AuditOut, summary="Who did what, for administrators")
def list_audit(
    request: HttpRequest,
    asked: Query[Filter],
    before: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """The latest first."""
    administrator_of(request)
    found = _found(asked)
    lines = list((found.filter(pk__lt=before) if before else found)[: limit + 1])
    shown = lines[:limit]
    return {
        "lines": [audit.as_data(line) for line in shown],
        "next": shown[-1].pk if len(lines) > limit else None,
    }


@router.get(
    "/audit/export",
    summary="The audit as a file",
    openapi_extra={"responses": {200: {"description": "OK", "content": FILES}}},
)
def export_audit(
    request: HttpRequest, asked: Query[Filter], format: Literal["csv", "jsonl"] = "jsonl"
) -> StreamingHttpResponse:
    """All lines that the filters leave, as CSV or as JSON lines, the latest first. The export itself is recorded."""
    administrator_of(request)
    audit.exported(asker(request), "audit", kind=format)
    return file_of(_found(asked), format)


def file_of(lines: QuerySet[AuditLine], kind: str) -> StreamingHttpResponse:
    """Lines as a file to be saved."""
    parts = _csv(lines) if kind == "csv" else _jsonl(lines)
    media_type = "text/csv" if kind == "csv" else "application/jsonl"
    headers = {"Content-Disposition": f'attachment; filename="audit.{kind}"'}
    return StreamingHttpResponse(parts, content_type=f"{media_type}; charset=utf-8", headers=headers)


def _jsonl(lines: QuerySet[AuditLine]) -> Iterator[bytes]:
    for data in audit.records_of(lines):
        yield orjson.dumps(data) + b"\n"


def _csv(lines: QuerySet[AuditLine]) -> Iterator[str]:
    yield BOM + csv_text([COLUMNS])
    for data in audit.records_of(lines):
        row = data | {"at": data["at"].isoformat(), "details": orjson.dumps(data["details"]).decode()}
        yield csv_text([[row[name] for name in COLUMNS]])
