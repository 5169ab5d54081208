"""What is asked of a chat model → the body of the request, in the server's dialect. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llm.capabilities import Capabilities
from llm.errors import ModelError
from llm.messages import REASONING_FIELDS, Message, ToolSpec
from llm.profiles import Profile

EFFORTS = ((4096, "low"), (16_384, "medium"))


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What a caller wants, in no server's dialect. Numbers are tokens."""

    messages: Sequence[Message]
    tools: Sequence[ToolSpec] = ()
    thinking: bool = False
    stream: bool = True
    max_tokens: int | None = None
    thinking_budget: int | None = None
    forced_tool: str | None = None
    """The name of the tool the model has to call. Where a server forces none, the model may."""

    def body(self, profile: Profile, model: str, known: Capabilities) -> dict[str, Any]:
        """The JSON body for `model` on a server of kind `profile`, without what the server is known to refuse.

        Raises ModelError if a tool has a name this kind of server refuses.
        """
        stream = self.stream or known.must_stream
        body: dict[str, Any] = {
            "model": model,
            "messages": [_message(message, profile, known) for message in self.messages],
            "stream": stream,
            **_thinking(self, profile, model, known),
            **_tools(self, profile),
        }
        if stream and profile.stream_options:
            body["stream_options"] = {"include_usage": True}
        if self.max_tokens is not None:
            body[_max_tokens_field(profile, known)] = min(self.max_tokens, known.output or self.max_tokens)
        return {name: value for name, value in body.items() if name not in known.refused}


def _message(message: Message, profile: Profile, known: Capabilities) -> Message:
    unwanted = {name for name in REASONING_FIELDS if name in known.refused or not profile.echoes_reasoning}
    plain = {name: value for name, value in message.items() if name not in unwanted}
    content = plain.get("content")
    if profile.plain_content and isinstance(content, list) and all("text" in part for part in content):
        plain["content"] = "\n".join(part["text"] for part in content)
    return plain


def _thinking(request: ChatRequest, profile: Profile, model: str, known: Capabilities) -> dict[str, Any]:
    """The switch, always sent: newer models think unless they are told not to."""
    match profile.thinking_switch:
        case "enable_thinking":
            if "enable_thinking" in known.refused or (
                not request.thinking and "enable_thinking=false" in known.refused
            ):
                return {}
            budget = _budget(request, profile, model, known) if request.thinking else None
            return {"enable_thinking": request.thinking} | ({"thinking_budget": budget} if budget else {})
        case "chat_template_kwargs":
            return {"chat_template_kwargs": {"enable_thinking": request.thinking}}
        case "reasoning_effort":
            return {"reasoning_effort": _effort(request)}
        case "none":
            return {}


def _budget(request: ChatRequest, profile: Profile, model: str, known: Capabilities) -> int | None:
    """Tokens for thinking within what the model allows; None where no budget may be sent."""
    most = next((tokens for start, tokens in profile.thinking_budgets if model.startswith(start)), None)
    wanted = request.thinking_budget or profile.thinking_budget
    if most is None or wanted is None or known.budget == 0:
        return None
    return max(1, min(wanted, most, known.budget or most))


def _effort(request: ChatRequest) -> str:
    if not request.thinking:
        return "none"
    if request.thinking_budget is None:
        return "medium"
    return next((effort for most, effort in EFFORTS if request.thinking_budget <= most), "high")


def _tools(request: ChatRequest, profile: Profile) -> dict[str, Any]:
    if not request.tools:
        return {}
    for tool in request.tools:
        if tool.name in profile.refused_tool_names:
            raise ModelError("invalid_request", f"A tool may not be named {tool.name} on {profile.name}.")
    body: dict[str, Any] = {"tools": [tool.to_openai() for tool in request.tools]}
    if request.forced_tool and (not request.thinking or profile.forces_tools_in_thinking):
        body["tool_choice"] = {"type": "function", "function": {"name": request.forced_tool}}
    return body


def _max_tokens_field(profile: Profile, known: Capabilities) -> str:
    other = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
    preferred = profile.max_tokens_field
    return other[preferred] if preferred in known.refused else preferred
