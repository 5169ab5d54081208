"""The connections to model servers, and what their failures mean.

One long-lived `openai` client, with its pool of connections, per server and event loop; one per process for calls
that block. The client library's own repeats are off: `llm.retries` decides.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import Callable
from functools import cache
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2
import orjson
from openai import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
    DefaultAsyncHttpx2Client,
    DefaultHttpx2Client,
    OpenAI,
)

from llm.errors import ModelError, classify, is_failure
from llm.profiles import Endpoint, Limits, Profile
from llm.retries import Limiter, Retries

Result = TypeVar("Result")
TRANSPORT_ERRORS = (APIError, httpx2.HTTPError, httpx2.StreamError, TimeoutError)

_of_loop: dict[asyncio.AbstractEventLoop, dict[tuple[Endpoint, Limits], AsyncOpenAI]] = {}
_blocking: dict[tuple[Endpoint, Limits, float], OpenAI] = {}
_lock = Lock()


def async_client(endpoint: Endpoint, limits: Limits) -> AsyncOpenAI:
    """The running event loop's client for a server."""
    loop = asyncio.get_running_loop()
    with _lock:
        for closed in [known for known in _of_loop if known.is_closed()]:
            del _of_loop[closed]
        clients = _of_loop.setdefault(loop, {})
        if (endpoint, limits) not in clients:
            clients[endpoint, limits] = AsyncOpenAI(
                base_url=endpoint.base_url,
                api_key=endpoint.api_key or "none",
                max_retries=0,
                http_client=DefaultAsyncHttpx2Client(**_transport(endpoint, limits, limits.chunk)),
            )
        return clients[endpoint, limits]


def blocking_client(endpoint: Endpoint, limits: Limits, seconds: float) -> OpenAI:
    """This process's client for calls that block, each for `seconds` at most between two pieces of a reply."""
    with _lock:
        key = (endpoint, limits, seconds)
        if key not in _blocking:
            _blocking[key] = OpenAI(
                base_url=endpoint.base_url,
                api_key=endpoint.api_key or "none",
                max_retries=0,
                http_client=DefaultHttpx2Client(**_transport(endpoint, limits, seconds)),
            )
        return _blocking[key]


def blocking_call(
    attempt: Callable[[], Result], limiter: Limiter, limits: Limits, seconds: float, profile: Profile
) -> Result:
    """Do `attempt`, repeated as its failures allow until `seconds` have passed. Raises ModelError."""
    retries = Retries(time.monotonic() + seconds, limits.patience)
    while True:
        time.sleep(limiter.reserve())
        try:
            return attempt()
        except TRANSPORT_ERRORS as failure:
            error = model_error(failure, profile)
            cause: Exception | None = failure
        except ModelError as failure:
            error, cause = failure, failure.__cause__ if isinstance(failure.__cause__, Exception) else None
        wait = retries.wait(error)
        if wait is None:
            raise error from cause
        if error.kind == "rate_limit":
            limiter.pause(wait)
        time.sleep(wait)


def read_json(content: bytes) -> Any:
    """The JSON of a 200 reply. Raises ModelError if it is a web page, not JSON, or an error after all."""
    try:
        reply = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        failure = classify(200, content)
        unreadable = ModelError("bad_output", "The reply is not JSON.", wait="once")
        raise (failure if failure.advice == "address" else unreadable) from error
    if is_failure(reply):
        raise classify(None, reply)
    return reply


def model_error(error: Exception, profile: Profile, *, begun: bool = False) -> ModelError:
    """What a failure of the client library or of the connection means. `begun`: part of the reply has come."""
    if isinstance(error, APIStatusError):
        headers = error.response.headers
        return classify(
            error.status_code,
            error.response.content,
            request_id=headers.get("x-request-id", ""),
            retry_after=_seconds(headers.get("retry-after")),
            quota_is_billing=profile.quota_is_billing,
        )
    cause = error.__cause__ if isinstance(error, APIConnectionError) and error.__cause__ else error
    detail = f"{type(cause).__name__}: {cause}"
    if isinstance(cause, httpx2.PoolTimeout):
        return ModelError("overloaded", "Too many requests are under way in this process.", wait="brief")
    if isinstance(cause, httpx2.ConnectTimeout):
        return ModelError("connection", detail, wait="limited")
    if isinstance(cause, (APITimeoutError, httpx2.TimeoutException, TimeoutError)):
        return ModelError("timeout", detail, wait="once")
    if begun:
        return ModelError("truncated", detail, wait="once")
    return ModelError("connection", detail, wait="limited")


def _transport(endpoint: Endpoint, limits: Limits, read: float) -> dict[str, Any]:
    """Time-outs, pool and trust. A server on this machine is never asked through the environment's proxy."""
    return {
        "timeout": httpx2.Timeout(connect=limits.connect, read=read, write=30, pool=30),
        "limits": httpx2.Limits(max_connections=limits.connections, max_keepalive_connections=limits.connections),
        "trust_env": urlsplit(endpoint.base_url).hostname not in ("127.0.0.1", "localhost", "::1"),
        "verify": _trust(),
    }


@cache
def _trust() -> ssl.SSLContext:
    """Reading the machine's certificates takes a tenth of a second; all clients share them."""
    return httpx2.create_ssl_context()


def _seconds(retry_after: str | None) -> float | None:
    try:
        return max(0.0, float(retry_after)) if retry_after else None
    except ValueError:
        return None


def _forget() -> None:
    _blocking.clear()
    _of_loop.clear()


# A forked worker must not share its parent's sockets.
os.register_at_fork(after_in_child=_forget)
