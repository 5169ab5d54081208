"""Where the request at work comes from: its address, and whether a session or a key opened it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.utils.decorators import sync_and_async_middleware


@dataclass(slots=True)
class Origin:
    """`via` is session, key, or server where no request is at work. Whoever finds a key's person adds the `key`."""

    address: str | None = None
    via: str = "server"
    key: str = ""


_origin: ContextVar[Origin | None] = ContextVar("origin", default=None)


def origin() -> Origin:
    """Of the request at work; of the server itself where there is none."""
    return _origin.get() or Origin()


def came_by_key(prefix: str) -> None:
    """Remember that the request at work was opened by an API key that begins like this."""
    if (at_work := _origin.get()) is not None:
        at_work.via, at_work.key = "key", prefix


@sync_and_async_middleware
def remember_origin(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Lets what is recorded during a request know where it came from."""

    if iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> Any:
            with _at_work(request):
                return await get_response(request)

        return asynchronous

    def synchronous(request: HttpRequest) -> Any:
        with _at_work(request):
            return get_response(request)

    return synchronous


@contextmanager
def _at_work(request: HttpRequest) -> Iterator[None]:
    token = _origin.set(Origin(request.META.get("REMOTE_ADDR") or None, "session"))
    try:
        yield
    finally:
        _origin.reset(token)
