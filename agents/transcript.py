"""What the Thinking model has been told and has said so far, in the shape that goes over the wire."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from agents import prompts
from agents.deps import Deps
from agents.events import ToolCalled, ToolReturned
from agents.memory import Memory, Turn
from agents.sources import framed
from agents.tools import ToolError, for_model, parse_arguments
from llm.messages import Message, ReasoningField, ToolCall, assistant_message, tool_message

KEPT_RESULTS = 4
LEFT_OUT = "Shortened to save room. Call the tool again for what you need of it."
BEGINNING = 160


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call to be made: `problem` says why it cannot, `announced` that its event is stored already."""

    event: ToolCalled
    problem: str = ""
    announced: bool = False


class Transcript:
    """The messages of one run of the agent, from the beginning or from where an interrupted run stood."""

    def __init__(self, deps: Deps, memory: Memory, opening: str, result_limit: int) -> None:
        self._deps = deps
        self._limit = result_limit
        self._made: set[str] = set()
        self._ids: set[str] = set()
        self._unanswered: list[Call] = []
        self.steps = 0
        self.plan = memory.plan
        self.asking: ToolCalled | None = None
        self.begins_anew = memory.began_thinking
        system = prompts.fill("thinking", rules=deps.rules())
        self.messages: list[Message] = [
            {"role": "system", "content": system},
            *deps.history(),
            {"role": "user", "content": opening},
        ]
        for turn in memory.turns:
            self._replay(turn)

    @property
    def characters(self) -> int:
        return sum(len(message.get("content") or "") for message in self.messages)

    def unanswered(self) -> list[Call]:
        """The calls of the last reply that had not returned when the run broke off."""
        return self._unanswered

    def add(self, text: str, calls: Sequence[ToolCall], reasoning: str = "", field: str = "") -> list[Call]:
        """Keep a reply of the model. Returns its calls with ids that are unique in the run."""
        added = [self._call(call) for call in calls]
        self._say(text, [one.event for one in added], reasoning, field)
        return added

    def _call(self, call: ToolCall) -> Call:
        try:
            arguments, problem = parse_arguments(call.arguments), ""
        except ToolError as error:
            arguments, problem = {}, str(error)
        key = f"{call.name} {json.dumps(arguments, sort_keys=True)}"
        if not problem and key in self._made:
            problem = "You made this call before, and its result stands above. Do something else, or answer."
        self._made.add(key)
        ident = call.id if call.id and call.id not in self._ids else f"call_{len(self._ids) + 1}x"
        self._ids.add(ident)
        return Call(ToolCalled(ident, call.name, arguments), problem)

    def _say(self, text: str, calls: Sequence[ToolCalled], reasoning: str, field: str) -> None:
        self.steps += 1
        if not text and not calls:
            return
        echoed = reasoning if self._deps.servers.profile.echoes_reasoning else ""
        written = [ToolCall(call.call_id, call.name, json.dumps(call.arguments, ensure_ascii=False)) for call in calls]
        self.messages.append(
            assistant_message(
                text, tool_calls=written, reasoning=echoed, reasoning_field=cast(ReasoningField, field or "reasoning")
            )
        )

    def observe(self, call: ToolCalled, text: str) -> None:
        """Keep what a call returned, as the model reads it."""
        self.messages.append(tool_message(ToolCall(call.call_id, call.name, ""), text))

    def correct(self, sentence: str) -> None:
        """Tell the model something from our side."""
        self.messages.append({"role": "user", "content": sentence})

    def shorten(self) -> None:
        """Shorten all but the last results, when the conversation is becoming too long for the model.

        The sources keep their numbers and their beginnings, so that they can still be cited and read again."""
        results = [message for message in self.messages if message["role"] == "tool"]
        for message in results[:-KEPT_RESULTS]:
            message["content"] = shortened(str(message["content"]))

    def _replay(self, turn: Turn) -> None:
        for call in turn.calls:
            self._ids.add(call.call_id)
            self._made.add(f"{call.name} {json.dumps(call.arguments, sort_keys=True)}")
        self._say(turn.text, turn.calls, turn.reasoning, turn.reasoning_field)
        for call in turn.calls:
            if returned := turn.returned.get(call.call_id):
                self.observe(call, self._result(returned))
        self._unanswered = [Call(call, announced=True) for call in turn.unanswered()]

    def _result(self, returned: ToolReturned) -> str:
        """The stored result with its passages' texts, read again: what the asker may no longer read is not there."""
        numbers = [source.source for source in returned.sources]
        shown = [one for number in numbers if (one := self._deps.sources.get(number))]
        return for_model(returned.result, shown, self._limit)


def shortened(result: str) -> str:
    """A result with the beginnings of its passages alone."""
    data = json.loads(result)
    passages = data.get("passages", ()) if isinstance(data, dict) else ()
    kept = [one | {"text": str(one["text"])[:BEGINNING]} for one in passages if isinstance(one, dict) and "text" in one]
    return framed({"note": LEFT_OUT} | ({"passages": kept} if kept else {}))
