"""A run's events as server-sent events (WHATWG HTML, section 9.2): one frame each, and a comment when nothing happens.

`id` is the event's number in the run, so a browser that comes back sends it as `Last-Event-ID` and goes on there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeVar
from uuid import UUID

import orjson

from agents.events import Event, to_data
from agents.runs import follow

T = TypeVar("T")

HEADERS = {"Cache-Control": "private, no-store", "X-Accel-Buffering": "no"}
SILENCE_SECONDS = 15.0
ALIVE = b": still at work\n\n"


async def frames(run_id: UUID, after_seq: int = 0) -> AsyncIterator[bytes]:
    """The run's events after `after_seq` as frames, until its last event.

    Proxies close connections on which nothing comes, so after `SILENCE_SECONDS` a comment is sent.
    """
    async for item in with_silences(follow(run_id, after_seq), SILENCE_SECONDS):
        yield ALIVE if item is None else frame(*item)


def frame(seq: int, event: Event) -> bytes:
    """One event as a frame. JSON has no line breaks of its own, so one `data` line is enough."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (seq, event.kind.encode(), orjson.dumps(to_data(event)))


def event_number(text: str | None) -> int:
    """The number that a client sends back as `Last-Event-ID`; 0, the beginning, for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


async def with_silences(items: AsyncIterator[T], seconds: float | Callable[[], float]) -> AsyncIterator[T | None]:
    """The items as they come, and None each time that nothing has come for `seconds`, asked for anew at each wait."""
    iterator = aiter(items)
    waiting: asyncio.Task[T] | None = None
    try:
        while True:
            waiting = waiting or asyncio.ensure_future(_next(iterator))
            done, _ = await asyncio.wait([waiting], timeout=seconds() if callable(seconds) else seconds)
            if not done:
                yield None
                continue
            task, waiting = waiting, None
            try:
                yield task.result()
            except StopAsyncIteration:
                return
    finally:
        if waiting:
            waiting.cancel()


async def _next(iterator: AsyncIterator[T]) -> T:
    return await anext(iterator)
