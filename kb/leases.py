"""Who works on which version: taken in fair order, kept by a heartbeat, lost to whoever takes it after a silence.

A worker changes a version, and everything below it, inside `Lease.writing()` only: one short transaction that locks
the version's row and finds the lease still ours. So a worker that was given up for dead, a cancelled one and one whose
document was deleted write nothing more, and two never write at once.
"""

import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Now
from django.utils import timezone

from kb.access import acting_as_system
from kb.models import DocumentVersion, State

SILENCE_SECONDS = 60
"""A worker not heard of for so long is taken for dead."""
PULSE_SECONDS = 2
"""Progress and heartbeat are written no more often; cancelling is noticed no later."""
LOOK_SECONDS = 1
"""So often somebody who waits for slow work looks whether to go on waiting."""
TURN_SECONDS = 30
"""Work that can go on later gives way after so long to whoever waits and has nothing at work."""

FREE = f"""state in ('queued', 'parsing', 'embedding', 'indexing')
    and (lease = '' or heartbeat_at < statement_timestamp() - interval '{SILENCE_SECONDS} seconds')
    and (retry_at is null or retry_at <= statement_timestamp())"""
# Whoever has the fewest versions at work comes first, then whoever waited longest for a turn; so one person's ten
# thousand files do not keep another's one file waiting.
PEOPLE_WAITING = f"""
    with waiting as (
        select uploaded_by_id, count(*) filter (where lease <> '') as at_work
        from kb_documentversion where state in ('queued', 'parsing', 'embedding', 'indexing')
        group by uploaded_by_id having bool_or({FREE})
    )
"""  # noqa: S608
TURNS = f"""
    {PEOPLE_WAITING}
    select w.uploaded_by_id from waiting w
    left join lateral (
        select started_at from kb_documentversion v
        where v.uploaded_by_id = w.uploaded_by_id and started_at is not null
        order by started_at desc limit 1
    ) last on true
    order by w.at_work, last.started_at nulls first
"""  # noqa: S608
NEXT = f"""
    select id from kb_documentversion
    where uploaded_by_id is not distinct from %s and {FREE}
    order by retry_at nulls first, id limit %s for no key update skip locked
"""  # noqa: S608
OURS = """
    select v.scope_id, d.collection_id from kb_documentversion v join kb_document d on d.id = v.document_id
    where v.id = %s and v.lease = %s for no key update of v
"""
ALL_OURS = """
    select v.id, v.scope_id, d.collection_id from kb_documentversion v join kb_document d on d.id = v.document_id
    where v.id = any(%s) and v.lease = %s order by v.id for no key update of v
"""
THESE = f"""
    select id from kb_documentversion where id = any(%s) and {FREE} order by id for no key update skip locked
"""  # noqa: S608
SOMEBODY_WAITS = f"{PEOPLE_WAITING} select exists (select from waiting where at_work = 0)"  # noqa: S608
WAITING = f"select id from kb_documentversion where {FREE} order by id limit 1000"  # noqa: S608


Thing = TypeVar("Thing")


class LeaseLost(Exception):
    """The version is no longer ours: cancelled, deleted, or taken by another worker. Stop, and write nothing."""


class TurnOver(Exception):
    """Somebody else waits while this work has gone on for long: give the version back, and go on with it later."""


@dataclass(slots=True)
class Lease:
    """Our hold on one version, and the version with its document as they stood when we took it."""

    version: DocumentVersion
    token: str
    done: int = 0
    total: int | None = None
    unit: str = ""
    _taken: float = field(default_factory=time.monotonic)
    _pulsed: float = field(default_factory=time.monotonic)
    _writes: bool = False

    @property
    def version_id(self) -> int:
        return self.version.pk

    @contextmanager
    def writing(self) -> Iterator[DocumentVersion]:
        """One transaction in which the version is locked and still ours, and stands in its document's present scope.

        Inside another such block it is that one's transaction.

        Raises:
            LeaseLost
        """
        if self._writes:
            yield self.version
            return
        with acting_as_system(), connection.cursor() as cursor:
            cursor.execute(OURS, [self.version_id, self.token])
            if (row := cursor.fetchone()) is None:
                raise LeaseLost(self.version_id)
            self.version.scope_id, self.version.document.collection_id = row  # it may have been moved or narrowed
            self._writes = True
            try:
                yield self.version
            finally:
                self._writes = False

    def pulse(self) -> None:
        """Say that we are alive, and how far we are. Cheap: most calls do nothing.

        Raises:
            LeaseLost
        """
        if time.monotonic() - self._pulsed < PULSE_SECONDS:
            return
        self._pulsed = time.monotonic()
        self._update()

    def begin_turn(self) -> None:
        """Let `turn_is_over` count from now."""
        self._taken = time.monotonic()

    def turn_is_over(self) -> bool:
        """Whether the work has gone on for `TURN_SECONDS`, and somebody waits for whom no worker does anything."""
        if time.monotonic() - self._taken < TURN_SECONDS:
            return False
        with acting_as_system(), connection.cursor() as cursor:
            cursor.execute(SOMEBODY_WAITS)
            return bool(cursor.fetchone()[0])

    def begin(self, state: State, unit: str, total: int | None = None, done: int = 0) -> None:
        """Enter a stage: its name is what people see.

        Raises:
            LeaseLost
        """
        self.done, self.total, self.unit = done, total, unit
        self._update(state=state)

    def _update(self, **fields: Any) -> None:
        progress = {"progress_done": self.done, "progress_total": self.total, "progress_unit": self.unit[:20]}
        with acting_as_system():
            if not self._ours().update(heartbeat_at=Now(), **progress, **fields):
                raise LeaseLost(self.version_id)

    def set(self, **fields: Any) -> None:
        """Inside `writing()`, or after `hold`: change columns of the version."""
        for name, value in fields.items():
            setattr(self.version, name, value)
        self._ours().update(**fields)

    def end(self, **fields: Any) -> bool:
        """Give the version back with these columns set; False when it was no longer ours."""
        with acting_as_system():
            return bool(self._ours().update(lease="", heartbeat_at=Now(), **fields))

    def _ours(self) -> QuerySet[DocumentVersion]:
        return DocumentVersion.objects.filter(pk=self.version_id, lease=self.token)


