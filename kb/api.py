"""Collections and documents over HTTP."""

from datetime import date, datetime
from typing import Annotated, Any, BinaryIO, cast

from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from ninja import Field, File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import AfterValidator

from accounts.api import Problem, asker
from kb import documents, storage
from kb.access import acting_as, collections_for, document_for, documents_for
from kb.collections import create_collection as add_collection
from kb.collections import delete_collection as erase_collection
from kb.descriptions import review_due as is_review_due
from kb.documents import About
from kb.errors import DocumentError
from kb.models import Collection, Document, DocumentVersion, State
from kb.storage import BlobMissing
from kb.uploads import Refused, receive

router = Router(tags=["knowledge"])
FILE = {"responses": {200: {"description": "OK", "content": {"application/octet-stream": {}}}}}
Id = Annotated[int, Field(ge=1, le=2**63 - 1)]


def _storable(text: str) -> str:
    """PostgreSQL keeps no NUL; nobody can see that one is gone."""
    return text.replace("\0", "")


Line = Annotated[str, AfterValidator(_storable)]


class CollectionIn(Schema):
    name: Line
    description: Annotated[Line, Field(max_length=10_000)] = ""
    groups: list[Line] = Field(default=[], description="Names of the groups that may read it.")
    everyone: bool = Field(default=False, description="Everybody who signs in may read it.")


class CollectionOut(Schema):
    id: int
    name: str
    description: str
    created_at: datetime


class Progress(Schema):
    done: int
    total: int | None
    unit: str


class VersionOut(Schema):
    id: int
    number: int
    filename: str
    state: str
    progress: Progress
    error: Problem | None
    size: int
    sha256: str
    media_type: str
    language: str
    pages: int | None
    passages: int
    effective_from: date | None
    effective_to: date | None
    created_at: datetime
    ready_at: datetime | None


class DocumentOut(Schema):
    id: int
    collection: int
    title: str
    filename: str
    tags: list[str]
    owner: str | None = Field(description="user name of whom readers may ask about it")
    review_on: date | None = Field(description="from this day on somebody should look whether it is still right")
    review_due: bool
    state: str = Field(description="queued parsing embedding indexing ready failed cancelled; of the latest version")
    progress: Progress
    error: Problem | None
    version: VersionOut | None = Field(description="the latest version")
    current_version: int | None = Field(description="the version that answers now")
    updated_at: datetime


class DocumentsOut(Schema):
    documents: list[DocumentOut]
    total: int


class RefusedOut(Schema):
    filename: str
    error: Problem


class AcceptedOut(Schema):
    documents: list[DocumentOut]
    refused: list[RefusedOut] = Field(description="Files of an archive that were not taken, and why.")


class Dates(Schema):
    effective_from: date | None = None
    effective_to: date | None = Field(default=None, description="The last day.")


class UploadIn(Dates):
    title: Annotated[Line, Field(max_length=500)] = ""
    external_id: Annotated[Line, Field(max_length=500)] = Field(
        default="", description="Your own name for a single file: the next file of this name is its new version."
    )
    tags: list[Line] = Field(default=[], description="Send the field once for each tag.")
    review_on: date | None = None


def version_out(version: DocumentVersion) -> dict[str, Any]:
    chinese = (get_language() or "en").startswith("zh")
    problem = version.error_zh if chinese else version.error_en
    return {
        "id": version.pk,
        "number": version.number,
        "filename": version.filename,
        "state": version.state,
        "progress": {
            "done": version.progress_done,
            "total": version.progress_total,
            "unit": version.progress_unit,
        },
        "error": {"code": version.error_code, "message": problem} if version.error_code else None,
        "size": version.size,
        "sha256": version.sha256,
        "media_type": version.media_type,
        "language": version.language,
        "pages": version.page_count,
        "passages": version.passage_count,
        "effective_from": version.effective_from,
        "effective_to": version.effective_to,
        "created_at": version.created_at,
        "ready_at": version.ready_at,
    }


def document_out(document: Document) -> dict[str, Any]:
    latest = version_out(document.latest_version) if document.latest_version else None
    nothing = {"state": State.QUEUED, "progress": {"done": 0, "total": None, "unit": ""}, "error": None}
    shown = latest or nothing
    return {
        "id": document.pk,
        "collection": document.collection_id,
        "title": document.title,
        "filename": document.filename,
        "tags": document.tags,
        "owner": document.owner.username if document.owner else None,
        "review_on": document.review_on,
        "review_due": document.review_is_due,
        "state": shown["state"],
        "progress": shown["progress"],
        "error": shown["error"],
        "version": latest,
        "current_version": document.current_version_id,
        "updated_at": document.updated_at,
    }


def _refused(refused: Refused) -> dict[str, Any]:
    sentence = refused.error.sentence(get_language() or "en")
    return {"filename": refused.name, "error": {"code": refused.error.code, "message": sentence}}


def _content(file: UploadedFile) -> BinaryIO:
    """The uploaded bytes: in memory when there are few, in a temporary file otherwise."""
    return cast(BinaryIO, file.file)


def readable_document(pk: int) -> Document:
    try:
        return document_for(pk)
    except Document.DoesNotExist:
        raise Http404 from None


def _readable_collection(pk: int) -> Collection:
    collection = collections_for().filter(pk=pk).first()
    if collection is None:
        raise Http404
    return collection


@router.get("/collections", response=list[CollectionOut], summary="The collections you may read")
def list_collections(request: HttpRequest) -> list[Collection]:
    with acting_as(asker(request)):
        return list(collections_for())


