"""Puts together the calls of tools that a stream brings in pieces. Pure.

Servers agree on little here: later pieces may have an empty id or name, repeat both in full, lack the index, or
bring the whole call at once; some give every call the index 0, the same id, or none.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from llm.errors import ModelError
from llm.messages import ToolCall


@dataclass(slots=True)
class _Call:
    index: int | None
    id: str
    name: str
    arguments: str = ""

    @property
    def whole(self) -> bool:
        try:
            orjson.loads(self.arguments)
        except orjson.JSONDecodeError:
            return False
        return True


@dataclass(slots=True)
class ToolCallAccumulator:
    _calls: list[_Call] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self._calls)

    def feed(self, piece: Mapping[str, Any]) -> None:
        """Take one entry of `delta.tool_calls` or of a whole message's `tool_calls`."""
        function = piece.get("function") or {}
        index, ident, name = piece.get("index"), piece.get("id") or "", function.get("name") or ""
        arguments = function.get("arguments")
        if isinstance(arguments, Mapping):
            arguments = orjson.dumps(arguments).decode()
        call = self._call(index if isinstance(index, int) else None, str(ident), str(name))
        if call is None:
            call = _Call(index if isinstance(index, int) else None, str(ident), str(name))
            self._calls.append(call)
        call.id = call.id or str(ident)
        call.name = call.name or str(name)
        call.arguments += arguments or ""

    def end(self) -> Iterator[ToolCall]:
        """Every call once, in order, each with an id of its own. Raises ModelError for a call without a name."""
        seen: set[str] = set()
        for call in self._calls:
            if not call.name:
                raise ModelError("bad_output", "The model called a tool without naming it.", wait="once")
            ident = call.id if call.id and call.id not in seen else f"call_{secrets.token_hex(8)}"
            seen.add(ident)
            yield ToolCall(ident, call.name, call.arguments.strip() or "{}")

    def _call(self, index: int | None, ident: str, name: str) -> _Call | None:
        """The call this piece continues, or None where it begins one."""
        if index is not None:
            call = next((call for call in reversed(self._calls) if call.index == index), None)
            if call and name and ident and call.id and ident != call.id:
                return None
            return call
        if not self._calls or (not name and not ident):
            return self._calls[-1] if self._calls else None
        if ident:
            call = next((call for call in reversed(self._calls) if call.id == ident), None)
            return None if call and name and call.name and call.whole else call
        last = self._calls[-1]
        return last if name == last.name and not last.whole else None
