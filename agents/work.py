"""The runs at work in this process.

They are tasks on one event loop in a thread of its own: a view, an async endpoint, a command and a Celery task start
them alike, and a client that goes away ends none. One keeper writes the heartbeat of all of them, and reads whether
somebody has cancelled one or taken it over.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from typing import Literal
from uuid import UUID

import uvloop
from django.db import Error as DatabaseError
from django.db import transaction
from django.utils import timezone

from agents.events import Cancelled, Event, Failed
from agents.journal import LeaseLost, stored_after
from agents.live import Live
from agents.models import Run, RunState
from agents.storing import Storing
from agents.threads import in_thread
from agents.writer import INTERVAL, Writer
from llm.errors import ModelError

logger = logging.getLogger(__name__)

HEARTBEAT = 5.0
LOOK = 0.5
THREADS = 16
Why = Literal["cancelled", "lost", "kept"]
Answer = Callable[[Run, list[Event]], AsyncIterator[Event]]


class Again:
    """The run goes on by what its row says now."""


BUG = Failed(
    "internal",
    "Something went wrong on our side, and it has been recorded. Please ask again.",
    "系统内部出错，错误已记录。请重新提问。",
    retry=True,
)


class Workshop:
    """One process' event loop for runs, its lease, and its tasks."""

    def __init__(self, answer: Answer) -> None:
        self.lease = f"{socket.gethostname()[:30]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._answer = answer
        self._tasks: dict[UUID, asyncio.Task[None]] = {}  # strong references: the loop itself keeps weak ones
        self._lives: dict[UUID, Live] = {}
        self._why: dict[UUID, Why] = {}
        self._kept: set[UUID] = set()
        self._keeper: asyncio.Task[None] | None = None
        self._fresh: dict[UUID, Run] = {}
        self._storing = Storing(self.lease)
        self._loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(THREADS, "runs-database"))
        threading.Thread(target=self._loop.run_forever, name="runs", daemon=True).start()

    def submit(self, run_id: UUID, last_seq: int, fresh: Run | None = None) -> None:
        """Begin to work on a run that stands under this process' lease. Thread-safe; returns at once.

        `fresh` is the run where it has just been made, so that nobody has to read it again.
        """
        self._lives[run_id] = Live(last_seq)
        if fresh is not None:
            self._fresh[run_id] = fresh
        self._loop.call_soon_threadsafe(self._begin, run_id)

    def live(self, run_id: UUID) -> Live | None:
        """The run's events here, when it is at work in this process."""
        return self._lives.get(run_id)

    def stop(self, run_id: UUID, why: Why) -> None:
        """End the work on a run, wherever it waits. Thread-safe; nothing happens when it is not at work here."""
        self._loop.call_soon_threadsafe(self._stop, run_id, why)

    def at_work(self) -> list[UUID]:
        return list(self._lives)

    def _begin(self, run_id: UUID) -> None:
        task = self._loop.create_task(self._work(run_id), name=f"run {run_id}")
        self._tasks[run_id] = task
        task.add_done_callback(lambda _: self._end(run_id))
        if self._keeper is None or self._keeper.done():
            self._keeper = self._loop.create_task(self._keep())

    def _end(self, run_id: UUID) -> None:
        self._tasks.pop(run_id, None)
        self._lives.pop(run_id, None)
        self._why.pop(run_id, None)
        self._kept.discard(run_id)

    def _stop(self, run_id: UUID, why: Why) -> None:
        task = self._tasks.get(run_id)
        if not task or run_id in self._why or (why == "kept" and run_id in self._kept):
            return
        if why == "kept":
            self._kept.add(run_id)
        self._why[run_id] = why
        task.cancel()

    async def _work(self, run_id: UUID) -> None:
        try:
            fresh = self._fresh.pop(run_id, None)
            run, past = (fresh, []) if fresh is not None else await in_thread(_load, run_id)
            interval = INTERVAL * max(1, len(self._tasks) / 40)
            writer = Writer(run_id, self._storing, past, self._lives[run_id], min(interval, 1.0))
            try:
                last: Event | Again | None = Again()
                while isinstance(last, Again):
                    last = await self._events(run, [event for _, event in past], writer)
                    if isinstance(last, Again):
                        await writer.drain()
                        run, past = await in_thread(_load, run_id)
                if last:
                    await writer.put(last)
            finally:
                await writer.close()
        except LeaseLost:
            logger.warning("Run %s goes on in another process", run_id)
        except Exception:
            # Nothing more can be stored; the lease runs out, and another process takes the run up.
            logger.exception("Run %s could not be stored", run_id)

    async def _events(self, run: Run, past: list[Event], writer: Writer) -> Event | Again | None:
        """Store the events of the answer. What ended it early, if anything did, is the event that is still to come."""
        try:
            async with aclosing(self._answer(run, past)) as events:  # type: ignore[type-var]
                async for event in events:
                    await writer.put(event)
        except asyncio.CancelledError:
            why = self._why.pop(run.pk, "lost")
            if why == "lost":
                raise LeaseLost(str(run.pk)) from None
            if task := asyncio.current_task():
                task.uncancel()
            return Cancelled() if why == "cancelled" else Again()
        except ModelError as error:
            logger.warning("Run %s: %s", run.pk, error)
            return Failed(error.kind, error.sentence("en"), error.sentence("zh-hans"), error.retry)
        except LeaseLost:
            raise
        except Exception:
            logger.exception("Run %s broke off", run.pk)
            return BUG
        return None

    async def _keep(self) -> None:
        beaten = 0.0
        while self._tasks:
            try:
                if time.monotonic() - beaten > HEARTBEAT:
                    await in_thread(_beat, self.lease)
                    beaten = time.monotonic()
                for run_id, why in await in_thread(_to_stop, list(self._tasks), self.lease):
                    self._stop(run_id, why)
            except DatabaseError:
                logger.warning("The database does not take the heartbeat of %s runs", len(self._tasks), exc_info=True)
            await asyncio.sleep(LOOK)

    def release(self) -> None:
        """Give the runs back before the process ends, so that nobody waits for the lease to run out."""
        if self._lives:
            with suppress(Exception):
                Run.objects.filter(lease=self.lease, state=RunState.RUNNING).update(heartbeat_at=None)


