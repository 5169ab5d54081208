"""A word that stands in alice's documents alone never comes to bob, by whatever way he asks; to her it does.

The scripted model repeats all that it is told, so what reaches a model would reach the answer.
"""

import json
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletion

from agents.mcp import reader
from agents.tools import ToolError, for_model
from agents.tools.table import TOOLS
from tests.llm.scripted import Request, Script, text, tool_calls
from tests.world import CANARY, World

JSON = "application/json"
QUESTION = "What is the code word of the people files, and the salary of the head of engineering?"


def echo(request: Request) -> Script:
    """All that the model was told, as its answer."""
    return text(json.dumps(request.body["messages"], ensure_ascii=False), pieces=2)


def test_searching(world: World) -> None:
    seen = {}
    for name in ("alice", "bob"):
        api, found = world.api(name), []
        for method in ("fused", "lexical", "dense"):
            for query in (CANARY, QUESTION, "salary", "code word"):
                for narrowed in ({}, {"documents": [world.documents["salaries"].pk]}):
                    body = {"query": query, "method": method, "limit": 100, **narrowed}
                    found.append(api.post("/api/v1/search", body, content_type=JSON).content)
        seen[name] = b"".join(found)
    assert CANARY.encode() in seen["alice"]
    assert b"190,000" not in seen["bob"]
    assert CANARY.encode() not in seen["bob"].replace(b'"matched_terms": ["heliotrope"]', b"")


@pytest.mark.parametrize("name", ["alice", "bob"])
@pytest.mark.parametrize("mode", ["auto", "fast", "thinking"])
def test_asking(world: World, name: str, mode: str) -> None:
    world.models.otherwise = echo
    with world.http(name) as http:
        answer = http.post("/api/v1/ask", json={"question": QUESTION, "mode": mode})
        assert answer.status_code == 200, answer.text
        events = http.get(f"/api/v1/runs/{answer.json()['run']}/events").text
    for seen in (answer.text, events, str(world.models.chats())):
        assert (CANARY in seen) is (name == "alice")


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_the_tools_of_the_thinking_agent(world: World, name: str) -> None:
    """Every tool, also with the numbers and names of alice's documents guessed."""
    salaries = world.documents["salaries"].pk
    calls: list[tuple[str, dict[str, Any]]] = [
        ("search_knowledge", {"query": "code word salary", "limit": 20}),
        ("search_knowledge", {"query": "code word", "collections": ["People files"]}),
        ("read_document", {"document": salaries}),
        ("read_document", {"document": salaries, "page": 1}),
        ("read_document", {"document": salaries, "section": "Bands"}),
        ("read_document", {"document": salaries, "start": 0}),
        ("list_documents", {}),
        ("list_documents", {"query": "salaries"}),
        ("list_documents", {"collection": "People files"}),
        ("find_in_documents", {"text": "code word of the people files"}),
        ("find_in_documents", {"text": "code word", "document": salaries}),
    ]
    world.models.enqueue(*(tool_calls(call) for call in calls))
    world.models.otherwise = echo
    with world.http(name) as http:
        answer = http.post("/api/v1/ask", json={"question": "Look around.", "mode": "thinking"})
        assert answer.status_code == 200, answer.text
        events = http.get(f"/api/v1/runs/{answer.json()['run']}/events").text
    assert events.count("event: tool_returned") >= 4
    for seen in (answer.text, events, str(world.models.chats())):
        assert (CANARY in seen) is (name == "alice")
    assert ("190,000" in str(world.models.chats())) is (name == "alice")


async def test_every_tool_by_itself(world: World) -> None:
    salaries = world.documents["salaries"].pk
    ways: list[tuple[str, dict[str, Any]]] = [
        ("search_knowledge", {"query": "code word salary", "limit": 20}),
        ("search_knowledge", {"query": "code word", "collections": ["Elsewhere"]}),
        ("read_document", {"document": salaries}),
        ("list_documents", {}),
        ("find_in_documents", {"text": "code word of the people files"}),
        ("find_in_documents", {"text": "code word", "document": salaries}),
    ]
    for name in ("alice", "bob"):
        for tool, arguments in ways:
            try:
                result = await TOOLS[tool].call(reader(world.people[name]), arguments)
                said = for_model(result.data, result.shown, 100_000) + result.summary
            except ToolError as error:
                said = str(error)
            reached = name == "alice"
            assert (CANARY in said) is reached, (name, tool, arguments, said)


@pytest.mark.parametrize("stream", [False, True])
def test_openais_way(world: World, stream: bool) -> None:
    world.models.otherwise = echo
    for name in ("alice", "bob"):
        client = openai.OpenAI(base_url=f"{world.site}/v1", api_key=world.keys[name], max_retries=0)
        answer = client.chat.completions.create(
            model="zhinang-fast", messages=[{"role": "user", "content": QUESTION}], stream=stream
        )
        seen = str([answer.to_json()] if isinstance(answer, ChatCompletion) else [chunk.to_json() for chunk in answer])
        assert (CANARY in seen) is (name == "alice")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/documents/",
        "/documents/?q=salaries",
        "/api/v1/collections",
    ],
)
def test_lists_and_suggestions(world: World, path: str) -> None:
    for name in ("alice", "bob"):
        client = world.api(name) if path.startswith("/api/") else world.browser(name)
        response = client.get(path)
        assert response.status_code == 200
        assert (CANARY.encode() in response.content) is (name == "alice"), (name, path)
