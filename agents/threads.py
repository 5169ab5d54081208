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
