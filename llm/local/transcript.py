"""What the Thinking model has done so far in a run, read from the messages after the question."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .asking import Queried, Table, read_queried, read_tables
from .conversation import Conversation, Source, content_text, question_at, read_conversation, read_source
from .reply import Call
from .versions import Version


@dataclass(frozen=True, slots=True)
class Transcript:
    """The conversation, the calls of each turn since the question, all sources shown, and the results of sums.

    `versions` are those that the documents found have besides the ones shown, `tables` the tables that passages are a
    part of, and `queried` what asking them gave.
    """

    conversation: Conversation
    turns: tuple[tuple[Call, ...], ...] = ()
    sources: tuple[Source, ...] = ()
    results: tuple[str, ...] = ()
    versions: tuple[Version, ...] = ()
    tables: tuple[Table, ...] = ()
    queried: tuple[Queried, ...] = ()

    @property
    def calls(self) -> tuple[Call, ...]:
        """All calls made so far."""
        return tuple(call for turn in self.turns for call in turn)

    def count(self, *names: str) -> int:
        """How many turns called one of these tools."""
        return sum(any(call.name in names for call in turn) for turn in self.turns)


@dataclass
class _Reader:
    sources: dict[int, Source] = field(default_factory=dict)
    results: list[str] = field(default_factory=list)
    versions: dict[Version, None] = field(default_factory=dict)
    tables: dict[Table, None] = field(default_factory=dict)
    queried: list[Queried] = field(default_factory=list)

    def read(self, name: str, text: str) -> None:
        try:
            data = json.loads(text)
        except json.JSONDecodeError:
            return
        if not isinstance(data, dict):
            return
        for source in map(read_source, data.get("passages") or ()):
            if source:
                self.sources.setdefault(source.number, source)
        for version in data.get("other_versions") or ():
            if isinstance(version, dict) and isinstance(version.get("document"), int):
                days = (str(version.get(name) or "") for name in ("valid_from", "valid_to"))
                self.versions[Version(version["document"], *days)] = None
        for table in read_tables(data.get("tables")):
            self.tables[table] = None
        if name == "run_python":
            self._read_result(data)
        elif name == "query_tables" and "tables" not in data:
            self.queried.append(read_queried(data))

    def _read_result(self, data: dict[str, Any]) -> None:
        value = data.get("result")
        if value is None:
            value = str(data.get("output") or "").strip() or None
        if "error" not in data and value is not None:
            self.results.append(str(value))


def read_transcript(messages: Sequence[dict[str, Any]]) -> Transcript:
    """Read a run from its messages: everything after the last user message belongs to it."""
    conversation = read_conversation(messages)
    last = question_at(messages)
    reader = _Reader({source.number: source for source in conversation.sources})
    turns: list[tuple[Call, ...]] = []
    names: dict[str, str] = {}
    for message in messages[last + 1 :]:
        if message.get("tool_calls"):
            called = [call for call in message["tool_calls"] if isinstance(call.get("function"), dict)]
            turns.append(tuple(_call(call["function"]) for call in called))
            names |= {str(call.get("id")): str(call["function"].get("name")) for call in called}
        elif message.get("role") == "tool":
            reader.read(names.get(str(message.get("tool_call_id")), ""), content_text(message))
    return Transcript(
        conversation,
        tuple(turns),
        tuple(reader.sources.values()),
        tuple(reader.results),
        tuple(reader.versions),
        tuple(reader.tables),
        tuple(reader.queried),
    )


def _call(function: dict[str, Any]) -> Call:
    try:
        arguments = json.loads(function.get("arguments") or "{}")
    except json.JSONDecodeError:
        arguments = {}
    return Call(str(function.get("name")), arguments if isinstance(arguments, dict) else {})
