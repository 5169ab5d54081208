"""Who may read a document: those of its collection, or fewer. Each verb is atomic and checks that one may do it."""

from collections.abc import Iterable

from django.contrib.auth.models import Group

from accounts.audit import Act
from accounts.audit import record as record_act
from accounts.models import Person
from kb import indexing
from kb.access import acting_as_system
from kb.changes import record
from kb.collections import check_may_write, check_still_reads, named_groups
from kb.documents import audit_name, check_may_write_document, locked_document
from kb.models import Collection, Document, DocumentVersion, Page, Passage, Scope, VersionBand
from kb.models_tables import DocumentTable, TableRows


def move(document: Document, collection: Collection, *, by: Person) -> None:
    """Put a document on another collection, whose readers are then its readers.

    Raises:
        DocumentError: not_allowed, not_found.
    """
    check_may_write_document(by, document)
    check_may_write(by, collection)
    with acting_as_system():
        locked = locked_document(document)
        record_act(
            Act.DOCUMENT_MOVED,
            by,
            **audit_name(locked),
            **{"from": locked.collection.name, "to": collection.name},
        )
        _rescope(locked, Scope.objects.get(collection=collection, is_default=True))
        for note in locked.notes.all():
            move(note, collection, by=by)
    document.collection, document.scope = locked.collection, locked.scope


def narrow(document: Document, groups: Iterable[Group | str], *, by: Person) -> None:
    """Let only `groups` read a document, whoever may read its collection.

    Raises:
        DocumentError: not_allowed, not_found, would_lose_access, unknown_group.
    """
    check_may_write_document(by, document)
    with acting_as_system():
        locked = locked_document(document)
        scope, before = locked.scope, _own_readers(locked.scope)
        if scope.is_default:
            scope = Scope.objects.create(collection_id=locked.collection_id, is_default=False)
        scope.groups.set(named_groups(groups))
        check_still_reads(by, scope)
        _rescope(locked, scope)
        if record(locked, by, "readers", before, _own_readers(scope)):
            after = _own_readers(scope)
            record_act(Act.DOCUMENT_READERS_CHANGED, by, **audit_name(locked), before=before, after=after)
        for note in locked.notes.all():
            narrow(note, scope.groups.all(), by=by)
    document.scope = scope


def widen(document: Document, *, by: Person) -> None:
    """Let everybody who may read the collection read a document again that `narrow` had closed.

    Raises:
        DocumentError: not_allowed, not_found.
    """
    check_may_write_document(by, document)
    with acting_as_system():
        locked = locked_document(document)
        before = _own_readers(locked.scope)
        _rescope(locked, Scope.objects.get(collection=locked.collection, is_default=True))
        if record(locked, by, "readers", before, ""):
            record_act(Act.DOCUMENT_READERS_CHANGED, by, **audit_name(locked), before=before, after=["*"])
        for note in locked.notes.all():
            widen(note, by=by)
    document.scope = locked.scope


def _own_readers(scope: Scope) -> list[str]:
    """The groups of a narrowed document's readers; none where its collection's readers are."""
    return [] if scope.is_default else list(scope.groups.order_by("name").values_list("name", flat=True))


def _rescope(document: Document, scope: Scope) -> None:
    """Give a locked document and everything under it to the readers of `scope`."""
    old = document.scope
    document.scope, document.collection = scope, scope.collection
    document.save(update_fields=["scope", "collection", "updated_at"])
    versions = list(document.versions.order_by("pk").select_for_update().values_list("pk", flat=True))
    DocumentVersion.objects.filter(pk__in=versions).update(scope=scope)
    for model in (Page, DocumentTable, TableRows):
        model.objects.filter(version__in=versions).update(scope=scope)
    Passage.objects.filter(version__in=versions).update(scope=scope, collection=scope.collection)
    document.changes.update(scope=scope)
    VersionBand.objects.filter(version__in=versions).update(scope=scope)
    indexing.rescope(versions, scope.pk)
    if not old.is_default and old != scope:
        old.delete()
