"""A chat request checked field by field, and the reply of the model it names."""

import re
from dataclasses import dataclass, replace
from typing import Any

from . import INSTRUCT, THINKING
from .at_hand import at_hand
from .complexity import need_of, reason_for
from .conversation import content_text
from .extractive import REFUSAL, UNANSWERED, answer, disagreement, write
from .persona import small_talk
from .planner import next_turn
from .reply import Call, Reply
from .scripts import as_written, in_simplified
from .survey import survey
from .text import language_of
from .transcript import Transcript, read_transcript
from .wire import WireError

_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})
_MARK = re.compile(r"\s*\[\d+\]")
_MARK_OR_CHARACTER = re.compile(rf"{_MARK.pattern}|[\s\S]")
MUST_STREAM = "parameter.enable_thinking must be set to false for non-streaming calls"


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A chat request whose fields have been checked."""

    model: str
    messages: list[dict[str, Any]]
    tools: frozenset[str]
    stream: bool
    include_usage: bool
    thinking: bool

    def prompt_text(self) -> str:
        """All that the model reads, for counting tokens."""
        return "\n".join(content_text(message) for message in self.messages)


def read_chat_request(body: dict[str, Any]) -> ChatRequest:
    """Check a request's fields. Raises WireError with the vendor's status, code and message."""
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise WireError(400, "InvalidParameter", "Field `model` is required.")
    if model not in (INSTRUCT, THINKING):
        raise WireError(404, "model_not_found", f"The model {model} does not exist or you do not have access to it.")
    stream, thinking = bool(body.get("stream")), bool(body.get("enable_thinking"))
    if thinking and not stream:
        raise WireError(400, "invalid_parameter_error", MUST_STREAM)
    tools = _tool_names(body.get("tools") or [])
    if thinking and body.get("tool_choice") not in (None, "auto", "none"):
        raise WireError(
            400,
            "invalid_parameter_error",
            "<400> InternalError.Algo.InvalidParameter: The tool_choice parameter does not support being set to "
            "required or object in thinking mode",
        )
    if body.get("tool_choice") == "none":
        tools = frozenset()
    options = body.get("stream_options")
    include_usage = isinstance(options, dict) and bool(options.get("include_usage"))
    return ChatRequest(model, _messages(body.get("messages")), tools, stream, include_usage, thinking)


def _messages(given: Any) -> list[dict[str, Any]]:
    if not isinstance(given, list) or not given:
        raise WireError(400, "InvalidParameter", "Field `messages` is required: a list with at least one message.")
    called = False
    for message in given:
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            raise WireError(400, "InvalidParameter", "Each message needs a `role`: system, user, assistant or tool.")
        if message["role"] == "tool" and not called:
            raise WireError(
                400,
                "invalid_parameter_error",
                'messages with role "tool" must be a response to a preceeding message with "tool_calls".',
            )
        called = bool(message.get("tool_calls")) or (called and message["role"] == "tool")
    return given


def _tool_names(given: Any) -> frozenset[str]:
    try:
        return frozenset(str(tool["function"]["name"]) for tool in given)
    except (TypeError, KeyError) as error:
        raise WireError(400, "InvalidParameter", "Each tool needs `function.name`.") from error


def reply_to(chat: ChatRequest) -> Reply:
    """One turn of the model the request names. Reasoning is told only where thinking was asked for."""
    if (checked := survey(chat.messages)) is not None:
        return Reply(checked)
    transcript = read_transcript(chat.messages)
    if folded := in_simplified(chat.messages):
        reply = as_written(_reply(chat, read_transcript(folded)), transcript, chat.messages)
    else:
        reply = _reply(chat, transcript)
    so_far = transcript.conversation.so_far
    return replace(reply, text=_rest(reply.text, so_far)) if so_far else reply


def _rest(text: str, so_far: str) -> str:
    """What follows in a text after its beginning; marks are passed over, for the caller may number them anew."""
    left = len(_MARK.sub("", so_far).strip())
    for piece in _MARK_OR_CHARACTER.finditer(text):
        if left <= 0 and not _MARK.fullmatch(piece.group()):
            return text[piece.start() :]
        left -= not _MARK.fullmatch(piece.group())
    return ""


def _reply(chat: ChatRequest, transcript: Transcript) -> Reply:
    conversation = transcript.conversation
    if said := small_talk(conversation.question):
        return Reply(said)
    if chat.thinking or chat.model == THINKING:
        reply = next_turn(transcript, chat.tools)
        return reply if chat.thinking else replace(reply, reasoning="")
    need = need_of(conversation.question)
    if need and "escalate" in chat.tools:
        if found := at_hand(conversation, need):
            return Reply(write([found], language_of(conversation.question)))
        return Reply(calls=(Call("escalate", {"reason": reason_for(need, language_of(conversation.question))}),))
    text = answer(conversation)
    if conversation.framed and "escalate" in chat.tools:
        unanswered = UNANSWERED[language_of(conversation.question)] if text in REFUSAL.values() else ""
        if reason := unanswered or disagreement(conversation):
            return Reply(calls=(Call("escalate", {"reason": reason}),))
    return Reply(text)