def new_token() -> str:
    """A lease that nobody else has, with the machine and the process that take it."""
    return f"{socket.gethostname()[:24]}:{os.getpid()}:{uuid.uuid4().hex[:16]}"


def unheld(silence: float) -> Q:
    """Which `Leased` work is nobody's: never taken, given back, or its worker silent for so many seconds."""
    return Q(lease="") | Q(heartbeat_at__lt=timezone.now() - timedelta(seconds=silence))


def claim(version_id: int | None = None) -> Lease | None:
    """Take the next free version in fair order, or `version_id` if that is free; None when there is nothing to take."""
    taken = claim_some(1 if version_id is None else [version_id])
    return taken[0] if taken else None


def claim_some(
    wanted: int | Sequence[int],
    together: Callable[[Sequence[DocumentVersion]], Sequence[DocumentVersion]] = lambda versions: versions[:1],
) -> list[Lease]:
    """Take free versions: the next ones in fair order, all of one person, or those of a list that are free.

    Args:
        wanted: how many at most, or their numbers.
        together: chooses which of them are taken, given all of them in the order of their turn.
    """
    token = new_token()
    with acting_as_system():
        free = _lock_next(wanted) if isinstance(wanted, int) else _lock_these(wanted)
        if not free:
            return []
        found = DocumentVersion.objects.select_related("document").in_bulk(free)
        chosen = together([found[pk] for pk in free])
        for version in chosen:
            version.state = State.EMBEDDING if version.parsed_at else State.PARSING
            version.attempts += 1
        DocumentVersion.objects.filter(pk__in=[version.pk for version in chosen]).update(
            lease=token,
            state=Case(When(parsed_at__isnull=True, then=Value(State.PARSING)), default=Value(State.EMBEDDING)),
            attempts=F("attempts") + 1,
            heartbeat_at=Now(),
            started_at=Now(),
            retry_at=None,
            progress_done=0,
            progress_total=None,
        )
    return [Lease(version, token) for version in chosen]


def hold(leases: Sequence[Lease]) -> list[Lease]:
    """Inside a transaction that locks their documents: lock the versions, and tell which are still ours.

    Those stand in their documents' present scopes.
    """
    places: dict[int, tuple[int, int]] = {}
    for token in {lease.token for lease in leases}:
        with connection.cursor() as cursor:
            cursor.execute(ALL_OURS, [[lease.version_id for lease in leases if lease.token == token], token])
            places |= {pk: (scope, collection) for pk, scope, collection in cursor.fetchall()}
    ours = [lease for lease in leases if lease.version_id in places]
    for lease in ours:
        lease.version.scope_id, lease.version.document.collection_id = places[lease.version_id]
    return ours


def waited_for(future: "Future[Thing]", pulse: Callable[[], None], seconds: float = LOOK_SECONDS) -> Thing:
    """The result of slow work in another thread, `pulse()` going on every so many seconds meanwhile. Raises what either
    raises."""
    while True:
        try:
            return future.result(timeout=seconds)
        except TimeoutError:
            if future.done():
                return future.result()
            pulse()


def waiting() -> list[int]:
    """The versions that a worker could take now, oldest first, at most a thousand."""
    with acting_as_system(), connection.cursor() as cursor:
        cursor.execute(WAITING)
        return [row[0] for row in cursor.fetchall()]


def _lock_next(most: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(TURNS)
        for (person_id,) in cursor.fetchall():
            cursor.execute(NEXT, [person_id, most])
            if rows := cursor.fetchall():
                return [row[0] for row in rows]
    return []


def _lock_these(version_ids: Sequence[int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(THESE, [list(version_ids)])
        return [row[0] for row in cursor.fetchall()]
