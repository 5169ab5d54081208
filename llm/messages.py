"""The shapes of a conversation: what is sent to a model. Pure.

A `Message` is a dictionary in the shape of OpenAI's Chat Completions API (role, content, tool_calls, tool_call_id).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Message = dict[str, Any]

TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
ReasoningField = Literal["reasoning_content", "reasoning", "think"]
"""Where a server put the reasoning. `think`: inline in the content, between tags."""
REASONING_FIELDS: tuple[ReasoningField, ...] = ("reasoning_content", "reasoning")


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model asks for a tool. `arguments` is the JSON text as the model wrote it: it may not parse."""

    id: str
    name: str
    arguments: str

    def to_openai(self) -> dict[str, Any]:
        return {"id": self.id, "type": "function", "function": {"name": self.name, "arguments": self.arguments}}


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool a model may call. `parameters` is a JSON schema of type object.

    Raises ValueError for a name that servers refuse: letters, digits, `_` and `-`, at most 64.
    """

    name: str
    description: str
    parameters: dict[str, Any]

    def __post_init__(self) -> None:
        if not TOOL_NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} cannot name a tool: use at most 64 letters, digits, _ or -.")

    def to_openai(self) -> dict[str, Any]:
        function = {"name": self.name, "description": self.description, "parameters": self.parameters}
        return {"type": "function", "function": function}


def assistant_message(
    text: str,
    *,
    tool_calls: Sequence[ToolCall] = (),
    reasoning: str = "",
    reasoning_field: ReasoningField = "reasoning_content",
) -> Message:
    """The model's own turn, to be sent back with the results of its tools.

    Reasoning goes back under the field it came in (`Reasoning.field`): without it, tool use gets worse.
    `think` means it came inline, and inline it goes back.
    """
    message: Message = {"role": "assistant", "content": text}
    if reasoning and reasoning_field in REASONING_FIELDS:
        message[reasoning_field] = reasoning
    elif reasoning:
        message["content"] = f"<think>\n{reasoning}\n</think>\n\n{text}"
    if tool_calls:
        message["tool_calls"] = [call.to_openai() for call in tool_calls]
    return message


def tool_message(call: ToolCall, content: str) -> Message:
    """What a tool returned for `call`, as the model reads it."""
    return {"role": "tool", "tool_call_id": call.id, "content": content}
