"""How the knowledge base fares, at a glance: what stands where, who works on it, and how much room is left.

A few queries, none of which grows with what is asked of a single document.
"""

from __future__ import annotations

import shutil
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import connection
from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from kb.access import acting_as_system, acting_for_library
from kb.descriptions import review_due
from kb.models import WORKING, Document, DocumentVersion, State
from kb.models_sources import Source
from kb.models_workers import Worker

SILENCE = timedelta(seconds=90)
"""The sweep runs every twenty seconds; a worker that was not heard of for so long does not work."""
FORGOTTEN = timedelta(days=1)
LITTLE_ROOM = 0.1
"""Share of a disk below which it should be looked after."""


def report_worker() -> None:
    """Say that this machine's worker works; workers that were not heard of for a day are forgotten."""
    now = timezone.now()
    Worker.objects.update_or_create(host=socket.gethostname()[:100], defaults={"seen_at": now})
    Worker.objects.filter(seen_at__lt=now - FORGOTTEN).delete()


@dataclass(frozen=True, slots=True)
class Library:
    """Documents by the state of their latest version, and those that somebody should look at."""

    documents: int
    ready: int
    working: int
    failed: int
    to_look_at: int
    review_due: int
    sources: int
    sources_in_trouble: int


def library() -> Library:
    """All documents and sources, whoever may read them; for administrators."""
    state = "latest_version__state"
    with acting_for_library():
        documents = Document.objects.aggregate(
            documents=Count("pk"),
            ready=Count("pk", filter=Q((state, State.READY))),
            working=Count("pk", filter=Q((f"{state}__in", WORKING))),
            failed=Count("pk", filter=Q((f"{state}__in", [State.FAILED, State.CANCELLED]))),
            to_look_at=Count("pk", filter=Q(latest_version__needs_look=True)),
            review_due=Count("pk", filter=review_due()),
        )
    with acting_as_system():
        trouble = Q(state=Source.State.ASKING) | ~Q(error_code="")
        sources = Source.objects.aggregate(
            sources=Count("pk"), sources_in_trouble=Count("pk", filter=trouble & ~Q(state=Source.State.PAUSED))
        )
    return Library(**documents, **sources)


@dataclass(frozen=True, slots=True)
class Queue:
    """Versions that wait or are at work, since when the first of them waits, and the machines that work on them."""

    waiting: int
    at_work: int
    waiting_since: datetime | None
    workers: list[str]
    seen_at: datetime | None

    @property
    def alive(self) -> bool:
        return self.seen_at is not None and timezone.now() - self.seen_at < SILENCE


def queue() -> Queue:
    """What is to be done. A worker that reads a long document is known by the version's heartbeat."""
    waiting = Q(state=State.QUEUED)
    with acting_as_system():
        found = DocumentVersion.objects.filter(state__in=WORKING).aggregate(
            waiting=Count("pk", filter=waiting),
            at_work=Count("pk", filter=~waiting),
            since=Min("created_at", filter=waiting),
            heartbeat=Max("heartbeat_at"),
        )
    seen = dict(Worker.objects.order_by("host").values_list("host", "seen_at"))
    fresh = timezone.now() - SILENCE
    return Queue(
        waiting=found["waiting"],
        at_work=found["at_work"],
        waiting_since=found["since"],
        workers=[host for host, at in seen.items() if at >= fresh],
        seen_at=max([*seen.values(), *filter(None, [found["heartbeat"]])], default=None),
    )


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk of the machine that answers, in bytes."""

    path: str
    free: int
    total: int

    @property
    def used_percent(self) -> int:
        return round(100 * (self.total - self.free) / self.total) if self.total else 0

    @property
    def is_short(self) -> bool:
        return self.free < LITTLE_ROOM * self.total


def disks() -> list[Disk]:
    """The disks that hold `VAR_DIR` and, where they are another one's, the uploaded files."""
    folders = [Path(settings.VAR_DIR)]
    if settings.STORAGE_URL.startswith("file://"):
        folders.append(Path(unquote(urlsplit(settings.STORAGE_URL).path)))
    found: dict[int, Disk] = {}
    for folder in folders:
        while not folder.exists():
            folder = folder.parent
        room = shutil.disk_usage(folder)
        found.setdefault(folder.stat().st_dev, Disk(str(folder), room.free, room.total))
    return list(found.values())


def database_size() -> int:
    """Bytes that the database takes on its server's disk."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_database_size(current_database())")
        return int(cursor.fetchone()[0])
