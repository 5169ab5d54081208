"""From a question to a cited, checked answer: the flow of a run, from its beginning or from where it broke off."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing

from agents import agent, instruct, survey
from agents.checks import Evidence, check
from agents.citer import Citer
from agents.continuation import BegunAgain, Continuation
from agents.deps import Deps, prepare
from agents.events import (
    Citation,
    Escalated,
    Event,
    Failed,
    Finished,
    Road,
    Routed,
    Text,
    ToolCalled,
    ToolReturned,
    answer_of,
)
from agents.evidence import hits, restore, show
from agents.followups import standalone
from agents.memory import EVIDENCE, Memory, remember
from agents.models import Mode, Run
from agents.router import route
from agents.sources import Shown, Sources
from agents.threads import in_thread

COMPUTING = ("run_python", "query_tables")
"""Tools whose results hold numbers that stand in no document."""
BROKE_OFF = Failed(
    "broke_off",
    "The answer broke off and could not be continued. What there is of it is kept; ask again for a whole one.",
    "回答中断且无法继续，已保留现有内容。请重新提问以获得完整回答。",
    retry=True,
)


async def answer(run: Run, past: Sequence[Event]) -> AsyncGenerator[Event, None]:
    """All events of a run that are not in `past`, to its last one.

    Raises:
        ModelError: when a model server fails.
    """
    begun = time.monotonic()
    deps = await in_thread(prepare, run)
    memory = remember(past)
    if memory.road is None:
        routed = await choose(deps)
        memory.road = routed.mode
        yield routed
    if memory.road == "exhaustive":
        async with aclosing(survey.check_all(deps, past)) as steps:
            said = []
            async for step in steps:
                said.append(step)
                yield step
        yield Finished(memory.road, answer_of([*past, *said]), dict(deps.usage), round(time.monotonic() - begun, 2))
        return
    shown: list[Shown] = []
    async for event in gather(deps, memory, shown):
        yield event
    new: list[Event] = []
    try:
        async for event in cited(deps, memory, shown):
            new.append(event)
            yield event
    except BegunAgain:
        yield BROKE_OFF
        return
    whole = answer_of([*past, *new])
    yield check(whole, evidence(deps, [*past, *new]))
    yield Finished(memory.road, whole, dict(deps.usage), round(time.monotonic() - begun, 2))


def evidence(deps: Deps, events: Sequence[Event]) -> Evidence:
    """What the answer rests on: its citations, the passages they are from, and what was computed."""
    citations = remember(events).citations
    passages: dict[int, str] = {}
    for one in citations:
        number = deps.sources.holding(one.version, one.start, one.end)
        if number and (source := deps.sources.get(number)):
            passages[one.number] = f"{source.source.context}\n{source.text}"
    returned = [event for event in events if isinstance(event, ToolReturned) and event.name in COMPUTING]
    return Evidence(citations, passages, "\n".join(str(event.result) for event in returned), deps.question)


async def choose(deps: Deps) -> Routed:
    """The road: what the person asked for, else what the wording of the question says."""
    if deps.mode == Mode.AUTO:
        if await survey.is_exhaustive(deps):
            return Routed("exhaustive", "every_document")
        road, reason = route(deps.question)
        return Routed(road, reason)
    asked: dict[str, Road] = {Mode.THINKING: "thinking", Mode.EXHAUSTIVE: "exhaustive"}
    return Routed(asked.get(deps.mode, "fast"), "asked")


async def gather(deps: Deps, memory: Memory, shown: list[Shown]) -> AsyncIterator[Event]:
    """The first search, or what an interrupted run had found. Fills `shown` with its passages."""
    if memory.evidence:
        found = await in_thread(restore, deps, memory.sources.values())
        deps.sources = Sources(found)
        first = {source.source for source in memory.evidence.sources}
        shown += [one for one in found if one.source.source in first]
        return
    query = standalone(deps.question, deps.earlier)
    yield ToolCalled(EVIDENCE, "search_knowledge", {"query": query})
    shown += show(deps, await in_thread(hits, deps, query, collections=deps.collections))
    sources = tuple(one.source for one in shown)
    titles = list(dict.fromkeys(source.title for source in sources))
    yield ToolReturned(EVIDENCE, "search_knowledge", "; ".join(titles)[:300], len(sources), sources)


async def cited(deps: Deps, memory: Memory, shown: list[Shown]) -> AsyncIterator[Event]:
    """The roads' events with the text's marks turned into citations, and a second half joined to the first."""
    citer = Citer(deps)
    citer.begin(memory.answer, memory.citations)
    joining = Continuation(memory.answer)
    async with aclosing(taken(deps, memory, shown)) as events:
        async for event in events:
            if isinstance(event, Text):
                async for one in citer.feed(joining.feed(event.text)):
                    yield one
                continue
            async for one in citer.end():
                yield one
            if isinstance(event, (ToolCalled, Escalated)):
                citer.begin()
                joining = Continuation("")
            yield event
    async for one in citer.feed(joining.end()):
        yield one
    async for one in citer.end():
        yield one


async def taken(deps: Deps, memory: Memory, shown: list[Shown]) -> AsyncGenerator[Event, None]:
    """The fast road, the Thinking agent, or the one after the other."""
    so_far = with_source_numbers(deps.sources, memory.answer, memory.citations)
    if memory.road == "fast":
        async with aclosing(instruct.answer(deps, shown, so_far)) as events:
            async for event in events:
                yield event
                if isinstance(event, Escalated):
                    memory.road, so_far = "thinking", ""
    if memory.road == "thinking":
        async with aclosing(agent.think(deps, memory, shown, so_far)) as steps:
            async for step in steps:
                yield step


def with_source_numbers(sources: Sources, answer: str, citations: Sequence[Citation]) -> str:
    """An answer as the model wrote it: the numbers people see turned back into those of the sources."""
    for citation in sorted(citations, key=lambda one: -one.number):
        number = sources.holding(citation.version, citation.start, citation.end)
        answer = answer.replace(f"[{citation.number}]", f"[\x00{number}]" if number else "")
    return answer.replace("\x00", "")
