"""The fast road: one prompt with the passages found, an answer that streams at once, and one tool to hand over."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from agents import prompts
from agents.deps import Deps, may_escalate
from agents.events import Escalated, Limited, Text
from agents.sources import Shown, opening
from llm.messages import Message, ToolCall, ToolSpec
from llm.streams import Finished, Usage
from llm.streams import Text as TextDelta

ANSWER_TOKENS = 4_000
ESCALATE = ToolSpec(
    "escalate",
    prompts.text("escalate"),
    {
        "type": "object",
        "properties": {"reason": {"type": "string", "description": "Why, in one short sentence."}},
        "required": ["reason"],
    },
)


def messages(deps: Deps, shown: Sequence[Shown], so_far: str = "") -> list[Message]:
    """Rules, the conversation, and the sources with the question. `so_far` is an answer that broke off."""
    escalation = prompts.text("escalation") if may_escalate(deps) and not so_far else ""
    system = prompts.fill("instruct", rules=deps.rules(), escalation=escalation)
    question = {"role": "user", "content": opening(deps.question, shown, deps.note(so_far))}
    return [{"role": "system", "content": system}, *deps.history(), question]


async def answer(
    deps: Deps, shown: Sequence[Shown], so_far: str = ""
) -> AsyncGenerator[Text | Escalated | Limited, None]:
    """The answer as it arrives, or `Escalated` last when the model hands over.

    Raises:
        ModelError: also after text has been given.
    """
    tools = (ESCALATE,) if may_escalate(deps) and not so_far else ()
    model = deps.model("instruct")
    handed_over: Escalated | None = None
    stream = model.stream(messages(deps, shown, so_far), tools=tools, thinking=False, max_tokens=ANSWER_TOKENS)
    async with aclosing(stream) as deltas:
        async for delta in deltas:
            if isinstance(delta, TextDelta) and not handed_over:
                yield Text(delta.text)
            elif isinstance(delta, Usage):
                deps.count(delta, await model.resolve())
            elif isinstance(delta, ToolCall) and tools:
                handed_over = handed_over or Escalated(_reason(delta))  # what the reply cost comes after its calls
            elif isinstance(delta, Finished) and delta.reason == "length" and not handed_over:
                yield Limited("tokens")
    if handed_over:
        yield handed_over


def _reason(call: ToolCall) -> str:
    """The reason the model gives; a call that does not parse hands over all the same."""
    try:
        arguments = json.loads(call.arguments)
    except json.JSONDecodeError:
        return ""
    return str(arguments.get("reason", ""))[:500] if isinstance(arguments, dict) else ""
