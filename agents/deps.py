"""What a run works with: for whom, over what, and what it has been shown. Tools act through it; no model sees it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from accounts.models import Person
from agents import prompts
from agents.citations import plain
from agents.models import Mode, Run, RunState
from agents.sources import Sources
from llm.clients import ChatModel, Role, chat_model
from llm.messages import Message
from llm.prices import cost
from llm.profiles import ModelServers
from llm.streams import Usage

EARLIER_TURNS = 6
EARLIER_RUNS = 5 * EARLIER_TURNS
"""Read back so far: each of those turns may have been answered several times."""
EARLIER_CHARACTERS = 8_000


@dataclass(slots=True)
class Deps:
    """One run's surroundings. `collections` are ids; None means all that the person may read."""

    person: Person
    question: str
    mode: str
    today: date
    as_of: date | None
    collections: list[int] | None
    earlier: list[tuple[str, str]]
    servers: ModelServers
    regenerates: UUID | None = None
    run_id: UUID | None = None
    keep_requested: bool = False
    """The person has said that the quick answer is enough."""
    asked_back: bool = False
    """The last answer was a question to the person; they are not asked twice in a row."""
    sources: Sources = field(default_factory=Sources)
    usage: Counter[str] = field(default_factory=Counter)
    cost: float = 0.0

    def model(self, role: Role) -> ChatModel:
        return chat_model(self.servers, role)

    def count(self, usage: Usage, model: str) -> None:
        """Add one reply's tokens and what they cost to the run's."""
        self.cost += cost(usage, model, settings.MODEL_PRICES)
        for name in ("prompt_tokens", "completion_tokens", "reasoning_tokens", "cached_tokens"):
            self.usage[name] += getattr(usage, name)

    def rules(self) -> str:
        """The rules that every model of the run is given, for the day the person asks about."""
        rules = prompts.rules(self.today.isoformat())
        if self.as_of and self.as_of != self.today:
            rules += f"\nThe person asks what was valid on {self.as_of.isoformat()}. Answer for that day, and say so."
        return rules

    def history(self) -> list[Message]:
        """Earlier questions and answers. Their marks are left out: the numbers meant other sources."""
        return [
            message
            for question, answer in self.earlier
            for message in ({"role": "user", "content": question}, {"role": "assistant", "content": plain(answer)})
        ]


def prepare(run: Run) -> Deps:
    """Read what a run starts from."""
    earlier, asked_back = _earlier(run)
    return Deps(
        person=run.person,
        question=run.question,
        mode=run.mode,
        today=timezone.localdate(),
        as_of=run.as_of,
        collections=list(run.collections) or None,
        earlier=earlier,
        servers=settings.MODEL_SERVERS,
        regenerates=run.regenerates_id,
        run_id=run.pk,
        keep_requested=run.keep_requested,
        asked_back=asked_back,
    )


def _earlier(run: Run) -> tuple[list[tuple[str, str]], bool]:
    """The conversation before the run, the last answer to each question, as much as fits; whether the last one asks.

    An answer that was asked for again stands at the place of the first one.
    """
    root = run.regenerates or run
    before = Run.objects.filter(
        conversation_id=run.conversation_id, state=RunState.FINISHED, created_at__lt=root.created_at
    ).exclude(answer="")
    turns: dict[object, tuple[str, str]] = {}
    latest = list(before.order_by("-created_at").only("question", "answer", "regenerates_id", "asks")[:EARLIER_RUNS])
    for one in reversed(latest):
        turns[one.regenerates_id or one.pk] = (one.question, one.answer)
    kept: list[tuple[str, str]] = []
    room = EARLIER_CHARACTERS
    for question, answer in list(turns.values())[: -EARLIER_TURNS - 1 : -1]:
        room -= len(question) + len(answer)
        if room < 0:
            break
        kept.insert(0, (question, answer))
    return kept, bool(latest and latest[0].asks)


def may_escalate(deps: Deps) -> bool:
    return deps.mode == Mode.AUTO
