"""The Thinking agent: ask, act, observe, until the model answers or a limit is reached."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from django.conf import settings

from agents import prompts
from agents.budget import reached
from agents.deps import Deps
from agents.events import Asked, Limited, Planned, Text, Thinking, ToolCalled, ToolReturned
from agents.memory import ASK, Memory
from agents.sources import Shown, opening
from agents.tools import AnyTool, Result, ToolError, for_model
from agents.tools.table import toolbox
from agents.transcript import Call, Transcript
from llm.errors import ModelError
from llm.messages import ToolCall
from llm.streams import Finished, Reasoning, Usage
from llm.streams import Text as TextDelta

CORRECTABLE = ("bad_output", "context_length")
Step = Thinking | Text | ToolCalled | ToolReturned | Planned | Limited | Asked


@dataclass(frozen=True, slots=True)
class Limits:
    """How far one run of the agent may go."""

    steps: int = field(default_factory=lambda: settings.THINKING_STEPS)
    """Replies of the model that may call tools."""
    seconds: float = field(default_factory=lambda: settings.THINKING_SECONDS)
    """After so long no new step begins, and a reply that is still only thinking is ended."""
    tokens: int = field(default_factory=lambda: settings.THINKING_TOKENS)
    """Prompt and completion of all replies together."""
    cost: float = field(default_factory=lambda: settings.THINKING_COST)
    """Of all replies together, by the installation's prices; 0: no limit."""
    transcript_characters: int = 240_000
    """What one request may carry."""
    compact_characters: int = 120_000
    """From here on older results are shortened to their sources' beginnings."""
    tool_result_characters: int = 16_000
    tool_seconds: float = 60
    tool_calls: int = 8
    """Calls in one reply; more are answered with a sentence."""
    answer_tokens: int = 8_000
    thinking_budget: int | None = None
    """Tokens of reasoning in one reply; None: the server's profile decides."""
    corrections: int = 1
    """How often a reply that cannot be used is answered with what is wrong about it."""


@dataclass(slots=True)
class Reply:
    """One reply of the model as far as it has come."""

    reasoning: str = ""
    reasoning_field: str = "reasoning_content"
    text: str = ""
    calls: list[ToolCall] = field(default_factory=list)


async def think(
    deps: Deps, memory: Memory, shown: Sequence[Shown], so_far: str = "", limits: Limits | None = None
) -> AsyncGenerator[Step, None]:
    """Answer from the evidence already found and what the tools add to it.

    `memory` and `so_far` are those of a run that broke off: steps that were finished are not repeated.

    Raises:
        ModelError: when the model server fails.
    """
    limits = limits or Limits()
    if memory.asking:
        for question in _asked(memory.asking, memory):
            yield question
        return
    tools = await toolbox(deps)
    work = Transcript(deps, memory, opening(deps.question, shown, deps.note(so_far)), limits.tool_result_characters)
    deadline = time.monotonic() + limits.seconds
    corrections = limits.corrections
    limit = memory.limit
    unanswered = work.unanswered()
    async for event in _observe(deps, work, unanswered, limits, tools):
        yield event
    if asking := work.asking:
        for question in _asked(asking, memory):
            yield question
        return
    while not (limit := limit or _reached(deps, work, limits, deadline)):
        reply = Reply()
        if work.characters > limits.compact_characters:
            work.shorten()
        try:
            async with aclosing(_ask(deps, work, reply, limits, deadline, tools)) as pieces:
                async for piece in pieces:
                    yield piece
        except ModelError as error:
            if reply.text or not corrections or error.kind not in CORRECTABLE:
                raise
            corrections -= 1
            if error.kind == "context_length":
                work.shorten()
            else:
                work.correct("Your reply was empty. Call a tool, or write the answer.")
            continue
        calls = work.add(reply.text, reply.calls, reply.reasoning, reply.reasoning_field)
        if reply.text.strip() and not calls:
            return
        async for event in _observe(deps, work, calls, limits, tools):
            yield event
        if asking := work.asking:
            for question in _asked(asking, memory):
                yield question
            return
    if not memory.limit:
        yield Limited(limit)
    work.correct(prompts.fill("last_call", limit=limit))
    async with aclosing(_ask(deps, work, Reply(), limits, deadline=None)) as pieces:
        async for piece in pieces:
            yield piece


def _reached(deps: Deps, work: Transcript, limits: Limits, deadline: float) -> str:
    """The limit that is reached, in one word, or nothing."""
    if work.steps >= limits.steps:
        return "steps"
    over = "tokens" if work.characters > limits.transcript_characters else ""
    return reached(deps, limits, deadline) or over


