"""Verbs on sources. They are for administrators, because a source reads what its server lets the worker read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone

from accounts.audit import Act, record
from accounts.models import Person
from kb.access import acting_as_system
from kb.documents import erase
from kb.errors import DocumentError
from kb.models import Collection, Document
from kb.models_sources import Source, SourceChange, SourceItem, SourceRun
from kb.queue import wake_source
from kb.readers import move
from kb.sources import KINDS
from kb.sources.secrets import seal

INTERVALS = (0, 15, 60, 360, 1440, 10080)
"""Minutes between two looks that people may choose; 0 is only when somebody asks."""


def check_may_keep(by: Person) -> None:
    """Raises DocumentError("not_allowed") unless `by` may set up and see sources."""
    if not (by.is_active and by.is_superuser):
        raise DocumentError("not_allowed")


def create_source(
    collection: Collection, kind: str, name: str, settings: Mapping[str, str], *, by: Person, every_minutes: int = 1440
) -> Source:
    """A new source, looked at once at once. `settings` may hold the secret; it is kept encrypted.

    Raises:
        DocumentError: not_allowed, source_kind_unknown, source_name_missing, setting_missing, and what the kind's check
            finds wrong.
    """
    check_may_keep(by)
    if kind not in KINDS:
        raise DocumentError("source_kind_unknown")
    checked, secret = _checked(kind, name, settings)
    with acting_as_system():
        source = Source.objects.create(
            collection=collection,
            kind=kind,
            name=name.strip()[:200],
            settings=checked,
            secret=seal(secret),
            every_minutes=every_minutes,
            owner=by,
            wanted=True,
        )
        record(Act.SOURCE_CREATED, by, **_named(source), kind=kind, collection=collection.name)
        _wake(source)
    return source


def change_source(
    source: Source,
    *,
    by: Person,
    name: str,
    collection: Collection,
    settings: Mapping[str, str],
    every_minutes: int,
) -> Source:
    """Change what a source follows, where its documents go, and how often it is looked at.

    A secret that is left empty stays, unless the source moves to another server: nobody may send it elsewhere who does
    not know it. Other settings mean that everything is read anew; what is the same is recognised by its bytes. On
    another collection the source's documents move there, and that collection's readers are theirs, but for those that
    people have moved or narrowed themselves. A look that is under way is ended and begun again.

    Raises:
        DocumentError: as `create_source`.
    """
    check_may_keep(by)
    if source.kind not in KINDS:
        raise DocumentError("source_kind_unknown")
    checked, secret = _checked(source.kind, name, settings, secret_is_kept=bool(source.secret))
    with acting_as_system():
        found = Source.objects.select_for_update().filter(pk=source.pk).first()
        if found is None:
            raise DocumentError("not_found")
        if secret or _server(checked) != _server(found.settings):
            _checked(source.kind, name, settings)
            found.secret = seal(secret)
        if checked != found.settings:
            _begin_anew(found)
        if collection.pk != found.collection_id:
            _move_documents(found, collection, by)
            found.lease = ""
        if every_minutes != found.every_minutes:
            begun = found.last_run_at or timezone.now()
            found.next_run_at = begun + timedelta(minutes=every_minutes) if every_minutes else None
        found.name, found.collection, found.every_minutes = name.strip()[:200], collection, every_minutes
        found.settings = checked
        found.owner = found.owner if found.owner and found.owner.is_active else by
        found.save()
        changed: dict[str, Any] = {
            "collection": collection.name,
            "secret_changed": bool(secret),
            "every_minutes": every_minutes,
        }
        record(Act.SOURCE_CHANGED, by, **_named(found), **changed)
        if found.wanted:
            _wake(found)
    return found


def _named(source: Source) -> dict[str, Any]:
    """A source as the audit names it."""
    return {"target": source.pk, "name": source.name}


def _begin_anew(source: Source) -> None:
    """Forget what was remembered of a locked source's files, and what it was asking; its next look is a new one."""
    source.memory, source.lease, source.may_delete = {}, "", False
    source.items.update(mark="", etag="", modified="")
    error = DocumentError("source_changed")
    said = {"error_code": error.code, "error_en": error.en, "error_zh": error.zh}
    source.runs.filter(ended_at=None).update(outcome=SourceRun.Outcome.FAILED, ended_at=timezone.now(), **said)
    if source.state == Source.State.ASKING:
        source.state = Source.State.ACTIVE
    source.error_code = source.error_en = source.error_zh = ""
    source.wanted = source.state == Source.State.ACTIVE


def _checked(
    kind: str, name: str, settings: Mapping[str, str], *, secret_is_kept: bool = False
) -> tuple[dict[str, str], str]:
    """The settings as they are kept, and the secret. Raises DocumentError for what is wrong."""
    known = KINDS[kind]
    if not name.strip():
        raise DocumentError("source_name_missing")
    given = {field.name: str(settings.get(field.name, "")).replace("\0", "").strip() for field in known.fields}
    for field in known.fields:
        if field.required and not given[field.name] and not (field.secret and secret_is_kept):
            raise DocumentError("setting_missing", field=field.label)
    secret = "".join(given.pop(field.name) for field in known.fields if field.secret)
    return known.check(given), secret


