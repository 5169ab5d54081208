"""The ASGI application: Django, and beside it the Model Context Protocol."""

import asyncio
import gc
import importlib
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Requests are many and short here: they share connections. Commands and workers keep one connection each instead.
os.environ.setdefault("DATABASE_POOL", "20")

from django.core.asgi import get_asgi_application
from django.db import DatabaseError

django_application = get_asgi_application()

from agents.runs import take_up_abandoned  # noqa: E402
from agents.threads import in_thread  # noqa: E402
from config.bodies import bounded, refuse  # noqa: E402

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[Any], Awaitable[None]]

MCP_PATH = "/mcp"
SWITCH_SECONDS = 0.001
"""A thread that computes lets another one go on after so long. Every answer is begun in several short pieces, in
threads, and Python's own five milliseconds would be waited for before most of them."""
logger = logging.getLogger(__name__)


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Hand each request to its part; start and stop what lives as long as the server does."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "http" and scope["path"].rstrip("/") == MCP_PATH:
        await model_context_protocol.answer({**scope, "path": MCP_PATH}, receive, send)
    else:
        await bounded(django_application, scope, receive, send)


async def lifespan(receive: Receive, send: Send) -> None:
    """The ASGI lifespan protocol: the Model Context Protocol, and answers that a process before broke off."""
    await receive()
    sys.setswitchinterval(SWITCH_SECONDS)
    ending = asyncio.Event()
    beside = asyncio.gather(take_up(), model_context_protocol.live(ending))
    await send({"type": "lifespan.startup.complete"})
    await receive()
    ending.set()
    await beside
    await send({"type": "lifespan.shutdown.complete"})


async def take_up() -> None:
    """Go on with abandoned runs; a database that does not answer yet is no reason not to start."""
    try:
        await in_thread(take_up_abandoned)
    except DatabaseError as error:
        logger.warning("Abandoned runs could not be taken up: %s", error)


def keep_loaded() -> None:
    """Leave what the start has loaded out of garbage collection: all answers would stand still for a fifth of a second
    each time it is gone through."""
    gc.collect()
    gc.freeze()


class ModelContextProtocol:
    """Loads the protocol beside the server's start: its library takes a second that the pages need not wait for."""

    def __init__(self) -> None:
        self._loaded: asyncio.Future[Any] | None = None

    async def live(self, ending: asyncio.Event) -> None:
        """Serve from now until `ending` is set."""
        self._loaded = asyncio.get_running_loop().create_future()
        module = await asyncio.to_thread(importlib.import_module, "agents.mcp")
        door = module.McpApplication()
        async with door.running():
            keep_loaded()
            self._loaded.set_result(door)
            await ending.wait()

    async def answer(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request, as soon as the protocol is loaded."""
        if self._loaded is None:
            await refuse(send, 503, "The server has not started completely. Try again.")
            return
        door = await asyncio.shield(self._loaded)
        await door(scope, receive, send)


model_context_protocol = ModelContextProtocol()
