"""From a question to a cited, checked answer: the flow of a run, from its beginning or from where it broke off."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace

from django.conf import settings
from pydantic import TypeAdapter

from agents import agent, instruct, survey
from agents.abroad import is_weak, look_abroad
from agents.attached import awaited
from agents.budget import budget_of
from agents.changes import revised
from agents.checks import Evidence, check
from agents.citer import Citer
from agents.continuation import BegunAgain, Continuation
from agents.deps import Deps, may_escalate, prepare
from agents.disagreements import disagreements
from agents.events import (
    ANSWER_BEGINS,
    Checked,
    Citation,
    Cited,
    Escalated,
    Event,
    Failed,
    Finished,
    HeldBack,
    Kept,
    Road,
    Routed,
    Text,
    ToolCalled,
    ToolReturned,
    Verdict,
    answer_of,
)
from agents.evidence import first_look, may_be_hidden, restore, show, side_by_side, words_held
from agents.followups import standalone
from agents.judging import weakness
from agents.memory import EVIDENCE, Memory, remember
from agents.models import Mode, Run
from agents.router import chained, route
from agents.second_look import look_again
from agents.sources import Shown, Sources
from agents.threads import in_thread
from agents.tools.server_tools import PREFIX
from agents.usage import record
from llm.errors import ModelError

logger = logging.getLogger(__name__)

COMPUTING = ("run_python", "query_tables")
"""Tools whose results hold numbers that stand in no document."""
MOST_SOURCES = 60
"""Passages among which contradictions are looked for."""
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
    events = list(past)
    try:
        async with aclosing(_answer(deps, events)) as new:
            async for event in new:
                events.append(event)
                yield event
                if isinstance(event, Failed):
                    return
    finally:
        # Also what a run spent that failed or was stopped. A second cancellation must not lose it.
        await asyncio.shield(in_thread(record, deps, remember(events).road or "fast"))
    memory = remember(events)
    yield Finished(memory.road or "fast", answer_of(events), dict(deps.usage), round(time.monotonic() - begun, 2))


async def _answer(deps: Deps, events: Sequence[Event]) -> AsyncGenerator[Event, None]:
    """The events of a run but its last. `events` grows by each of them while it is given."""
    memory = remember(events)
    if memory.road is None:
        routed = await choose(deps)
        memory.road = routed.mode
        yield routed
    if not memory.evidence:
        async for waiting in awaited(deps):
            yield waiting
    if memory.road == "exhaustive":
        async with aclosing(survey.check_all(deps, list(events))) as steps:
            async for step in steps:
                yield step
        return
    shown: list[Shown] = []
    async for event in gather(deps, memory, shown):
        yield event
    while True:
        if memory.quick and deps.keep_requested and not memory.kept and not memory.checked:
            yield Kept()
        elif memory.kept:
            for event in again(memory):
                yield event
            return
        elif not memory.checked:
            try:
                async for event in cited(deps, memory, shown):
                    yield event
                yield await judged(deps, events, shown)
            except BegunAgain:
                yield BROKE_OFF
            except ModelError as error:
                if not memory.quick:
                    raise
                logger.warning("Run %s keeps its quick answer: %s", deps.run_id, error)
                yield Kept(error.kind)
        elif memory.road == "fast" and memory.checked.weakness and not memory.checked.held_back:
            weak = memory.checked
            citations = tuple(memory.citations)
            yield Escalated(weak.weakness, answer_of(events), citations, weak.claims, weak.verdict, weak.conflicts)
        else:
            break
        memory = remember(events)
    if memory.quick and not memory.revised and not memory.asked:
        yield revised(memory.quick, answer_of(events), memory.citations)


def again(memory: Memory) -> Iterator[Event]:
    """The quick answer that stands after all, as far as it has not been given again."""
    if not (quick := memory.quick) or memory.checked:
        return
    if not memory.answer:
        yield Text(quick.answer)
    if not memory.citations and quick.citations:
        yield Cited(quick.citations)
    verdict = TypeAdapter[Verdict](Verdict).validate_python(quick.verdict)
    yield Checked(quick.claims, verdict, quick.reason, "asked", conflicts=quick.conflicts)


async def judged(deps: Deps, events: Sequence[Event], shown: Sequence[Shown]) -> Checked:
    """The answer held against its evidence, and after the fast road whether more thought is called for."""
    memory, answer = remember(events), answer_of(events)
    if memory.asked:
        return Checked((), "asks")
    resting = evidence(deps, events)
    checked = await look_again(deps, answer, check(answer, resting), resting, [one.text for one in shown])
    said = checked.verdict == "disagree"
    if groups := disagreements(deps.question, resting.citations, deps.sources.all()[:MOST_SOURCES], said=said):
        checked = replace(checked, conflicts=await in_thread(side_by_side, deps, groups))
    if checked.verdict == "not_in_documents" and settings.HINT_AT_HIDDEN_DOCUMENTS:
        checked = replace(checked, hidden=await in_thread(may_be_hidden, deps))
    if memory.road != "fast":
        return checked
    passages = [f"{one.source.title}\n{one.source.section}\n{one.text}" for one in shown]
    word = weakness(deps.question, answer, checked, passages, chained=chained(deps.question))
    held: HeldBack = ""
    if word and not may_escalate(deps):
        held = "asked"
    elif word and (await in_thread(budget_of, deps.person)).used_up:
        held = "budget"
    return replace(checked, weakness=word, held_back=held)


def evidence(deps: Deps, events: Sequence[Event]) -> Evidence:
    """What the answer rests on: its citations, the passages they are from, and what was computed."""
    citations = remember(events).citations
    passages: dict[int, str] = {}
    for one in citations:
        number = deps.sources.holding(one.version, one.start, one.end)
        if number and (source := deps.sources.get(number)):
            passages[one.number] = f"{source.source.context}\n{source.text}"
    returned = [
        event
        for event in events
        if isinstance(event, ToolReturned) and (event.name in COMPUTING or event.name.startswith(PREFIX))
    ]
    return Evidence(citations, passages, "\n".join(str(event.result) for event in returned), deps.question)


async def choose(deps: Deps) -> Routed:
    """The road: what the person asked for, else what the wording of the question says."""
    if deps.mode == Mode.AUTO:
        if deps.asked_back:
            return Routed("thinking", "clarified")
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
        searches = [memory.evidence, *([memory.abroad] if memory.abroad else [])]
        first = {source.source for search in searches for source in search.sources}
        shown += [one for one in found if one.source.source in first]
        return
    query = searched(deps)
    if not memory.searching:
        yield ToolCalled(EVIDENCE, "search_knowledge", {"query": query})
    hits = await in_thread(first_look, deps, query)
    deps.held = words_held(hits, query)
    shown += show(deps, hits)
    sources = tuple(one.source for one in shown)
    titles = list(dict.fromkeys(source.title for source in sources))
    yield ToolReturned(EVIDENCE, "search_knowledge", "; ".join(titles)[:300], len(sources), sources)
    if memory.road == "fast" and is_weak(query, shown):
        async for event in look_abroad(deps, memory, shown, query):
            yield event


def searched(deps: Deps) -> str:
    """The words of the first search."""
    query = standalone(deps.question, deps.earlier)
    if deps.asked_back and deps.earlier and query == deps.question:
        query = f"{deps.earlier[-1][0]}\n{deps.question}"
    return query


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
            if isinstance(event, ANSWER_BEGINS):
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
        if not memory.turns and not so_far:
            async for found in look_abroad(deps, memory, shown, searched(deps)):
                yield found
        async with aclosing(agent.think(deps, memory, shown, so_far)) as steps:
            async for step in steps:
                yield step


def with_source_numbers(sources: Sources, answer: str, citations: Sequence[Citation]) -> str:
    """An answer as the model wrote it: the numbers people see turned back into those of the sources."""
    for citation in sorted(citations, key=lambda one: -one.number):
        number = sources.holding(citation.version, citation.start, citation.end)
        answer = answer.replace(f"[{citation.number}]", f"[\x00{number}]" if number else "")
    return answer.replace("\x00", "")
