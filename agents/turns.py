"""A question and its answer as the chat shows them: a run's events, folded. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from agents import survey_report
from agents.branches import Switch
from agents.events import (
    Asked,
    Attached,
    Cancelled,
    Checked,
    Citation,
    Cited,
    Claim,
    Conflict,
    Escalated,
    Event,
    Failed,
    Finished,
    Kept,
    Limited,
    Planned,
    Revised,
    Routed,
    Source,
    Surveyed,
    Text,
    Thinking,
    ToolCalled,
    ToolReturned,
)  # fmt: skip
from agents.survey_report import Survey

T = TypeVar("T")
THOUGHT_SHOWN = 240


@dataclass(frozen=True, slots=True)
class Near:
    """A passage that came close to a question: where it is, how it begins, and whom to ask about its document."""

    source: Source
    text: str
    owner: str
    email: str = ""
    """the owner's address"""


@dataclass(slots=True)
class Step:
    """One tool call and what came of it."""

    call_id: str
    name: str
    arguments: dict[str, Any]
    state: str = "running"  # "running", "done" or "failed"
    summary: str = ""
    found: int = 0
    error: str = ""
    title: str = ""


@dataclass(slots=True)
class Turn:
    """What the page shows of one run."""

    run_id: UUID
    question: str
    asked_mode: str = "auto"
    conversation_id: UUID | None = None
    road: str = ""
    route_reason: str = ""
    escalated: str | None = None
    quick: Escalated | None = None
    revised: Revised | None = None
    kept: str = ""
    weakness: str = ""
    held_back: str = ""
    hidden: bool = False
    options: tuple[str, ...] = ()
    plan: tuple[str, ...] = ()
    steps: list[Step] = field(default_factory=list)
    sources: dict[tuple[int, int, int], Source] = field(default_factory=dict)
    thought: str = ""
    answer: str = ""
    citations: list[Citation] = field(default_factory=list)
    claims: tuple[Claim, ...] = ()
    verdict: str = ""
    conflicts: tuple[Conflict, ...] = ()
    opposed: tuple[Conflict, ...] = ()
    """The conflicts as the person may read them now: `agents.conversations.begin_conflicts`."""
    limit: str = ""
    state: str = "running"
    failure: Failed | None = None
    seconds: float = 0.0
    helped: bool | None = None
    feedback_reason: str = ""
    nearest: list[Near] = field(default_factory=list)
    survey: Survey | None = None
    attached: Attached | None = None
    suggested: list[str] = field(default_factory=list)
    place: int = 0
    questions: Switch | None = None
    answers: Switch | None = None

    def add(self, event: Event) -> None:
        """Take in the next event."""
        match event:
            case Routed():
                self.road, self.route_reason = event.mode, event.reason
            case Escalated():
                self.road, self.escalated = "thinking", event.reason
                self.quick = event if event.answer else None
                self.claims, self.verdict, self.weakness, self.limit = (), "", "", ""
                self.conflicts = ()
                self._not_yet_the_answer()
            case Kept():
                self.road, self.kept, self.limit = "fast", event.reason, ""
                self._not_yet_the_answer()
            case Revised():
                self.revised = event
            case Asked():
                self.options = event.options
            case Planned():
                self.plan = event.steps
            case Thinking():
                self.thought = (event.text if event.anew else self.thought + event.text)[-THOUGHT_SHOWN:]
            case ToolCalled():
                self._not_yet_the_answer()
                self.steps.append(Step(event.call_id, event.name, event.arguments))
            case ToolReturned():
                self._returned(event)
            case Surveyed():
                self.survey = self.survey or Survey()
                self.survey.add(event)
            case Attached():
                self.attached = event
            case Text():
                self.answer += event.text
            case Cited():
                known = {citation.number for citation in self.citations}
                self.citations += [citation for citation in event.citations if citation.number not in known]
            case Checked():
                self.claims, self.verdict, self.conflicts = event.claims, event.verdict, event.conflicts
                self.weakness, self.held_back, self.hidden = event.weakness, event.held_back, event.hidden
            case Limited():
                self.limit = event.limit
            case Finished():
                self.state, self.road, self.seconds = "finished", event.mode, event.seconds
                self.answer = event.answer or self.answer
            case Failed():
                self.state, self.failure = "failed", event
                self._tell_what_was_checked()
            case Cancelled():
                self.state = "cancelled"
                self._tell_what_was_checked()

    def _tell_what_was_checked(self) -> None:
        """A check of every document that ended early has an answer all the same."""
        if self.survey and not self.citations:
            self.answer = self.answer or survey_report.answer_of(self.survey)
            self.citations = survey_report.citations_of(self.survey)

    def _not_yet_the_answer(self) -> None:
        self.answer = ""
        self.citations = []

    def _returned(self, event: ToolReturned) -> None:
        for source in event.sources:
            self.sources.setdefault((source.version, source.start, source.end), source)
        for step in reversed(self.steps):
            if step.call_id == event.call_id and step.state == "running":
                step.state = "failed" if event.error else "done"
                step.summary, step.found, step.error = event.summary, event.found, event.error
                step.title = event.sources[0].title if event.sources else ""
                return

    @property
    def running(self) -> bool:
        return self.state == "running"

    @property
    def declined(self) -> bool:
        """The documents do not answer the question."""
        return self.state == "finished" and self.verdict == "not_in_documents"

    @property
    def nearest_sources(self) -> list[Source]:
        """The first passages found, of three documents if possible: what a declined question came closest to."""
        return nearest_of(list(self.sources.values()), lambda source: source.document)

    @property
    def phase(self) -> str:
        """What is going on: "reading" (attached files), "searching", "checking", "thinking" or "writing"."""
        if self.answer:
            return "writing"
        if self.attached and not self.attached.ready and not self.steps and not self.survey:
            return "reading"
        if self.survey:
            return "checking"
        if self.steps and self.steps[-1].state == "running":
            return "searching" if self.steps[-1].name == "search_knowledge" else "working"
        return "thinking" if self.road == "thinking" or self.thought else "writing" if self.steps else "searching"


def nearest_of(found: Sequence[T], document: Callable[[T], int], limit: int = 3) -> list[T]:
    """The first of what was found, of as many documents as possible."""
    by_document: dict[int, T] = {}
    for one in found:
        by_document.setdefault(document(one), one)
    rest = [one for one in found if one not in by_document.values()]
    return [*by_document.values(), *rest][:limit]


def fold(turn: Turn, events: Iterable[Event]) -> Turn:
    """`turn` after `events`."""
    for event in events:
        turn.add(event)
    return turn
