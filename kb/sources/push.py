"""Documents that another system sends: it lists what it has, learns what to send and what would go, then finishes.

Only what the system has listed before is ever deleted for not being listed now; documents that came another way, and
those of other sources, are not touched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone

from accounts.models import Person
from kb.access import acting_as_system, may_write_document, readable_scopes
from kb.collections import check_may_write
from kb.documents import delete_document
from kb.errors import DocumentError
from kb.models import Collection, Document
from kb.models_sources import Source, SourceChange, SourceItem, SourceRun
from kb.sources import PUSH
from kb.sources.work import is_most

AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What a list means. `would_delete` counts on the list being whole: further calls may add to it."""

    sync: int
    send: list[str]
    unchanged: int
    would_delete: list[str]


@dataclass(frozen=True, slots=True)
class Ended:
    """What a finished synchronisation did; `missing` was listed but has not been sent."""

    deleted: int
    missing: list[str]


def compare(collection: Collection, listed: Mapping[str, str], *, by: Person, sync: int | None = None) -> Plan:
    """Compare a list (external id → SHA-256) with what is there; `sync` adds it to a list that was begun before.

    Raises:
        DocumentError: not_allowed, sync_unknown.
    """
    check_may_write(by, collection)
    with acting_as_system():
        source = _source(collection, by)
        run = _begun(source, sync) if sync is not None else _begin(source)
        send: list[str] = []
        keys = list(listed)
        for first in range(0, len(keys), AT_ONCE):
            some = keys[first : first + AT_ONCE]
            found = _documents(source, some, by)
            items = [
                SourceItem(source=source, key=key, mark=listed[key], document=found.get(key), seen_in=run.pk)
                for key in some
            ]
            SourceItem.objects.bulk_create(
                items,
                update_conflicts=True,
                unique_fields=["source", "key"],
                update_fields=["mark", "document", "seen_in"],
            )
            send += [key for key in some if not _is(found.get(key), listed[key])]
        run.unchanged += len(keys) - len(send)
        run.save(update_fields=["unchanged"])
        return Plan(run.pk, send, len(keys) - len(send), [item.key for item in _gone(source, run)])


def finish(collection: Collection, sync: int, *, by: Person, confirm: int | None = None) -> Ended:
    """Delete what the list begun as `sync` did not name. More than half is deleted only if `confirm` is their number.

    Raises:
        DocumentError: not_allowed, sync_unknown, would_delete_most.
    """
    check_may_write(by, collection)
    with acting_as_system():
        source = _source(collection, by)
        run = _begun(source, sync)
        missing = _link(source, run, by)
        gone = _gone(source, run)
        known = SourceItem.objects.filter(source=source).exclude(document=None).count()
        if is_most(len(gone), known) and confirm != len(gone):
            raise DocumentError("would_delete_most", gone=len(gone), known=known)
    deleted = 0
    for item in gone:
        if item.document is None or not may_write_document(by, item.document):
            continue
        delete_document(item.document, by=by)
        deleted += 1
        with acting_as_system():
            SourceChange.objects.create(run=run, kind=SourceChange.Kind.DELETED, key=item.key)
    now = timezone.now()
    with acting_as_system():
        source.items.filter(document=None).exclude(seen_in=run.pk).delete()
        run.deleted, run.gone = deleted, len(gone)
        run.outcome, run.ended_at = SourceRun.Outcome.DONE, now
        run.save()
        Source.objects.filter(pk=source.pk).update(last_run_at=now)
    return Ended(deleted, missing)


def _source(collection: Collection, by: Person) -> Source:
    """The one source of a collection that is filled from outside, locked."""
    Collection.objects.select_for_update(no_key=True).get(pk=collection.pk)
    found = Source.objects.filter(collection=collection, kind=PUSH).first()
    return found or Source.objects.create(
        collection=collection, kind=PUSH, name=collection.name, every_minutes=0, owner=by
    )


def _begin(source: Source) -> SourceRun:
    """A new list; one that was begun and never finished is closed."""
    source.runs.filter(ended_at=None).update(ended_at=timezone.now(), outcome=SourceRun.Outcome.FAILED)
    return SourceRun.objects.create(source=source)


def _begun(source: Source, sync: int) -> SourceRun:
    run = source.runs.filter(pk=sync, ended_at=None).first()
    if run is None:
        raise DocumentError("sync_unknown")
    return run


def _documents(source: Source, keys: Sequence[str], by: Person) -> dict[str, Document]:
    """The documents of these external ids that `by` may read and no other source keeps, wherever they were moved."""
    kept = SourceItem.objects.filter(source=source, key__in=keys).exclude(document=None)
    found = {item.key: item.document for item in kept.select_related("document__latest_version") if item.document}
    rest = Document.objects.filter(collection=source.collection, external_id__in=set(keys) - set(found))
    others = SourceItem.objects.exclude(source=source).filter(document__in=rest).values_list("document", flat=True)
    for document in rest.exclude(pk__in=list(others)).select_related("latest_version"):
        found.setdefault(document.external_id, document)
    readable = set(readable_scopes(by).values_list("pk", flat=True))
    return {key: document for key, document in found.items() if document.scope_id in readable}


def _is(document: Document | None, sha256: str) -> bool:
    return document is not None and document.latest_version is not None and document.latest_version.sha256 == sha256


def _gone(source: Source, run: SourceRun) -> list[SourceItem]:
    items = source.items.exclude(document=None).exclude(seen_in=run.pk)
    return list(items.select_related("document").order_by("key"))


def _link(source: Source, run: SourceRun, by: Person) -> list[str]:
    """Remember the documents that were sent since the list; return the listed ones that were not."""
    missing: list[str] = []
    items = list(source.items.filter(seen_in=run.pk).order_by("key"))
    for first in range(0, len(items), AT_ONCE):
        some = items[first : first + AT_ONCE]
        found = _documents(source, [item.key for item in some], by)
        for item in some:
            item.document = found.get(item.key)
        SourceItem.objects.bulk_update(some, ["document"])
        missing += [item.key for item in some if not _is(found.get(item.key), item.mark)]
    run.added = len(items) - run.unchanged - len(missing)
    return missing
