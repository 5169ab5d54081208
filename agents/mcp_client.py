"""Asking a server of the Model Context Protocol (streamable HTTP): which tools it has, and calling one.

Each question is a connection of its own, through the gate, with limits of time and size. What comes back was written
by somebody else: it is cut, freed of what cannot be seen or stored, and handed on as data.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult, EmbeddedResource, ResourceLink, TextContent, TextResourceContents, Tool

from agents.invisible import visible
from agents.storable import cleaned
from agents.tool_servers import Address, FoundTool
from kb.errors import DocumentError
from kb.fetching import checked_url, gate
from kb.guarded_transport import GuardedTransport

SECONDS = 40.0
IDLE_SECONDS = 30.0
LISTING_SECONDS = 20.0
ANSWER_BYTES = 1 << 20
RESULT_CHARACTERS = 12_000
TOOLS = 100
PAGES = 5
NAME_CHARACTERS = 128
DESCRIPTION_CHARACTERS = 1_000
SCHEMA_CHARACTERS = 6_000
ANYTHING = {"type": "object", "additionalProperties": True}


async def tools_of(address: Address) -> list[FoundTool]:
    """The tools that a server has.

    Raises:
        DocumentError: what `kb.fetching` says of addresses, answer_too_large, mcp_failed.
    """
    found: list[FoundTool] = []
    cursor: str | None = None
    async with _asking(address, LISTING_SECONDS) as client:
        for _ in range(PAGES):
            page = await client.list_tools(cursor=cursor)
            found += [_described(tool) for tool in page.tools if 0 < len(tool.name) <= NAME_CHARACTERS]
            cursor = page.next_cursor
            if not cursor or len(found) >= TOOLS:
                break
    return found[:TOOLS]


async def call_tool(address: Address, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What a tool answers: `text` or `data`, and `error` where the tool itself says that it failed.

    Raises:
        DocumentError: as `tools_of`.
    """
    async with _asking(address, SECONDS) as client:
        return _told(await client.session.call_tool(name, dict(arguments)))


@asynccontextmanager
async def _asking(address: Address, seconds: float) -> AsyncGenerator[Client]:
    """A connection to a server; whatever breaks it becomes a DocumentError."""
    url = checked_url(address.url)
    transport = GuardedTransport(gate(), ANSWER_BYTES)
    headers = {address.header: address.value} if address.value else {}
    waits = httpx2.Timeout(IDLE_SECONDS, connect=10)
    try:
        async with (
            asyncio.timeout(seconds),
            httpx2.AsyncClient(transport=transport, headers=headers, timeout=waits, trust_env=False) as http,
            Client(
                streamable_http_client(str(url), http_client=http, max_sse_event_size=ANSWER_BYTES), cache=None
            ) as client,
        ):
            yield client
    except TimeoutError as error:
        raise DocumentError("too_slow", host=url.host) from error
    except DocumentError:
        raise
    except Exception as error:
        raise transport.refusal or _failed(error, url.host, transport.status) from error


def _failed(error: BaseException, host: str, status: int) -> DocumentError:
    """Why a server could not be asked: its own sentence, its status, or that it does not speak the protocol."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if status in (301, 302, 303, 307, 308):
        return DocumentError("mcp_redirected", host=host)
    if status >= 400 and status != 404:
        return DocumentError("mcp_answered_with", host=host, status=status)
    said = _clean(error.message)[:300] if isinstance(error, MCPError) else type(error).__name__
    return DocumentError("mcp_failed", host=host, said=said)


def _described(tool: Tool) -> FoundTool:
    schema = cleaned({key: value for key, value in tool.input_schema.items() if key != "$schema"})
    fits = len(json.dumps(schema)) <= SCHEMA_CHARACTERS and schema.get("type", "object") == "object"
    return FoundTool(
        name=_clean(tool.name),
        title=_clean(tool.title or "")[:200],
        description=_clean(tool.description or "")[:DESCRIPTION_CHARACTERS],
        schema={"type": "object", **schema} if fits else dict(ANYTHING),
        reads=bool(tool.annotations and tool.annotations.read_only_hint),
    )


def _told(result: CallToolResult) -> dict[str, Any]:
    """A result as data: structured where it is and fits, else its texts; pictures and sounds are named alone."""
    text = _clean("\n".join(map(_text, result.content)))
    if result.is_error:
        return {"error": text[:1_000] or "The tool failed and said no more."}
    structured = result.structured_content
    if structured is not None and len(json.dumps(structured, ensure_ascii=False)) <= RESULT_CHARACTERS:
        return {"data": cleaned(_seen(structured))}
    if len(text) > RESULT_CHARACTERS:
        return {"text": text[:RESULT_CHARACTERS], "cut": f"The result has {len(text)} characters. Ask for less."}
    return {"text": text}


def _text(block: Any) -> str:
    match block:
        case TextContent():
            return block.text
        case ResourceLink():
            return f"{block.name}: {block.uri}"
        case EmbeddedResource(resource=TextResourceContents() as resource):
            return resource.text
    return f"({getattr(block, 'type', 'something')} left out)"


def _clean(text: str) -> str:
    return str(cleaned(visible(text)))


def _seen(value: Any) -> Any:
    """Data without what people would not see of it."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {visible(str(key)): _seen(item) for key, item in value.items()}
    return [_seen(item) for item in value] if isinstance(value, list) else value
