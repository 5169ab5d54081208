"""One document over HTTP: what is said about it, and who changed that."""

from datetime import date, datetime
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Field, Path, Query, Schema, Status

from accounts.api import asker
from kb import descriptions
from kb.access import acting_as
from kb.api import Dates, DocumentOut, Line, VersionOut, document_out, readable_document, router, version_out
from kb.changes import changes_of
from kb.comparing import Section, compare_versions, pair
from kb.differences import Change, Piece
from kb.findings import findings
from kb.models import DocumentChange, DocumentVersion, Passage, State
from kb.notes import LONGEST_NOTE, add_note
from kb.passages import switch_passage
from kb.quality import similar_to

__all__ = ["router"]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
VersionNumber = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


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
        description="title tags owner review_on effective_from effective_to readers passage note; more may come"
    )
    old: str
    new: str
    version: int | None = Field(description="the number of the version it is about, if it is about one")
    by: str | None = Field(description="user name")
    at: datetime


class PieceOut(Schema):
    text: str
    mark: str = Field(description='"removed", "added", or empty for what both versions say')


class DifferenceOut(Schema):
    kind: str = Field(description="added, removed or changed")
    section: list[str] = Field(description="the headings above it")
    old_start: int | None = Field(description="where the paragraph begins in the older version's text")
    new_start: int | None
    pieces: list[PieceOut]


class DifferencesOut(Schema):
    old: int
    new: int
    added: int
    removed: int
    changed: int
    complete: bool = Field(description="false where the texts or their differences are too long to be shown in full")
    changes: list[DifferenceOut]


class FindingOut(Schema):
    code: str
    sentence: str = Field(description="in the language of `Accept-Language`; it says what to do")
    look: bool = Field(description="somebody should look at it")
    pages: list[int]


class SimilarOut(Schema):
    document: int
    title: str
    similarity: float
    identical: bool = Field(description="the same bytes")


class ReportOut(Schema):
    version: int
    ready: bool = Field(description="false while there is no report yet")
    needs_look: bool
    language: str
    passages: int
    warnings: list[str]
    findings: list[FindingOut]
    facts: dict[str, Any] = Field(
        description="pages, pages without text, pages read from pictures, encoding, tables, questions asked and found"
    )
    similar: list[SimilarOut]


class SwitchIn(Schema):
    enabled: bool


class PassageOut(Schema):
    id: int
    enabled: bool
    start: int
    end: int


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


@router.get("/documents/{document_id}/differences", response=DifferencesOut, summary="What two versions say otherwise")
def differences(
    request: HttpRequest, document_id: int, old: VersionNumber = None, new: VersionNumber = None
) -> dict[str, Any]:
    """Paragraph by paragraph, and word by word (Chinese: by characters) where a paragraph was reworded.

    By default the version that answers now, against the one before it.
    """
    with acting_as(asker(request)):
        document = readable_document(document_id)
        versions = list(document.versions.filter(state=State.READY).order_by("-number"))
        try:
            older, newer = pair(versions, document.current_version_id, old or 0, new or 0)
        except LookupError:
            raise Http404 from None
        if older is None or newer is None:
            raise Http404
        found = compare_versions(older, newer)
    changes = [
        _difference(change, section)
        for section in found.sections
        for change in section.changes
        if change.kind != "same"
    ]
    counts = {name: getattr(found, name) for name in ("added", "removed", "changed", "complete")}
    return {"old": older.number, "new": newer.number, **counts, "changes": changes}


def _difference(change: Change, section: Section) -> dict[str, Any]:
    pieces = change.pieces or (Piece(change.paragraph.text, "removed" if change.new is None else "added"),)
    return {
        "kind": change.kind,
        "section": list(section.headings),
        "old_start": change.old.start if change.old else None,
        "new_start": change.new.start if change.new else None,
        "pieces": [{"text": piece.text, "mark": piece.mark} for piece in pieces],
    }


@router.post(
    "/documents/{document_id}/passages/{passage_id}", response=PassageOut, summary="Switch a passage on or off"
)
def switch(request: HttpRequest, document_id: int, passage_id: int, body: SwitchIn) -> dict[str, Any]:
    """A passage that is switched off is found no more by the next search; its text can still be read."""
    person = asker(request)
    with acting_as(person):
        readable_document(document_id)
        passages = Passage.objects.select_related("document").filter(document=document_id)
        passage = passages.filter(pk=passage_id).first()
    if passage is None:
        raise Http404
    switch_passage(passage, body.enabled, by=person)
    return {"id": passage.pk, "enabled": passage.enabled, "start": passage.start, "end": passage.end}


@router.get("/documents/{document_id}/report", response=ReportOut, summary="What a version's text is like")
def get_report(request: HttpRequest, document_id: int, version: VersionNumber = None) -> dict[str, Any]:
    """Of the version that answers now, unless `version` gives the number of another. `similar` are documents that say
    nearly the same, as far as you may read them."""
    with acting_as(asker(request)):
        document = readable_document(document_id)
        chosen = _readable_version(document_id, version) if version else document.current_version
        chosen = chosen or document.latest_version
        if chosen is None:
            raise Http404
        similar = similar_to(chosen)
    report = chosen.report
    return {
        "version": chosen.number,
        "ready": bool(report),
        "needs_look": chosen.needs_look,
        "language": chosen.language,
        "passages": chosen.passage_count,
        "warnings": chosen.warnings,
        "findings": [
            {"code": one.code, "sentence": one.sentence, "look": one.look, "pages": list(one.pages)}
            for one in findings(report)
        ],
        "facts": {name: value for name, value in report.items() if name != "warnings"},
        "similar": [
            {
                "document": one.document.pk,
                "title": one.document.title,
                "similarity": round(one.similarity, 2),
                "identical": one.identical,
            }
            for one in similar
        ],
    }


class NoteIn(Schema):
    text: Annotated[Line, Field(min_length=1, max_length=LONGEST_NOTE)]
    replaces: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = Field(
        default=None, description="A passage of the document, which is switched off."
    )


@router.post(
    "/documents/{document_id}/notes", response={201: DocumentOut}, summary="Write a note, in place of a passage or not"
)
def create_note(request: HttpRequest, document_id: int, body: NoteIn) -> Any:
    """The note is a document of its own, found and cited as such; the document's versions stay as they are."""
    person = asker(request)
    with acting_as(person):
        document = readable_document(document_id)
        passage = Passage.objects.filter(document=document_id, pk=body.replaces or 0).first()
    if body.replaces is not None and passage is None:
        raise Http404
    note = add_note(document, body.text, by=person, replaces=passage)
    with acting_as(person):
        return Status(201, document_out(readable_document(note.pk)))
