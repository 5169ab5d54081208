"""Quotes and claims at every door: literally in the version or not there at all, and the same everywhere."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from asgiref.sync import sync_to_async

from agents.conversations import turn_of
from agents.events import Checked, Cited, to_data
from agents.models import Run
from kb.access import acting_as, acting_as_system
from kb.models import Passage
from kb.reading import quote_is_literal
from tests.api.asking import frames
from tests.api.test_mcp import called, connected
from tests.llm.scripted import text
from tests.world import World

QUESTION = "How many days of annual leave do I have?"
ANSWER = (
    "Staff are entitled to 15 days of annual leave a year [1]. Up to 9 unused days carry over to the next year [1]. "
    "![x](https://evil.example/p.png) <img src=https://evil.example/p.png>"
)
Door = tuple[str, list[dict[str, Any]], list[dict[str, Any]]]


async def every_door(world: World, answer: str) -> dict[str, Door]:
    """What each door gives as answer, citations and claims, of a question that a scripted model answers."""
    world.models.otherwise = text(answer)
    doors: dict[str, Door] = {}
    with world.http("bob") as http:
        asked = http.post("/api/v1/ask", json={"question": QUESTION, "mode": "fast"}).json()
        stored = http.get(f"/api/v1/runs/{asked['run']}").json()
        told = frames(http.get(f"/api/v1/runs/{asked['run']}/events").text)
    for name, data in (("ask", asked), ("run", stored)):
        doors[name] = data["answer"], data["citations"], data["claims"]
    cited = [one for frame in told if frame.event == "cited" for one in frame.data["citations"]]
    (checked,) = [frame.data["claims"] for frame in told if frame.event == "checked"]
    doors["events"] = told[-1].data["answer"], cited, checked
    async with openai.AsyncOpenAI(base_url=f"{world.site}/v1", api_key=world.keys["bob"], max_retries=0) as client:
        body: Any = {"model": "zhinang-fast", "messages": [{"role": "user", "content": QUESTION}]}
        whole = await client.chat.completions.create(**body)
        extra = whole.model_extra or {}
        doors["completion"] = str(whole.choices[0].message.content), extra["citations"], extra["claims"]
        content, extra = "", {}
        async for chunk in await client.chat.completions.create(**body, stream=True):
            content += chunk.choices[0].delta.content or ""
            extra |= {
                name: value for name, value in (chunk.model_extra or {}).items() if name in ("citations", "claims")
            }
        doors["stream"] = content, extra["citations"], extra["claims"]
    async with connected(world, "bob") as client:
        _failed, result = await called(client, "ask", question=QUESTION, mode="fast")
        doors["mcp"] = result["answer"], result["citations"], result["claims"]
    return doors


def history(world: World) -> Door:
    """The latest run as a page shows it after a reload."""
    turn = turn_of(Run.objects.filter(person=world.people["bob"]).latest("created_at"))
    data = to_data(Checked(turn.claims)) | to_data(Cited(tuple(turn.citations)))
    return turn.answer, list(data["citations"]), list(data["claims"])


@pytest.fixture
def falsified(world: World) -> Iterator[World]:
    """The world with a passage in the index that says something else than its document."""
    with acting_as_system():
        passages = Passage.objects.filter(document=world.documents["leave"])
        for passage in passages:
            passages.filter(pk=passage.pk).update(text=passage.text.replace("15 days", "51 days"))
    yield world
    with acting_as_system():
        for passage in passages:
            passages.filter(pk=passage.pk).update(text=passage.text.replace("51 days", "15 days"))


async def test_every_door_tells_the_same_claims_and_literal_quotes(world: World) -> None:
    doors = await every_door(world, ANSWER)
    doors["history"] = await sync_to_async(history)(world)
    said, citations, claims = doors["ask"]
    assert [claim["support"] for claim in claims][:2] == ["supported", "unsupported"]
    assert citations
    for name, (answer, quotes, told) in doors.items():
        assert answer.startswith(said), name
        assert "![" not in answer, name
        assert "<img" not in answer, name
        assert plain(quotes) == plain(citations), name
        assert plain(told) == plain(claims), name

    def literal() -> bool:
        with acting_as(world.people["bob"]):
            return all(quote_is_literal(one["version"], one["start"], one["end"], one["quote"]) for one in citations)

    assert await sync_to_async(literal)()


async def test_a_quote_that_is_not_in_its_version_leaves_by_no_door(falsified: World) -> None:
    doors = await every_door(falsified, "Staff are entitled to 51 days of annual leave a year [1].")
    doors["history"] = await sync_to_async(history)(falsified)
    for name, (answer, citations, claims) in doors.items():
        assert citations == [], name
        assert "[1]" not in answer, name
        assert [(claim["citations"], claim["support"]) for claim in plain(claims)] == [([], "unsupported")], name


def plain(data: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tuples as the lists that JSON has."""
    return [{name: list(value) if isinstance(value, tuple) else value for name, value in one.items()} for one in data]
