"""The events of all runs at work in this process, stored together: one statement for what has come since the last.

A process that writes fifty answers would otherwise make hundreds of transactions a second. What somebody waits for is
stored at once, and takes along what waits; pieces of text that go on wait for each other for `GATHERED` seconds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress

from django.db import InterfaceError, OperationalError

from agents.journal import Addition, LeaseLost, append_together
from agents.threads import in_thread

GATHERED = 0.05


class Storing:
    """Belongs to one event loop, and to the lease of its process."""

    def __init__(self, lease: str) -> None:
        self.lease = lease
        self._pending: list[tuple[Addition, asyncio.Future[None]]] = []
        self._hurry = asyncio.Event()
        self._begun = 0.0
        self._worker: asyncio.Task[None] | None = None

    async def store(self, addition: Addition, *, hurry: bool) -> None:
        """Return when the events are stored. One addition of a run at a time.

        Raises:
            LeaseLost: when the run is not at work under this lease.
            OperationalError, InterfaceError: when the database is away; nothing was stored.
        """
        stored = asyncio.get_running_loop().create_future()
        self._pending.append((addition, stored))
        if hurry:
            self._hurry.set()
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        await stored

    async def _work(self) -> None:
        while self._pending:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), max(0.0, self._begun + GATHERED - time.monotonic()))
            self._hurry.clear()
            self._begun = time.monotonic()
            batch, self._pending = self._pending, []
            await self._store(batch)

    async def _store(self, batch: Sequence[tuple[Addition, asyncio.Future[None]]]) -> None:
        try:
            held = await in_thread(append_together, self.lease, [addition for addition, _ in batch])
        except Exception as error:
            if len(batch) > 1 and not isinstance(error, (OperationalError, InterfaceError)):
                for one in batch:  # one run's events cannot be stored: no other's stay away for that
                    await self._store([one])
                return
            for _, stored in batch:
                if not stored.done():
                    stored.set_exception(error)
            return
        for addition, stored in batch:
            if stored.done():
                continue
            if addition.run_id in held:
                stored.set_result(None)
            else:
                stored.set_exception(LeaseLost(str(addition.run_id)))
