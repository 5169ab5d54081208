"""What a server has shown that it does not accept, learned from its refusals and remembered while the process runs.

A profile says what a kind of server usually accepts; models and versions differ. When a server refuses a field, the
request is sent again without it, and no later request carries it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from llm.errors import ModelError

OPTIONAL = (
    "enable_thinking", "thinking_budget", "chat_template_kwargs", "reasoning_effort", "stream_options",
    "max_tokens", "max_completion_tokens", "reasoning_content", "reasoning", "tool_choice", "dimensions",
    "encoding_format",
)  # fmt: skip
"""Fields a request can do without."""

REFUSED = re.compile(
    r"unsupported|unrecognized|unknown|unexpected|extra (inputs|fields)|extra_forbidden|not supported|"
    r"(does|do) not support|not permitted|not allowed|invalid (value|parameter)|not a valid|no such field",
    re.IGNORECASE,
)
MUST_STREAM = re.compile(
    r"must be set to false for non-streaming|only supports? stream|does not support http call|stream=true",
    re.IGNORECASE,
)
ALWAYS_THINKS = re.compile(r"enable_thinking.*restricted to true", re.IGNORECASE)
NEVER_THINKS = re.compile(r"does not support enable_thinking", re.IGNORECASE)
BUDGET = re.compile(r"thinking_budget.*not greater than (\d+)", re.IGNORECASE)
OUTPUT = re.compile(r"range of max_(?:completion_)?tokens should be \[\d+, ?(\d+)\]", re.IGNORECASE)
FORCED = re.compile(r"tool_choice", re.IGNORECASE)


@dataclass(slots=True)
class Capabilities:
    """What one model of one server refused. Every call of `learn` that returns True narrows it, so retries end."""

    refused: set[str] = field(default_factory=set)
    budget: int | None = None
    """Longest chain of thought in tokens; 0: no budget may be sent."""
    output: int | None = None
    must_stream: bool = False
    doubt: dict[bool, bool] = field(default_factory=dict)
    """By whether thinking was asked for: True if inline thinking came without its opening tag, False if none came."""

    def learn(self, error: ModelError, body: Mapping[str, Any]) -> bool:
        """Take a refusal of the request `body` to heart. True if the request may now be built anew and sent again."""
        if error.status not in (400, 422) or error.kind not in ("invalid_request", "configuration", "internal"):
            return False
        text = f"{error.code} {error.detail}"
        if MUST_STREAM.search(text) and not body.get("stream"):
            return self._must_stream()
        if ALWAYS_THINKS.search(text):
            return self._refuse("enable_thinking=false")
        if NEVER_THINKS.search(text) or "NotSupportEnableThinking" in error.code:
            return self._refuse("enable_thinking")
        if found := BUDGET.search(text):
            return self._narrow_budget(int(found[1]), body)
        if found := OUTPUT.search(text):
            return self._narrow_output(int(found[1]), body)
        if FORCED.search(text) and "tool_choice" in body:
            return self._refuse("tool_choice")
        if not REFUSED.search(text):
            return False
        named = [name for name in OPTIONAL if _sent(name, body) and re.search(rf"\b{name}\b", text)]
        return bool(named) and self._refuse(named[0])

    def _must_stream(self) -> bool:
        changed, self.must_stream = not self.must_stream, True
        return changed

    def _refuse(self, name: str) -> bool:
        changed = name not in self.refused
        self.refused.add(name)
        return changed

    def _narrow_budget(self, most: int, body: Mapping[str, Any]) -> bool:
        if "thinking_budget" not in body:
            return self._refuse("enable_thinking")
        changed = self.budget is None or most < self.budget
        self.budget = most
        return changed

    def _narrow_output(self, most: int, body: Mapping[str, Any]) -> bool:
        sent = body.get("max_tokens") or body.get("max_completion_tokens") or 0
        self.output = most
        return sent > most > 0


def _sent(name: str, body: Mapping[str, Any]) -> bool:
    return name in body or any(name in message for message in body.get("messages", ()))


_known: dict[tuple[str, str], Capabilities] = {}
_lock = Lock()


def capabilities_of(base_url: str, model: str) -> Capabilities:
    """What this process has learned about a model, shared by everyone who asks it."""
    with _lock:
        return _known.setdefault((base_url, model), Capabilities())
