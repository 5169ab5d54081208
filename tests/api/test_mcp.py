"""The Model Context Protocol over HTTP, with the protocol's own client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from django.test import override_settings
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.api.asking import ANSWER, broken, good
from tests.world import CANARY, World

TOOLS = ["ask", "find_in_documents", "list_documents", "query_tables", "read_document", "search_knowledge"]


@asynccontextmanager
async def connected(world: World, name: str, mode: str = "auto") -> AsyncIterator[Client]:
    """A session of somebody's."""
    async with (
        httpx2.AsyncClient(headers=world.bearer(name), timeout=30) as http,
        Client(streamable_http_client(f"{world.site}/mcp", http_client=http), mode=mode) as client,
    ):
        yield client


async def called(client: Client, tool: str, **arguments: Any) -> tuple[bool, Any]:
    result = await client.call_tool(tool, arguments)
    return bool(result.is_error), result.structured_content if not result.is_error else str(result.content)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_tools_are_listed_and_described(world: World, mode: str) -> None:
    async with connected(world, "bob", mode) as client:
        tools = (await client.list_tools()).tools
        assert sorted(tool.name for tool in tools) == TOOLS
        assert all(tool.description for tool in tools)
        assert "cited" in str(client.instructions) or "citations" in str(client.instructions)


async def test_searching_and_reading(world: World) -> None:
    async with connected(world, "bob") as client:
        failed, found = await called(client, "search_knowledge", query="hotel in Berlin", limit=3)
        assert not failed
        hit = found["passages"][0]
        assert hit["document"] == world.documents["travel"].pk
        assert "180 euros" in hit["text"]
        failed, read = await called(client, "read_document", document=hit["document"])
        assert not failed
        assert read["document"]["title"] == "Travel policy"
        assert any("180 euros" in passage["text"] for passage in read["passages"])
        assert {"version", "start", "end"} <= set(read["passages"][0])
        failed, listed = await called(client, "list_documents")
        assert not failed
        assert [document["title"] for document in listed["documents"]] == ["Leave policy", "Travel policy"]
        failed, places = await called(client, "find_in_documents", text="180 euros")
        assert not failed
        assert places["matches"] == 1


async def test_searches_and_lists_are_narrowed(world: World) -> None:
    async with connected(world, "bob") as client:
        for tool in ("search_knowledge", "list_documents"):
            words = {"query": "hotel in Berlin"} if tool == "search_knowledge" else {}
            part = "passages" if tool == "search_knowledge" else "documents"
            failed, found = await called(client, tool, **words, types=["markdown"], languages=["en"])
            assert not failed
            assert found[part]
            for narrower in ({"types": ["pdf"]}, {"tags": ["nowhere"]}, {"dated_to": "1999-01-01"}):
                failed, found = await called(client, tool, **words, **narrower)
                assert not failed
                assert found[part] == []
            dates = {"dated_from": "2026-02-01", "dated_to": "2026-01-01"}
            assert (await called(client, tool, **words, **dates))[0]
        failed, found = await called(
            client, "search_knowledge", query="hotel", collection="Handbook", as_of="2030-01-01"
        )
        assert not failed
        assert found["passages"]
        assert (await called(client, "search_knowledge", query="hotel", collection=f"People files {CANARY}"))[0]


async def test_asking(world: World) -> None:
    world.models.enqueue(good())
    async with connected(world, "bob") as client:
        failed, answer = await called(client, "ask", question="How many days of annual leave?", mode="fast")
    assert not failed
    assert answer["answer"] == ANSWER
    assert answer["citations"][0]["document"] == world.documents["leave"].pk
    assert answer["claims"][0]["support"] == "supported"


async def test_what_cannot_be_done_is_said_in_a_sentence(world: World) -> None:
    world.models.otherwise = broken()
    async with connected(world, "bob") as client:
        for tool, arguments in (
            ("search_knowledge", {"query": "  "}),
            ("read_document", {"document": 999_999}),
            ("ask", {"question": " "}),
            ("ask", {"question": "How many days?", "mode": "fast"}),
        ):
            failed, said = await called(client, tool, **arguments)
            assert failed
            assert "." in said
            assert "Traceback" not in said


async def test_everybody_reads_their_own(world: World) -> None:
    salaries = world.documents["salaries"].pk

    async def everything(name: str) -> str:
        async with connected(world, name) as client:
            calls = [
                called(client, "search_knowledge", query=f"salary head of engineering {CANARY}"),
                called(client, "read_document", document=salaries),
                called(client, "list_documents"),
                called(client, "find_in_documents", text="190,000 euros"),
                called(client, "find_in_documents", text="190,000 euros", document=salaries),
            ]
            return str(await asyncio.gather(*calls))

    # At the same time: whose request it is must not be mixed up.
    alices, bobs, alices_again = await asyncio.gather(everything("alice"), everything("bob"), everything("alice"))
    assert alices.count("190,000") == alices_again.count("190,000") > 3
    assert "190,000 euros." not in bobs.replace("find", "")
    assert CANARY not in bobs


@pytest.mark.parametrize("key", ["", "Bearer", "Bearer zn-unknown", "Basic YTpi"])
def test_without_a_valid_key(world: World, key: str) -> None:
    response = httpx2.post(f"{world.site}/mcp", json={}, headers={"Authorization": key} if key else {})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response.headers["Cache-Control"]


def test_a_host_that_is_ours_and_one_that_is_not(world: World) -> None:
    initialize = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    headers = world.bearer("bob") | {"Accept": "application/json, text/event-stream"}
    with override_settings(ALLOWED_HOSTS=["zhinang.example.com"]):
        for host, status in (("zhinang.example.com", 200), ("zhinang.example.com:443", 200), ("evil.test", 400)):
            response = httpx2.post(f"{world.site}/mcp", json=initialize, headers=headers | {"Host": host})
            assert response.status_code == status, response.text
