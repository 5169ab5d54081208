"""The ASGI application: Django, and beside it the Model Context Protocol."""

import os
from collections.abc import Awaitable, Callable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Requests are many and short here: they share connections. Commands and workers keep one connection each instead.
os.environ.setdefault("DATABASE_POOL", "20")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from agents.mcp import PATH, McpApplication  # noqa: E402

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[Any], Awaitable[None]]

mcp_application = McpApplication()


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Hand each request to its part; start and stop what lives as long as the server does."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "http" and scope["path"].rstrip("/") == PATH:
        await mcp_application({**scope, "path": PATH}, receive, send)
    else:
        await django_application(scope, receive, send)


async def lifespan(receive: Receive, send: Send) -> None:
    """The ASGI lifespan protocol, for the Model Context Protocol's tasks."""
    await receive()
    async with mcp_application.running():
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await send({"type": "lifespan.shutdown.complete"})
