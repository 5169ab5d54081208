"""Runs at work in this process, for those who follow them here: the events in memory, and a bell for new ones."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress

from agents.journal import Numbered


class Live:
    """The stored events of one run since this process took it up. Followers may sit in other event loops."""

    def __init__(self, last_seq: int) -> None:
        self._before = last_seq
        self._events: list[Numbered] = []
        self._lock = threading.Lock()
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def after(self, seq: int) -> list[Numbered] | None:
        """The events after `seq`, or None when older ones have to be read from the database first."""
        return None if seq < self._before else self._events[seq - self._before :]

    def publish(self, numbered: Sequence[Numbered]) -> None:
        """Show events that are stored, in order, and wake whoever waits."""
        with self._lock:
            self._events.extend(numbered)
            waiting, self._waiting = self._waiting, set()
        for loop, bell in waiting:
            with suppress(RuntimeError):  # that loop has closed; nobody waits there any more
                loop.call_soon_threadsafe(bell.set)

    async def wait(self, seq: int, seconds: float) -> None:
        """Return when there is an event after `seq`, or after `seconds`."""
        bell = asyncio.Event()
        ticket = (asyncio.get_running_loop(), bell)
        with self._lock:
            if seq < self._before + len(self._events):
                return
            self._waiting.add(ticket)
        with suppress(TimeoutError):
            await asyncio.wait_for(bell.wait(), seconds)
        with self._lock:
            self._waiting.discard(ticket)