def _load(run_id: UUID) -> tuple[Run, list[tuple[int, Event]]]:
    run = Run.objects.select_related("person", "conversation").get(pk=run_id)
    return run, stored_after(run_id, 0).events


def _beat(lease: str) -> None:
    with transaction.atomic():
        ours = Run.objects.filter(lease=lease, state=RunState.RUNNING).order_by("pk")
        pks = list(ours.select_for_update(no_key=True).values_list("pk", flat=True))
        Run.objects.filter(pk__in=pks).update(heartbeat_at=timezone.now())


def _to_stop(run_ids: list[UUID], lease: str) -> list[tuple[UUID, Why]]:
    rows = Run.objects.filter(pk__in=run_ids, state=RunState.RUNNING)
    stops: list[tuple[UUID, Why]] = []
    for run_id, holder, cancel, keep in rows.values_list("pk", "lease", "cancel_requested", "keep_requested"):
        if holder != lease:
            stops.append((run_id, "lost"))
        elif cancel:
            stops.append((run_id, "cancelled"))
        elif keep:
            stops.append((run_id, "kept"))
    return stops


_workshop: Workshop | None = None
_starting = threading.Lock()


def workshop() -> Workshop:
    """This process' workshop, made at its first use."""
    global _workshop
    with _starting:
        if _workshop is None:
            from agents.roads import answer

            _workshop = Workshop(answer)
            atexit.register(_workshop.release)
        return _workshop


def _forget() -> None:
    """A forked child has neither the thread nor the lease of its parent."""
    global _workshop, _starting
    _workshop, _starting = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)
