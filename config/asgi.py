"""The ASGI application: Django, and beside it the Model Context Protocol."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Requests are many and short here: they share connections. Commands and workers keep one connection each instead.
os.environ.setdefault("DATABASE_POOL", "20")

from asgiref.sync import sync_to_async
from django.core.asgi import get_asgi_application
from django.db import DatabaseError

django_application = get_asgi_application()

from agents.mcp import PATH, McpApplication  # noqa: E402
from agents.runs import take_up_abandoned  # noqa: E402
from config.bodies import bounded  # noqa: E402

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[Any], Awaitable[None]]

logger = logging.getLogger(__name__)
mcp_application = McpApplication()


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Hand each request to its part; start and stop what lives as long as the server does."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "http" and scope["path"].rstrip("/") == PATH:
        await mcp_application({**scope, "path": PATH}, receive, send)
    else:
        await bounded(django_application, scope, receive, send)


async def lifespan(receive: Receive, send: Send) -> None:
    """The ASGI lifespan protocol: the Model Context Protocol's tasks, and answers that a process before broke off."""
    await receive()
    async with mcp_application.running():
        going_on = asyncio.create_task(take_up())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await going_on
    await send({"type": "lifespan.shutdown.complete"})


async def take_up() -> None:
    """Go on with abandoned runs; a database that does not answer yet is no reason not to start."""
    try:
        await sync_to_async(take_up_abandoned, thread_sensitive=False)()
    except DatabaseError as error:
        logger.warning("Abandoned runs could not be taken up: %s", error)
