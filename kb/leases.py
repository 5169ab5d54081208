"""Who works on which version: taken in fair order, kept by a heartbeat, lost to whoever takes it after a silence.

A worker changes a version, and everything below it, inside `Lease.writing()` only: one short transaction that locks
the version's row and finds the lease still ours. So a worker that was given up for dead, a cancelled one and one whose
document was deleted write nothing more, and two never write at once.
"""

import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now

from kb.access import acting_as_system
from kb.models import DocumentVersion, State

SILENCE_SECONDS = 60
"""A worker not heard of for so long is taken for dead."""
PULSE_SECONDS = 2
"""Progress and heartbeat are written no more often; cancelling is noticed no later."""

FREE = f"""state in ('queued', 'parsing', 'embedding', 'indexing')
    and (lease = '' or heartbeat_at < statement_timestamp() - interval '{SILENCE_SECONDS} seconds')
    and (retry_at is null or retry_at <= statement_timestamp())"""
# Whoever has the fewest versions at work comes first, then whoever waited longest for a turn; so one person's ten
# thousand files do not keep another's one file waiting.
TURNS = f"""
    with waiting as (
        select uploaded_by_id, count(*) filter (where lease <> '') as at_work
        from kb_documentversion where state in ('queued', 'parsing', 'embedding', 'indexing')
        group by uploaded_by_id having bool_or({FREE})
    )
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
    order by retry_at nulls first, id limit 1 for no key update skip locked
"""  # noqa: S608
OURS = """
    select v.scope_id, d.collection_id from kb_documentversion v join kb_document d on d.id = v.document_id
    where v.id = %s and v.lease = %s for no key update of v
"""
THIS = f"select id from kb_documentversion where id = %s and {FREE} for no key update skip locked"  # noqa: S608
WAITING = f"select id from kb_documentversion where {FREE} order by id limit 1000"  # noqa: S608


class LeaseLost(Exception):
    """The version is no longer ours: cancelled, deleted, or taken by another worker. Stop, and write nothing."""


@dataclass(slots=True)
class Lease:
    """Our hold on one version, and the version with its document as they stood when we took it."""

    version: DocumentVersion
    token: str
    done: int = 0
    total: int | None = None
    unit: str = ""
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
        """Inside `writing()`: change columns of the version."""
        for name, value in fields.items():
            setattr(self.version, name, value)
        self._ours().update(**fields)

    def end(self, **fields: Any) -> bool:
        """Give the version back with these columns set; False when it was no longer ours."""
        with acting_as_system():
            return bool(self._ours().update(lease="", heartbeat_at=Now(), **fields))

    def _ours(self) -> QuerySet[DocumentVersion]:
        return DocumentVersion.objects.filter(pk=self.version_id, lease=self.token)


def claim(version_id: int | None = None) -> Lease | None:
    """Take the next free version in fair order, or `version_id` if that is free; None when there is nothing to take."""
    token = f"{socket.gethostname()[:24]}:{os.getpid()}:{uuid.uuid4().hex[:16]}"
    with acting_as_system():
        chosen = _lock_next() if version_id is None else _lock_one(version_id)
        if chosen is None:
            return None
        version = DocumentVersion.objects.select_related("document").get(pk=chosen)
        version.state = State.EMBEDDING if version.parsed_at else State.PARSING
        version.attempts += 1
        DocumentVersion.objects.filter(pk=chosen).update(
            lease=token,
            state=version.state,
            attempts=version.attempts,
            heartbeat_at=Now(),
            started_at=Now(),
            retry_at=None,
            progress_done=0,
            progress_total=None,
        )
    return Lease(version, token)


def waiting() -> list[int]:
    """The versions that a worker could take now, oldest first, at most a thousand."""
    with acting_as_system(), connection.cursor() as cursor:
        cursor.execute(WAITING)
        return [row[0] for row in cursor.fetchall()]


def _lock_next() -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(TURNS)
        for (person_id,) in cursor.fetchall():
            cursor.execute(NEXT, [person_id])
            if (row := cursor.fetchone()) is not None:
                return int(row[0])
    return None


def _lock_one(version_id: int) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(THIS, [version_id])
        row = cursor.fetchone()
    return None if row is None else int(row[0])