@router.post("/collections", response={201: CollectionOut}, summary="A new collection")
def create_collection(request: HttpRequest, body: CollectionIn) -> Any:
    collection = add_collection(
        body.name, by=asker(request), description=body.description, groups=body.groups, everyone=body.everyone
    )
    return Status(201, collection)


@router.get("/collections/{collection_id}", response=CollectionOut, summary="One collection")
def get_collection(request: HttpRequest, collection_id: int) -> Collection:
    with acting_as(asker(request)):
        return _readable_collection(collection_id)


@router.delete("/collections/{collection_id}", response={204: None}, summary="Delete a collection and its documents")
def delete_collection(request: HttpRequest, collection_id: int) -> Any:
    with acting_as(asker(request)):
        collection = _readable_collection(collection_id)
    erase_collection(collection, by=asker(request))
    return Status(204, None)


@router.get("/collections/{collection_id}/documents", response=DocumentsOut, summary="A collection's documents")
def list_documents(
    request: HttpRequest,
    collection_id: int,
    state: State | None = None,
    review_due: bool = False,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> dict[str, Any]:
    with acting_as(asker(request)):
        collection = _readable_collection(collection_id)
        found = documents_for().filter(collection=collection).select_related("latest_version", "owner")
        if state:
            found = found.filter(latest_version__state=state)
        if review_due:
            found = found.filter(is_review_due())
        rows = [document_out(document) for document in found.order_by("pk")[offset : offset + limit]]
        return {"documents": rows, "total": found.count()}


@router.post("/collections/{collection_id}/documents", response={202: AcceptedOut}, summary="Upload files")
def upload(request: HttpRequest, collection_id: int, files: File[list[UploadedFile]], form: Form[UploadIn]) -> Any:
    """Each file becomes a document; a zip archive becomes one document for each file in it.

    What can be taken is taken. `refused` names the rest; where nothing was taken, the first reason is the error.
    """
    person = asker(request)
    with acting_as(person):
        collection = _readable_collection(collection_id)
    about = About(
        title=form.title if len(files) == 1 else "",
        external_id=form.external_id if len(files) == 1 else "",
        effective_from=form.effective_from,
        effective_to=form.effective_to,
        tags=form.tags,
        review_on=form.review_on,
    )
    added: list[int] = []
    refused: list[Refused] = []
    for file in files:
        try:
            for taken in receive(collection, file.name or "", _content(file), about, by=person):
                if isinstance(taken, Refused):
                    refused.append(taken)
                else:
                    added.append(taken.document.pk)
        except DocumentError as error:
            if error.kind in ("forbidden", "storage"):
                raise
            refused.append(Refused(file.name or "", error))
    if refused and not added:
        raise refused[0].error
    with acting_as(person):
        found = documents_for().select_related("latest_version", "owner").in_bulk(added)
        return Status(
            202,
            {
                "documents": [document_out(found[pk]) for pk in added if pk in found],
                "refused": [_refused(one) for one in refused],
            },
        )


@router.get("/documents/{document_id}", response=DocumentOut, summary="A document, its state and progress")
def get_document(request: HttpRequest, document_id: int) -> dict[str, Any]:
    with acting_as(asker(request)):
        return document_out(readable_document(document_id))


@router.get("/documents/{document_id}/versions", response=list[VersionOut], summary="A document's versions")
def list_versions(request: HttpRequest, document_id: int) -> list[dict[str, Any]]:
    with acting_as(asker(request)):
        return [version_out(version) for version in readable_document(document_id).versions.all()]


@router.put("/documents/{document_id}/file", response={202: DocumentOut}, summary="A new version")
def replace(request: HttpRequest, document_id: int, file: File[UploadedFile], form: Form[Dates]) -> Any:
    """The version before goes on answering until the new one is ready. Send the form with PUT or POST."""
    person = asker(request)
    with acting_as(person):
        document = readable_document(document_id)
    documents.replace_document(
        document,
        file.name or "",
        _content(file),
        by=person,
        effective_from=form.effective_from,
        effective_to=form.effective_to,
    )
    with acting_as(person):
        return Status(202, document_out(readable_document(document_id)))


@router.get("/documents/{document_id}/file", summary="The original file", openapi_extra=FILE)
def download(request: HttpRequest, document_id: int) -> StreamingHttpResponse:
    with acting_as(asker(request)):
        version = readable_document(document_id).latest_version
    if version is None:
        raise Http404
    try:
        file = storage.open_blob(version.sha256)
    except BlobMissing:
        raise Http404 from None
    headers = {
        "Content-Length": str(version.size),
        "Content-Disposition": content_disposition_header(True, version.filename) or "attachment",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return StreamingHttpResponse(storage.pieces(file), content_type="application/octet-stream", headers=headers)


@router.delete("/documents/{document_id}", response={204: None}, summary="Delete a document with all its versions")
def delete(request: HttpRequest, document_id: int) -> Any:
    with acting_as(asker(request)):
        document = readable_document(document_id)
    documents.delete_document(document, by=asker(request))
    return Status(204, None)


@router.post("/documents/{document_id}/retry", response={202: DocumentOut}, summary="Try a failed version again")
def retry(request: HttpRequest, document_id: int) -> Any:
    with acting_as(asker(request)):
        document = readable_document(document_id)
    documents.retry(document, by=asker(request))
    return Status(202, get_document(request, document_id))


@router.post("/documents/{document_id}/cancel", response={202: DocumentOut}, summary="Stop processing")
def cancel(request: HttpRequest, document_id: int) -> Any:
    with acting_as(asker(request)):
        document = readable_document(document_id)
    documents.cancel(document, by=asker(request))
    return Status(202, get_document(request, document_id))
