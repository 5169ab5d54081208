"""Verbs on documents. Each is atomic, checks that the person may do it, and wakes a worker once it is committed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, BinaryIO, Literal

from django.db import transaction
from django.db.models import Max, Q

from accounts.audit import Act
from accounts.audit import record as record_act
from accounts.models import Person
from kb import indexing
from kb.access import acting_as_system, may_write_document
from kb.blobs import keep, let_go, need
from kb.collections import (
    check_may_write,
    create_collection,
    delete_collection,
    rename_collection,
    set_groups,
)
from kb.errors import DocumentError
from kb.models import WORKING, Collection, Document, DocumentVersion, Page, Passage, Scope, State
from kb.models_tables import DocumentTable, TableRows
from kb.parsing.filenames import safe_filename
from kb.queue import wake_on_commit
from kb.recognized import forget
from kb.storage import Blob
from kb.tags import tidy_tags

__all__ = [
    "Upload",
    "add",
    "add_document",
    "cancel",
    "create_collection",
    "delete_collection",
    "delete_document",
    "rename_collection",
    "replace_document",
    "retry",
    "set_groups",
]


@dataclass(frozen=True, slots=True)
class Upload:
    """What became of an uploaded file."""

    outcome: Literal["added", "replaced", "unchanged"]
    document: Document
    version: DocumentVersion


@dataclass(frozen=True, slots=True)
class About:
    """What a person says about an upload. Dates are days, `effective_to` the last one; None leaves that end open."""

    title: str = ""
    external_id: str = ""
    effective_from: date | None = None
    effective_to: date | None = None
    tags: Sequence[str] = ()
    review_on: date | None = None
    metadata: dict[str, str] | None = None

    def __post_init__(self) -> None:
        if self.effective_from and self.effective_to and self.effective_to < self.effective_from:
            raise DocumentError("dates_reversed")
        tidy_tags(self.tags)


def add_document(
    collection: Collection,
    filename: str,
    file: BinaryIO,
    *,
    by: Person,
    title: str = "",
    external_id: str = "",
    effective_from: date | None = None,
    effective_to: date | None = None,
    tags: Sequence[str] = (),
) -> Document:
    """Keep a file as a document of `collection`; a worker reads it. See `add`.

    Raises:
        DocumentError: not_allowed, not_found, dates_reversed, too_large, storage_full.
    """
    return add(
        collection, filename, file, About(title, external_id, effective_from, effective_to, tags), by=by
    ).document


def add(collection: Collection, filename: str, file: BinaryIO, about: About, *, by: Person) -> Upload:
    """Add a document, or recognise one that is there.

    A document with the same `external_id` gets a new version. The same bytes under the same file name are recognised,
    so an upload that is sent twice stands there once.

    Raises:
        DocumentError: not_allowed, not_found, dates_reversed, too_large, storage_full.
    """
    check_may_write(by, collection)
    return put(collection, filename, file, about, by=by)


def put(collection: Collection, filename: str, file: BinaryIO, about: About, *, by: Person) -> Upload:
    """`add` for whoever has found out already that `by` may add to the collection.

    Raises:
        DocumentError: not_found, dates_reversed, too_large, storage_full.
    """
    filename = safe_filename(filename)
    blob = keep(file)
    with acting_as_system():
        # Uploads to one collection write their rows one after the other, so none misses its twin.
        if not Collection.objects.select_for_update(no_key=True).filter(pk=collection.pk).exists():
            raise DocumentError("not_found")
        _check_kept(blob)
        if document := _known(collection, filename, blob, about.external_id):
            return _renew(document, filename, blob, about, by)
        document = Document.objects.create(
            collection=collection,
            scope=Scope.objects.get(collection=collection, is_default=True),
            title=about.title.strip()[:500] or filename,
            title_is_given=bool(about.title.strip()),
            filename=filename,
            external_id=about.external_id,
            tags=tidy_tags(about.tags),
            review_on=about.review_on,
            owner=_kept(by),
        )
        if collection.attached_to is None:
            record_act(Act.DOCUMENT_ADDED, by, target=document.pk, name=document.title, collection=collection.name)
        return Upload("added", document, _new_version(document, filename, blob, about, by))


def replace_document(
    document: Document,
    filename: str,
    file: BinaryIO,
    *,
    by: Person,
    effective_from: date | None = None,
    effective_to: date | None = None,
) -> DocumentVersion:
    """Keep a file as the next version of `document`; the version before answers until a worker has made it ready.

    The bytes of the current version are recognised: then nothing changes, and that version is returned.

    Raises:
        DocumentError: not_allowed, not_found, dates_reversed, too_large, storage_full.
    """
    check_may_write_document(by, document)
    about = About(effective_from=effective_from, effective_to=effective_to)
    filename = safe_filename(filename)
    blob = keep(file)
    with acting_as_system():
        locked = locked_document(document)
        _check_kept(blob)
        return _renew(locked, filename, blob, about, by).version


def delete_document(document: Document, *, by: Person) -> None:
    """Delete a document with all its versions, and the files nobody else needs. It is found no more at once.

    Raises:
        DocumentError: not_allowed.
    """
    check_may_write_document(by, document)
    with acting_as_system():
        if Document.objects.select_for_update(no_key=True).filter(pk=document.pk).exists():
            erase([document.pk])
            record_act(Act.DOCUMENT_DELETED, by, target=document.pk, name=document.title)


def retry(document: Document, by: Person) -> DocumentVersion:
    """Queue the latest version again after it failed or was cancelled; what is done of it is not done again.

    Raises:
        DocumentError: not_allowed, not_found, nothing_to_retry.
    """
    check_may_write_document(by, document)
    with acting_as_system():
        version = locked_document(document).latest_version
        if version is None or not _requeue(version):
            raise DocumentError("nothing_to_retry")
    return version


def cancel(document: Document, by: Person) -> DocumentVersion:
    """Stop the latest version's processing and remove what it had written. A worker that has it notices within seconds.

    Raises:
        DocumentError: not_allowed, not_found, nothing_to_cancel.
    """
    check_may_write_document(by, document)
    with acting_as_system():
        version = locked_document(document).latest_version
        if version is None or not DocumentVersion.objects.filter(pk=version.pk, state__in=WORKING).update(
            state=State.CANCELLED, lease="", parsed_at=None, passage_count=0, retry_at=None
        ):
            raise DocumentError("nothing_to_cancel")
        clear([version.pk])
        forget([version.pk])
        version.refresh_from_db()
    return version


def erase(document_ids: Sequence[int]) -> None:
    """Inside `acting_as_system`: delete documents with all that hangs on them and their notes, in large strokes."""
    document_ids = [*document_ids, *Document.objects.filter(note_of__in=document_ids).values_list("pk", flat=True)]
    Document.objects.filter(pk__in=document_ids).update(current_version=None, latest_version=None)
    versions = DocumentVersion.objects.filter(document__in=document_ids)
    # Locking the rows waits for a worker's short write; after it the worker finds its version gone.
    rows = list(versions.order_by("pk").select_for_update().values_list("pk", "sha256"))
    clear([pk for pk, _ in rows])
    scopes = list(Scope.objects.filter(documents__in=document_ids, is_default=False).values_list("pk", flat=True))
    versions.delete()
    Document.objects.filter(pk__in=document_ids).delete()
    Scope.objects.filter(pk__in=scopes).delete()
    hashes = {sha256 for _, sha256 in rows}
    transaction.on_commit(lambda: _let_go_of(hashes))


def clear(version_ids: Sequence[int]) -> None:
    """Inside `acting_as_system`: remove the pages, passages, tables and index entries of versions."""
    indexing.remove_versions(version_ids)
    for model in (TableRows, DocumentTable, Passage, Page):
        rows = model.objects.filter(version__in=version_ids)
        rows._raw_delete(rows.db)  # without loading millions of rows to look for what else refers to them


def _let_go_of(hashes: Iterable[str]) -> None:
    let_go(hashes)


def check_may_write_document(by: Person, document: Document) -> None:
    """Raises DocumentError("not_allowed")."""
    if not may_write_document(by, document):
        raise DocumentError("not_allowed")


def _kept(by: Person) -> Person | None:
    """Who is remembered for it: nobody, when the operator works on the command line."""
    return by if by.pk is not None else None


def audit_name(document: Document) -> dict[str, Any]:
    """A document as the audit names it."""
    return {"target": document.pk, "name": document.title}


def _check_kept(blob: Blob) -> None:
    if not need(blob.sha256):
        raise DocumentError("storage_full")


def locked_document(document: Document) -> Document:
    """The document as it stands now, locked until the transaction ends. Raises DocumentError("not_found")."""
    found = (
        Document.objects.select_for_update(no_key=True, of=("self",))
        .select_related("collection", "scope", "latest_version", "current_version")
        .filter(pk=document.pk)
        .first()
    )
    if found is None:
        raise DocumentError("not_found")
    return found


def _known(collection: Collection, filename: str, blob: Blob, external_id: str) -> Document | None:
    """The document that an upload is a copy or a new version of."""
    same = (
        Q(external_id=external_id)
        if external_id
        else Q(external_id="", filename=filename, latest_version__sha256=blob.sha256)
    )
    document = Document.objects.filter(same, collection=collection).order_by("pk").first()
    return document and locked_document(document)


def _renew(document: Document, filename: str, blob: Blob, about: About, by: Person) -> Upload:
    """Another upload for a locked document: recognised, or its next version."""
    latest, current = document.latest_version, document.current_version
    if latest is not None and latest.sha256 == blob.sha256:
        _requeue(latest)
        return Upload("unchanged", document, latest)
    gave_up = latest is not None and latest.state in (State.FAILED, State.CANCELLED)
    if current is not None and current.sha256 == blob.sha256 and gave_up:
        document.latest_version = current
        document.save(update_fields=["latest_version", "updated_at"])
        return Upload("unchanged", document, current)
    version = _new_version(document, filename, blob, about, by)
    if document.collection.attached_to is None:
        record_act(Act.DOCUMENT_REPLACED, by, target=document.pk, name=document.title, version=version.number)
    return Upload("replaced", document, version)


def _requeue(version: DocumentVersion) -> bool:
    """Queue a version again; False unless it failed or was cancelled."""
    again = DocumentVersion.objects.filter(pk=version.pk, state__in=[State.FAILED, State.CANCELLED]).update(
        state=State.QUEUED, attempts=0, retry_at=None, error_code="", error_en="", error_zh="", progress_done=0
    )
    version.refresh_from_db()
    if again:
        wake_on_commit(version.pk)
    return bool(again)


def _new_version(document: Document, filename: str, blob: Blob, about: About, by: Person) -> DocumentVersion:
    highest = document.versions.aggregate(highest=Max("number"))["highest"] or 0
    version = DocumentVersion.objects.create(
        document=document,
        scope_id=document.scope_id,
        number=highest + 1,
        filename=filename,
        sha256=blob.sha256,
        size=blob.size,
        effective_from=about.effective_from,
        effective_to=about.effective_to,
        uploaded_by=_kept(by),
    )
    document.latest_version = version
    document.save(update_fields=["latest_version", "updated_at"])
    wake_on_commit(version.pk)
    return version
