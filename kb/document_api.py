"""One document over HTTP: what is said about it, and who changed that."""

from datetime import date, datetime
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Field, Path, Schema

from accounts.api import asker
from kb import descriptions
from kb.access import acting_as
from kb.api import Dates, DocumentOut, Line, VersionOut, document_out, readable_document, router, version_out
from kb.changes import changes_of
from kb.models import DocumentChange, DocumentVersion

__all__ = ["router"]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


class DescriptionIn(Schema):
    """Fields that are not sent stay as they are; `null` empties one."""

    title: Line = ""
    tags: list[Line] = []
    owner: Line | None = Field(default=None, description="A user name; null for nobody.")
    review_on: date | None = None
    groups: list[Line] | None = Field(
        default=None, description="Names of the only groups that may read it; null for all who may read its collection."
    )


class ChangeOut(Schema):
    field: str = Field(
        description="title, tags, owner, review_on, effective_from, effective_to, readers or passage; more may come"
    )
    old: str
    new: str
    version: int | None = Field(description="the number of the version it is about, if it is about one")
    by: str | None = Field(description="user name")
    at: datetime


def _readable_version(document_id: int, number: int) -> DocumentVersion:
    version = readable_document(document_id).versions.select_related("document").filter(number=number).first()
    if version is None:
        raise Http404
    return version


def _change(change: DocumentChange) -> dict[str, Any]:
    return {
        "field": change.field,
        "old": change.old,
        "new": change.new,
        "version": change.version.number if change.version else None,
        "by": change.by.username if change.by else None,
        "at": change.at,
    }


@router.patch("/documents/{document_id}", response=DocumentOut, summary="Change what is said about a document")
def describe(request: HttpRequest, document_id: int, body: DescriptionIn) -> dict[str, Any]:
    """Title, tags, owner, review date and readers. Each change leaves a line in `/changes`."""
    person = asker(request)
    with acting_as(person):
        document = readable_document(document_id)
    given = body.dict(exclude_unset=True)
    if "groups" in given:
        given["readers"] = given.pop("groups")
    descriptions.describe(document, by=person, **given)
    with acting_as(person):
        return document_out(readable_document(document_id))


@router.get("/documents/{document_id}/changes", response=list[ChangeOut], summary="Who changed what about a document")
def list_changes(request: HttpRequest, document_id: int) -> list[dict[str, Any]]:
    """The latest hundred, newest first."""
    with acting_as(asker(request)):
        return [_change(change) for change in changes_of(readable_document(document_id))]


@router.patch("/documents/{document_id}/versions/{number}", response=VersionOut, summary="Correct a version's days")
def date_version(request: HttpRequest, document_id: int, number: Number, body: Dates) -> dict[str, Any]:
    """A day that is not sent stays. The version that is valid today answers at once."""
    person = asker(request)
    with acting_as(person):
        version = _readable_version(document_id, number)
    days = {"effective_from": version.effective_from, "effective_to": version.effective_to}
    return version_out(descriptions.date_version(version, by=person, **days | body.dict(exclude_unset=True)))
