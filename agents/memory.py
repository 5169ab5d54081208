"""What the stored events of an interrupted run say about where to go on. Pure.

A finished step is not repeated: sources keep their numbers, tool calls that returned keep their results, and of an
answer that was under way the text so far is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from agents.events import (
    Asked,
    Checked,
    Citation,
    Cited,
    Escalated,
    Event,
    Kept,
    Limited,
    Planned,
    Revised,
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

ABROAD = "evidence_abroad"
"""The call id of the search that follows it, by the question in other languages: `agents.abroad`."""

ASK = "ask_person"
"""The tool that ends a run with a question to the person."""


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
    searching: ToolCalled | None = None
    """The first search, from when it was announced."""
    evidence: ToolReturned | None = None
    looking_abroad: ToolCalled | None = None
    abroad: ToolReturned | None = None
    turns: list[Turn] = field(default_factory=list)
    answer: str = ""
    citations: list[Citation] = field(default_factory=list)
    limit: str = ""
    plan: tuple[str, ...] = ()
    checked: Checked | None = None
    """The answer is whole and has been held against its evidence."""
    escalated: Escalated | None = None
    kept: bool = False
    asking: ToolCalled | None = None
    """The call by which the person is asked back, once it has returned."""
    asked: Asked | None = None
    revised: bool = False
    began_thinking: bool = False
    """The model was thinking about a reply that broke off before its text or its calls."""

    @property
    def quick(self) -> Escalated | None:
        """The quick answer that stands until the thinking one is there."""
        return self.escalated if self.escalated and self.escalated.answer else None


def remember(events: Iterable[Event]) -> Memory:
    """Read a run's stored events."""
    memory, turn = Memory(), Turn()
    for event in events:
        if isinstance(event, Routed):
            memory.road = event.mode
        elif isinstance(event, Escalated):
            memory.road, memory.answer, memory.citations, turn = "thinking", "", [], Turn()
            memory.escalated, memory.checked, memory.limit = event, None, ""
        elif isinstance(event, Kept):
            memory.road, memory.answer, memory.citations, turn = "fast", "", [], Turn()
            memory.kept, memory.checked, memory.limit = True, None, ""
        elif isinstance(event, Thinking):
            turn = _open(memory, turn)
            turn.reasoning = event.text if event.anew else turn.reasoning + event.text
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
            if event.call_id == EVIDENCE:
                memory.searching = event
            elif event.call_id == ABROAD:
                memory.looking_abroad = event
            else:
                turn.calls.append(event)
        elif isinstance(event, ToolReturned):
            memory.sources |= {source.source: source for source in event.sources}
            if event.call_id == EVIDENCE:
                memory.evidence = event
            elif event.call_id == ABROAD:
                memory.abroad = event
            else:
                turn.returned[event.call_id] = event
                if event.name == ASK and not event.error:
                    memory.asking = next((call for call in turn.calls if call.call_id == event.call_id), None)
        elif isinstance(event, Limited):
            memory.limit = event.limit
        elif isinstance(event, Planned):
            memory.plan = event.steps
        elif isinstance(event, Checked):
            memory.checked = event
        elif isinstance(event, Asked):
            memory.asked = event
        elif isinstance(event, Revised):
            memory.revised = True
    if turn.calls:
        memory.turns.append(turn)
    last = Turn() if turn.returned else turn
    memory.began_thinking = bool(last.reasoning) and not last.calls
    return memory


def _open(memory: Memory, turn: Turn) -> Turn:
    """The turn that the model's next words belong to: a new one once a tool of this one has returned."""
    if not turn.returned:
        return turn
    memory.turns.append(turn)
    return Turn()
