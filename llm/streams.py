"""The bytes of a chat reply → typed deltas. Pure.

A reply may be a stream of `chat.completion.chunk` objects, or one `chat.completion` object. Whatever the server's
dialect, out come pieces of reasoning and text as they arrive, then each tool call once and complete, then the usage
if the server told it, then one Finished. A reply that breaks off, is empty, or turns out to be an error raises
ModelError instead of Finished.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from llm.errors import ModelError, classify, is_failure
from llm.events import EventReader, ServerEvent
from llm.messages import REASONING_FIELDS, ReasoningField, ToolCall
from llm.thinking import Piece, ThinkSplitter
from llm.tool_calls import ToolCallAccumulator


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A piece of the model's thinking, and the field it came in: it goes back under the same."""

    text: str
    field: ReasoningField


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one reply. `completion_tokens` includes `reasoning_tokens`, `prompt_tokens` the cached ones."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    cached_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            self.cached_tokens + other.cached_tokens,
        )


@dataclass(frozen=True, slots=True)
class Finished:
    """The reply is complete. `reason`: stop, length (the answer was cut by its limit), tool_calls, or the server's."""

    reason: str


Delta = Reasoning | Text | ToolCall | Usage | Finished

THROTTLED = (
    "Request rate increased too quickly",
    "Requests rate limit exceeded",
    "You exceeded your current requests list",
    "Too many requests",
)
"""Gateways deliver these as the content of a 200 reply, with no tokens used."""