def _server(settings: Mapping[str, str]) -> tuple[str, ...]:
    """What says whom a secret is sent to."""
    parts = [urlsplit(settings.get(name, "")) for name in ("url", "endpoint")]
    return (*(f"{part.scheme}://{part.netloc}" for part in parts), settings.get("region", ""))


def _move_documents(source: Source, collection: Collection, by: Person) -> None:
    """Those that still stand, with its readers, on the collection that the source filled."""
    there = Document.objects.filter(
        pk__in=source.items.exclude(document=None).values("document"),
        collection=source.collection_id,
        scope__is_default=True,
    )
    for document in there.order_by("pk"):
        move(document, collection, by=by)


@dataclass(frozen=True, slots=True)
class Log:
    """The last looks at a source, the one chosen, and what that one changed, the first thousand lines."""

    runs: list[SourceRun]
    run: SourceRun | None
    changes: list[SourceChange]


def sources_for(by: Person) -> list[tuple[Source, SourceRun | None]]:
    """All sources, each with its last look. Raises DocumentError("not_allowed")."""
    check_may_keep(by)
    with acting_as_system():
        last = {run.source_id: run for run in SourceRun.objects.order_by("source_id", "-pk").distinct("source_id")}
        return [(source, last.get(source.pk)) for source in Source.objects.select_related("collection")]


def source_for(pk: int, by: Person) -> Source | None:
    """One source; None where there is none, or `by` may not see it."""
    if not (by.is_active and by.is_superuser):
        return None
    with acting_as_system():
        return Source.objects.select_related("collection").filter(pk=pk).first()


def log_of(source: Source, by: Person, run: int | None = None) -> Log:
    """The log of a source: of its last look, or of the look numbered `run`. Raises DocumentError("not_allowed")."""
    check_may_keep(by)
    with acting_as_system():
        runs = list(source.runs.all()[:50])
        chosen = next((one for one in runs if run is None or one.pk == run), None)
        return Log(runs, chosen, list(chosen.changes.all()[:1000]) if chosen else [])


def look_now(source: Source, *, by: Person) -> None:
    """Look at a source now; one that is paused goes on. Raises DocumentError("not_allowed")."""
    check_may_keep(by)
    with acting_as_system():
        Source.objects.filter(pk=source.pk).exclude(state=Source.State.ASKING).update(
            wanted=True, state=Source.State.ACTIVE
        )
        _wake(source)


def pause(source: Source, *, by: Person) -> None:
    """Follow a source no longer, from the next file on. Raises DocumentError("not_allowed")."""
    check_may_keep(by)
    with acting_as_system():
        if Source.objects.filter(pk=source.pk, state=Source.State.ACTIVE).update(
            state=Source.State.PAUSED, lease="", wanted=False
        ):
            record(Act.SOURCE_PAUSED, by, **_named(source))


def resume(source: Source, *, by: Person) -> None:
    """Follow a paused source again. Raises DocumentError("not_allowed")."""
    check_may_keep(by)
    with acting_as_system():
        if Source.objects.filter(pk=source.pk, state=Source.State.PAUSED).update(state=Source.State.ACTIVE):
            record(Act.SOURCE_RESUMED, by, **_named(source))
            _wake(source)


def answer(source: Source, *, delete: bool, by: Person) -> None:
    """Say what becomes of the documents that a source no longer has: deleted by the next look, or kept for good.

    Raises:
        DocumentError: not_allowed, nothing_to_answer.
    """
    check_may_keep(by)
    with acting_as_system():
        found = Source.objects.select_for_update().filter(pk=source.pk, state=Source.State.ASKING).first()
        if found is None:
            raise DocumentError("nothing_to_answer")
        if delete:
            found.may_delete = found.wanted = True
        else:
            last = found.runs.first()
            SourceItem.objects.filter(source=found).exclude(seen_in=last.pk if last else None).delete()
            found.next_run_at = timezone.now() + timedelta(minutes=found.every_minutes) if found.every_minutes else None
        found.state = Source.State.ACTIVE
        found.error_code = found.error_en = found.error_zh = ""
        found.save()
        record(Act.SOURCE_ANSWERED, by, **_named(found), delete=delete)
        if delete:
            _wake(found)


def delete_source(source: Source, *, by: Person, with_documents: bool = False) -> None:
    """Forget a source with its log; its documents stay unless `with_documents`. Raises DocumentError("not_allowed")."""
    check_may_keep(by)
    with acting_as_system():
        found = Source.objects.select_for_update().filter(pk=source.pk).first()
        if found is None:
            return
        documents: dict[int, str] = {}
        if with_documents:
            kept = found.items.exclude(document=None).select_related("document")
            documents = dict(kept.values_list("document", "document__title"))
            erase(list(documents))
        record(Act.SOURCE_DELETED, by, **_named(found), documents=documents.values())
        found.delete()


def _wake(source: Source) -> None:
    transaction.on_commit(lambda: wake_source(source.pk))
