"""The bytes of a reply → server-sent events. Pure.

Lines are cut at bytes, because text splitters also cut at U+2028 and its like, which JSON strings may hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from llm.errors import ModelError

LONGEST = 32 * 1024 * 1024
"""Bytes of one event or of a body that is not a stream; more is not a reply of a model."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    data: bytes
    name: str = ""
    status: int | None = None
    """The native protocol says an error's HTTP status in a comment, `:HTTP_STATUS/429`."""


@dataclass(slots=True)
class EventReader:
    """Feed it bytes as they come, cut anywhere. What is not of the event protocol is kept in `stray`."""

    stray: bytearray = field(default_factory=bytearray)
    _line: bytearray = field(default_factory=bytearray)
    _data: list[bytes] = field(default_factory=list)
    _name: str = ""
    _status: int | None = None

    def feed(self, data: bytes) -> Iterator[ServerEvent]:
        self._line += data
        *lines, self._line = self._line.split(b"\n")
        for line in lines:
            yield from self._take(bytes(line.removesuffix(b"\r")))
        if len(self._line) + sum(map(len, self._data)) + len(self.stray) > LONGEST:
            raise ModelError("bad_output", "The reply goes on for more than 32 MB without an event.")

    def end(self) -> Iterator[ServerEvent]:
        """What a last line without its line end still holds."""
        if self._line:
            yield from self._take(bytes(self._line))
        yield from self._take(b"")

    def _take(self, line: bytes) -> Iterator[ServerEvent]:
        if not line:
            if self._data:
                yield ServerEvent(b"\n".join(self._data), self._name, self._status)
            self._data, self._name, self._status = [], "", None
        elif line.startswith(b"data:"):
            self._data.append(line[5:].lstrip(b" "))
        elif line.startswith(b"event:"):
            self._name = line[6:].strip().decode("utf-8", "replace")
        elif line.startswith(b":"):
            status = line.partition(b"HTTP_STATUS/")[2]
            self._status = int(status) if status.isdigit() else self._status
        elif not line.startswith((b"id:", b"retry:")):
            self.stray += line + b"\n"
