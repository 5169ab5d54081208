"""The stored events of a run: adding under a lease, reading after a number. Nothing else writes them.

Each `append` is one transaction that first claims its numbers on the run's row; `append_together` does so for many runs
in one statement. A process that has lost a run's lease therefore adds nothing more, and an event is never stored twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from agents.events import LAST, Asked, Event, Failed, Finished, from_data, to_data
from agents.models import Event as StoredEvent
from agents.models import Run, RunState
from agents.storable import cleaned
from agents.unanswered import note_end

STALE_AFTER = timedelta(seconds=20)
"""A run whose process has given no sign of life for so long is abandoned."""

Numbered = tuple[int, Event]


class LeaseLost(Exception):
    """The run has ended, or another process has taken it up. Stop working on it; there is nothing to store."""


@dataclass(frozen=True, slots=True)
class Replay:
    """Stored events after a number; whether the run is still at work, and whether its process has fallen silent."""

    events: list[Numbered]
    running: bool
    stale: bool


def storable(event: Event) -> Event:
    """The event without the characters that cannot be stored, so that live and replayed events are the same."""
    data = to_data(event)
    clean = cleaned(data)
    return event if clean == data else from_data(event.kind, clean)


def append(run_id: UUID, lease: str, last_seq: int, events: Sequence[Event], **columns: Any) -> list[Numbered]:
    """Store events after `last_seq`. A last event ends the run, and `columns` are set with it.

    Raises:
        LeaseLost: when the run is not at work under this lease.
    """
    numbered = list(enumerate(events, last_seq + 1))
    if isinstance(events[-1], LAST):
        columns |= {"state": _state(events[-1]), "finished_at": timezone.now()}
    with transaction.atomic():
        held = Run.objects.filter(pk=run_id, lease=lease, state=RunState.RUNNING, last_seq=last_seq)
        if not held.update(last_seq=last_seq + len(events), **columns):
            raise LeaseLost(str(run_id))
        StoredEvent.objects.bulk_create(
            StoredEvent(run_id=run_id, seq=seq, kind=event.kind, data=to_data(event)) for seq, event in numbered
        )
        if isinstance(events[-1], Finished):
            note_end(run_id)
    return numbered


@dataclass(frozen=True, slots=True)
class Addition:
    """Events of one run to be stored after `last_seq`, none of them its last; `road`: the column's new value."""

    run_id: UUID
    last_seq: int
    events: Sequence[Event]
    road: str | None = None


# Rows are locked in the order of their numbers, as everywhere, so that nobody waits in a circle.
_TOGETHER = """
with given as (
    select * from unnest(%(runs)s::uuid[], %(after)s::int[], %(counts)s::int[], %(roads)s::text[])
        as given (run_id, after, count, road)
), locked as materialized (
    select r.id from agents_run r join given on given.run_id = r.id
    where r.lease = %(lease)s and r.state = 'running' and r.last_seq = given.after
    order by r.id for no key update of r
), held as (
    update agents_run r set last_seq = given.after + given.count, road = coalesce(given.road, r.road)
    from locked join given on given.run_id = locked.id where r.id = locked.id
    returning r.id
), added as (
    insert into agents_event (run_id, seq, kind, data, created_at)
    select event.run_id, event.seq, event.kind, event.data, statement_timestamp()
    from unnest(%(of)s::uuid[], %(seqs)s::int[], %(kinds)s::text[], %(data)s::jsonb[])
        as event (run_id, seq, kind, data)
    join held on held.id = event.run_id
)
select id from held
"""


def append_together(lease: str, additions: Sequence[Addition]) -> set[UUID]:
    """Store events of several runs in one statement; the runs whose events are stored.

    The others have ended, or are no longer at work under this lease.
    """
    events = [
        (addition.run_id, seq, event.kind, json.dumps(to_data(event), ensure_ascii=False))
        for addition in additions
        for seq, event in enumerate(addition.events, addition.last_seq + 1)
    ]
    parameters: dict[str, Any] = {
        "lease": lease,
        "runs": [addition.run_id for addition in additions],
        "after": [addition.last_seq for addition in additions],
        "counts": [len(addition.events) for addition in additions],
        "roads": [addition.road for addition in additions],
    }
    parameters |= zip(("of", "seqs", "kinds", "data"), map(list, zip(*events, strict=True)), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_TOGETHER, parameters)
        return {row[0] for row in cursor.fetchall()}


def _state(event: Event) -> RunState:
    if isinstance(event, Finished):
        return RunState.FINISHED
    return RunState.FAILED if isinstance(event, Failed) else RunState.CANCELLED


def stored_after(run_id: UUID, seq: int) -> Replay:
    """What is stored after `seq`.

    Raises:
        Run.DoesNotExist: when there is no such run.
    """
    # The state is read before the events: a run that has ended by then has stored its last event.
    run = Run.objects.only("state", "heartbeat_at").get(pk=run_id)
    rows = StoredEvent.objects.filter(run_id=run_id, seq__gt=seq).order_by("seq").values_list("seq", "kind", "data")
    events = [(number, from_data(kind, data)) for number, kind, data in rows]
    running = run.state == RunState.RUNNING
    silent = run.heartbeat_at is None or run.heartbeat_at < timezone.now() - STALE_AFTER
    return Replay(events, running, running and silent)


def asked_back(run: Run) -> dict[str, Any] | None:
    """The question that a run's answer asks the person, with its options; None of a run that answers."""
    if not run.asks:
        return None
    stored = StoredEvent.objects.filter(run=run, kind=Asked.kind).order_by("-seq").first()
    return stored.data if stored else None
