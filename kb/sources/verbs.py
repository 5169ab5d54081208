"""Verbs on sources. They are for administrators, because a source reads what its server lets the worker read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import Person
from kb.access import acting_as_system
from kb.documents import erase
from kb.errors import DocumentError
from kb.models import Collection
from kb.models_sources import Source, SourceChange, SourceItem, SourceRun
from kb.queue import wake_source
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
    known = KINDS.get(kind)
    if known is None:
        raise DocumentError("source_kind_unknown")
    if not name.strip():
        raise DocumentError("source_name_missing")
    given = {field.name: str(settings.get(field.name, "")).replace("\0", "").strip() for field in known.fields}
    for field in known.fields:
        if field.required and not given[field.name]:
            raise DocumentError("setting_missing", field=field.label)
    secret = "".join(given.pop(field.name) for field in known.fields if field.secret)
    checked = known.check(given)
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
        _wake(source)
    return source


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
        Source.objects.filter(pk=source.pk, state=Source.State.ACTIVE).update(
            state=Source.State.PAUSED, lease="", wanted=False
        )


def resume(source: Source, *, by: Person) -> None:
    """Follow a paused source again. Raises DocumentError("not_allowed")."""
    check_may_keep(by)
    with acting_as_system():
        if Source.objects.filter(pk=source.pk, state=Source.State.PAUSED).update(state=Source.State.ACTIVE):
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
        if delete:
            _wake(found)


def delete_source(source: Source, *, by: Person, with_documents: bool = False) -> None:
    """Forget a source with its log; its documents stay unless `with_documents`. Raises DocumentError("not_allowed")."""
    check_may_keep(by)
    with acting_as_system():
        found = Source.objects.select_for_update().filter(pk=source.pk).first()
        if found is None:
            return
        if with_documents:
            erase(list(found.items.exclude(document=None).values_list("document", flat=True)))
        found.delete()


def _wake(source: Source) -> None:
    transaction.on_commit(lambda: wake_source(source.pk))