@dataclass(slots=True)
class ChatReply:
    """Reads one reply. Feed it bytes as they come; `end` closes it or raises ModelError.

    `doubtful`: see ThinkSplitter. `quota_is_billing`: see `classify`.
    """

    doubtful: bool = False
    quota_is_billing: bool = False
    request_id: str = ""
    thought: bool = False
    """Reasoning has come."""
    doubt: bool | None = None
    """Whether the beginning of such replies is rightly doubted, where this one has shown it."""
    usage: Usage | None = None
    _events: EventReader = field(default_factory=EventReader)
    _calls: ToolCallAccumulator = field(default_factory=ToolCallAccumulator)
    _splitter: ThinkSplitter = field(init=False)
    _finish: str = ""
    _any_event: bool = False
    _separates: bool = False
    _said: bool = False
    _held: str | None = ""
    """The beginning of the answer while it may still be a throttling notice; None once it is not."""

    def __post_init__(self) -> None:
        self._splitter = ThinkSplitter(doubtful=self.doubtful)

    def feed(self, data: bytes) -> Iterator[Delta]:
        for event in self._events.feed(data):
            yield from self._event(event)

    def end(self) -> Iterator[Delta]:
        """Close the reply: tool calls, usage, Finished. Raises ModelError if it is not complete."""
        for event in self._events.end():
            yield from self._event(event)
        if not self._any_event:
            yield from self._whole(bytes(self._events.stray))
        yield from self._pieces(self._splitter.end())
        if self._splitter.unopened or self._splitter.plain:
            self.doubt = self._splitter.unopened
        if self._held:
            yield from self._notice(self._held)
        if not self._finish:
            raise ModelError(
                "truncated", "The reply ended without a finish_reason.", wait="once", request_id=self.request_id
            )
        yield from self._calls.end()
        if self.usage and (self._said or self.thought or self._calls):
            yield self.usage
        yield Finished(self._checked_finish())

    def _event(self, event: ServerEvent) -> Iterator[Delta]:
        self._any_event = True
        data = event.data.strip()
        if not data or data == b"[DONE]":
            return
        try:
            frame = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            if event.name == "error":
                raise self._failure(event.status, data) from error
            raise ModelError("bad_output", f"A chunk is not JSON: {error}", wait="once") from error
        if event.name == "error" or is_failure(frame):
            raise self._failure(event.status, frame)
        yield from self._frame(frame)

    def _frame(self, frame: Mapping[str, Any]) -> Iterator[Delta]:
        try:
            yield from self._choices(frame)
        except (AttributeError, TypeError) as error:
            raise ModelError("bad_output", f"A chunk has an unknown shape: {error}", wait="once") from error

    def _choices(self, frame: Mapping[str, Any]) -> Iterator[Delta]:
        self.request_id = str(frame.get("request_id") or frame.get("id") or self.request_id)
        if usage := frame.get("usage"):
            self.usage = _usage(usage)
        for choice in frame.get("choices") or ():
            if choice.get("index") or 0:
                continue
            yield from self._message(choice.get("delta") or choice.get("message") or {})
            self._finish = choice.get("finish_reason") or self._finish

    def _message(self, message: Mapping[str, Any]) -> Iterator[Delta]:
        for name in REASONING_FIELDS:
            if isinstance(text := message.get(name), str) and text:
                yield from self._separate()
                self.thought = True
                yield Reasoning(text, name)
                break
        content = message.get("content") or message.get("refusal")
        if isinstance(content, list):
            content = "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
        if content:
            yield from self._pieces(self._splitter.feed(content))
        for piece in message.get("tool_calls") or ():
            self._calls.feed(piece)

    def _separate(self) -> Iterator[Delta]:
        if not self._separates:
            self._separates = True
            yield from self._pieces(self._splitter.sure())

    def _pieces(self, pieces: list[Piece]) -> Iterator[Delta]:
        for kind, text in pieces:
            if kind == "reasoning":
                self.thought = True
                yield Reasoning(text, "think")
            else:
                yield from self._text(text)

    def _text(self, text: str) -> Iterator[Delta]:
        if self._held is not None:
            self._held += text
            start = self._held.lstrip()
            if any(start.startswith(notice) or notice.startswith(start) for notice in THROTTLED):
                return
            text, self._held = self._held, None
        self._said = self._said or bool(text.strip())
        yield Text(text)

    def _notice(self, text: str) -> Iterator[Delta]:
        """What was held back: a throttling notice if no tokens were used, otherwise an answer that begins like one."""
        whole = any(text.lstrip().startswith(notice) for notice in THROTTLED)
        if whole and (self.usage is None or not self.usage.completion_tokens):
            raise classify(429, text, request_id=self.request_id)
        self._said = bool(text.strip())
        yield Text(text)

    def _whole(self, body: bytes) -> Iterator[Delta]:
        """A body that is not a stream: a complete reply, an error, or a web page."""
        try:
            frame = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            if not body.strip():
                raise ModelError("truncated", "The reply is empty.", wait="once") from error
            failure = classify(200, body, request_id=self.request_id)
            if failure.kind == "configuration":
                raise failure from error
            raise ModelError("bad_output", "The reply is neither a stream nor JSON.", wait="once") from error
        if is_failure(frame):
            raise self._failure(None, frame)
        yield from self._frame(frame)

    def _failure(self, status: int | None, body: object) -> ModelError:
        return classify(status, body, request_id=self.request_id, quota_is_billing=self.quota_is_billing)

    def _checked_finish(self) -> str:
        if self._finish == "content_filter":
            raise ModelError("content_filter", "finish_reason content_filter", request_id=self.request_id)
        if self._calls:
            return "length" if self._finish == "length" else "tool_calls"
        if not self._said:
            advice = "only_reasoning" if self.thought else "no_answer"
            detail = f"The reply finished ({self._finish}) without text and without tool calls."
            raise ModelError("bad_output", detail, advice=advice, wait="once", request_id=self.request_id)
        return self._finish


def _usage(usage: Mapping[str, Any]) -> Usage:
    prompt, completion = usage.get("prompt_tokens_details") or {}, usage.get("completion_tokens_details") or {}
    return Usage(
        prompt_tokens=usage.get("prompt_tokens") or 0,
        completion_tokens=usage.get("completion_tokens") or 0,
        reasoning_tokens=completion.get("reasoning_tokens") or 0,
        cached_tokens=prompt.get("cached_tokens") or 0,
    )