async def _ask(
    deps: Deps,
    work: Transcript,
    reply: Reply,
    limits: Limits,
    deadline: float | None,
    tools: Mapping[str, AnyTool] = MappingProxyType({}),
) -> AsyncGenerator[Thinking | Text | Limited, None]:
    """One reply of the model, as it arrives and into `reply`. Without a deadline it is the last, and has no tools."""
    model = deps.model("thinking")
    stream = model.stream(
        work.messages,
        tools=[tool.spec for tool in tools.values()],
        thinking=True,
        max_tokens=limits.answer_tokens,
        thinking_budget=limits.thinking_budget,
    )
    async with aclosing(stream) as deltas:
        async for delta in deltas:
            if isinstance(delta, Reasoning):
                reply.reasoning += delta.text
                reply.reasoning_field = delta.field
                yield Thinking(delta.text, delta.field, anew=work.begins_anew)
                work.begins_anew = False
                if deadline and time.monotonic() > deadline and not reply.text:
                    return
            elif isinstance(delta, TextDelta):
                reply.text += delta.text
                yield Text(delta.text)
            elif isinstance(delta, ToolCall):
                reply.calls.append(delta)
            elif isinstance(delta, Usage):
                deps.count(delta, await model.resolve())
            elif isinstance(delta, Finished) and delta.reason == "length" and not reply.calls:
                yield Limited("tokens")


async def _observe(
    deps: Deps, work: Transcript, calls: Sequence[Call], limits: Limits, tools: Mapping[str, AnyTool]
) -> AsyncGenerator[ToolCalled | Planned | ToolReturned, None]:
    """Make the calls of one reply, all at once, and keep what they return in their order."""
    new = [call.event for call in calls if not call.announced]
    for place, event in enumerate(new, 1):
        yield replace(event, more=len(new) - place)
    results = await asyncio.gather(*(_make(deps, call, place, limits, tools) for place, call in enumerate(calls)))
    for call, (returned, text) in zip(calls, results, strict=True):
        work.observe(call.event, text)
        if call.event.name == "plan" and not returned.error:
            steps = tuple(map(str, call.event.arguments["steps"]))
            if steps != work.plan:
                work.plan = steps
                yield Planned(steps)
        if call.event.name == ASK and not returned.error:
            work.asking = call.event
        yield returned


def _asked(call: ToolCalled, memory: Memory) -> Iterator[Asked | Text]:
    """The question to the person, as far as it has not been put yet."""
    question = str(call.arguments["question"])
    if not memory.asked:
        yield Asked(question, tuple(map(str, call.arguments.get("options") or ())))
    if not memory.answer:
        yield Text(question)


async def _make(
    deps: Deps, call: Call, place: int, limits: Limits, tools: Mapping[str, AnyTool]
) -> tuple[ToolReturned, str]:
    """Make one call. What the model can do better becomes text for the model; a bug of ours is raised."""
    event = call.event
    try:
        result = await _result(deps, call, place, limits, tools)
    except ToolError as error:
        data = {"error": str(error)}
        returned = ToolReturned(event.call_id, event.name, error=str(error), result=data)
        return returned, for_model(data, [], limits.tool_result_characters)
    text = for_model(result.data, result.shown, limits.tool_result_characters)
    sources = tuple(one.source for one in result.shown)
    stored = {**result.data, "passages": [source.source for source in sources]} if sources else result.data
    return ToolReturned(event.call_id, event.name, result.summary, result.found, sources, result=stored), text


async def _result(deps: Deps, call: Call, place: int, limits: Limits, tools: Mapping[str, AnyTool]) -> Result:
    if call.problem:
        raise ToolError(call.problem)
    if place >= limits.tool_calls:
        raise ToolError(f"At most {limits.tool_calls} calls are made at once. Make this one again.")
    if (tool := tools.get(call.event.name)) is None:
        raise ToolError(f"There is no tool {call.event.name!r}. There are: {', '.join(tools)}.")
    if call.announced and tool.effects:
        raise ToolError(
            "This call was under way when the run was interrupted. It may have taken effect, so it is not made again. "
            "Say so in your answer."
        )
    try:
        async with asyncio.timeout(limits.tool_seconds):
            return await tool.call(deps, call.event.arguments)
    except TimeoutError as error:
        raise ToolError(f"{call.event.name} took longer than {limits.tool_seconds:g} seconds. Ask for less.") from error
