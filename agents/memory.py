"""What the stored events of an interrupted run say about where to go on. Pure.

A finished step is not repeated: sources keep their numbers, tool calls that returned keep their results, and of an
answer that was under way the text so far is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from agents.events import (
    Citation,
    Cited,
    Escalated,
    Event,
    Limited,
    Road,
    Routed,
    Source,
    Text,
    Thinking,
    ToolCalled,
    ToolReturned,
)

EVIDENCE = "evidence"
"""The call id of the first search, which we make ourselves before any model is asked."""


@dataclass(slots=True)
class Turn:
    """One reply of the Thinking model and what its tools returned."""

    reasoning: str = ""
    reasoning_field: str = "reasoning_content"
    text: str = ""
    calls: list[ToolCalled] = field(default_factory=list)
    returned: dict[str, ToolReturned] = field(default_factory=dict)

    def unanswered(self) -> list[ToolCalled]:
        return [call for call in self.calls if call.call_id not in self.returned]


@dataclass(slots=True)
class Memory:
    """Where an interrupted run stands; empty for one that has just begun."""

    road: Road | None = None
    sources: dict[int, Source] = field(default_factory=dict)
    evidence: ToolReturned | None = None
    turns: list[Turn] = field(default_factory=list)
    answer: str = ""
    citations: list[Citation] = field(default_factory=list)
    limit: str = ""


def remember(events: Iterable[Event]) -> Memory:
    """Read a run's stored events."""
    memory, turn = Memory(), Turn()
    for event in events:
        if isinstance(event, Routed):
            memory.road = event.mode
        elif isinstance(event, Escalated):
            memory.road, memory.answer, memory.citations, turn = "thinking", "", [], Turn()
        elif isinstance(event, Thinking):
            turn = _open(memory, turn)
            turn.reasoning += event.text
            turn.reasoning_field = event.field
        elif isinstance(event, Text):
            turn = _open(memory, turn)
            turn.text += event.text
            memory.answer += event.text
        elif isinstance(event, Cited):
            memory.citations += event.citations
        elif isinstance(event, ToolCalled):
            turn = _open(memory, turn)
            memory.answer, memory.citations = "", []
            if event.call_id != EVIDENCE:
                turn.calls.append(event)
        elif isinstance(event, ToolReturned):
            memory.sources |= {source.source: source for source in event.sources}
            if event.call_id == EVIDENCE:
                memory.evidence = event
            else:
                turn.returned[event.call_id] = event
        elif isinstance(event, Limited):
            memory.limit = event.limit
    if turn.calls:
        memory.turns.append(turn)
    return memory


def _open(memory: Memory, turn: Turn) -> Turn:
    """The turn that the model's next words belong to: a new one once a tool of this one has returned."""
    if not turn.returned:
        return turn
    memory.turns.append(turn)
    return Turn()
