"""The stored events of a run: adding under a lease, reading after a number. Nothing else writes them.

Each `append` is one transaction that first claims its numbers on the run's row. A process that has lost the run's
lease therefore adds nothing more, and an event is never stored twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from agents.events import LAST, Asked, Event, Failed, Finished, from_data, to_data
from agents.models import Event as StoredEvent
from agents.models import Run, RunState
from agents.storable import cleaned

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
    return numbered


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
