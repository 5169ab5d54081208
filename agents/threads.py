"""Database work from asynchronous code: short blocks in a worker thread, with no connection kept between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import connection

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call `function` in a worker thread; afterwards its connection goes back to the pool, or is closed.

    What follows may be minutes of waiting for a model, and no connection waits with it.
    """

    def block() -> T:
        try:
            return function(*args, **kwargs)
        finally:
            connection.close()

    return await sync_to_async(block, thread_sensitive=False)()


async def release_connection() -> None:
    """Give back the connection that the surrounding request has used so far; it gets another when it needs one.

    Django keeps it until the answer's last byte: a few dozen answers that are being followed would hold the whole pool.
    """
    await sync_to_async(_close)()


def _close() -> None:
    if not connection.in_atomic_block:
        connection.close()
