"""What a run works with: for whom, over what, and what it has been shown. Tools act through it; no model sees it."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import AbstractContextManager
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
from kb.access import Actor, acting_as
from kb.attachments import attachments, collection_of
from llm.clients import ChatModel, Role, chat_model
from llm.messages import Message
from llm.prices import cost
from llm.profiles import ModelServers
from llm.streams import Usage

EARLIER_TURNS = 6
EARLIER_RUNS = 5 * EARLIER_TURNS
"""Read back so far: some of those runs have failed or were stopped."""
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
    conversation: UUID | None = None
    """What is attached to it is read beside the library."""
    attached_collection: int | None = None
    """The number of the collection with those files; None where nothing is attached."""
    attached_files: dict[int, str] = field(default_factory=dict)
    """Their names by the documents' numbers, for the models to know what "the attached file" is."""
    keep_requested: bool = False
    """The person has said that the quick answer is enough."""
    asked_back: bool = False
    """The last answer was a question to the person; they are not asked twice in a row."""
    held: float | None = None
    """What of the question the words of the best passage found first hold (`kb.search.Why`); None: not known."""
    sources: Sources = field(default_factory=Sources)
    usage: Counter[str] = field(default_factory=Counter)
    cost: float = 0.0
    unrecorded: dict[str, Usage] = field(default_factory=dict)
    """Tokens by model that `agents.usage` has not kept yet."""

    def acting(self) -> AbstractContextManager[Actor]:
        """Read guarded knowledge as the asker, with what is attached to the conversation."""
        return acting_as(self.person, self.attached)

    @property
    def attached(self) -> UUID | None:
        """The conversation whose attachments are read, if it has any."""
        return self.conversation if self.attached_collection else None

    def model(self, role: Role) -> ChatModel:
        return chat_model(self.servers, role)

    def count(self, usage: Usage, model: str) -> None:
        """Add one reply's tokens and what they cost to the run's."""
        self.cost += cost(usage, model, settings.MODEL_PRICES)
        self.unrecorded[model] = self.unrecorded.get(model, Usage()) + usage
        for name in ("prompt_tokens", "completion_tokens", "reasoning_tokens", "cached_tokens"):
            self.usage[name] += getattr(usage, name)

    def rules(self) -> str:
        """The rules that every model of the run is given, for the day the person asks about."""
        rules = prompts.rules(self.today.isoformat())
        if self.as_of and self.as_of != self.today:
            rules += f"\nThe person asks what was valid on {self.as_of.isoformat()}. Answer for that day, and say so."
        if self.attached_files:
            named = json.dumps(self.attached_files, ensure_ascii=False).replace("<", "\\u003c")
            rules += f"\nFiles that the person attached to this conversation, by document number: {named}"
        return rules

    def note(self, so_far: str = "") -> str:
        """What stands after the question: the answer that broke off, or how little of the question the sources hold."""
        if so_far:
            return prompts.fill("go_on", answer=so_far)
        if self.held is None or self.held >= 1:
            return ""
        return prompts.fill("held", share=str(round(100 * self.held)))

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
    attached = collection_of(run.conversation_id, run.person)
    files = attachments(run.conversation_id, run.person) if attached else []
    return Deps(
        person=run.person,
        question=run.question,
        mode=run.mode,
        today=timezone.localdate(),
        as_of=run.as_of,
        collections=[*run.collections, *([attached] if attached else [])] if run.collections else None,
        earlier=earlier,
        servers=settings.MODEL_SERVERS,
        regenerates=run.regenerates_id,
        run_id=run.pk,
        conversation=run.conversation_id,
        attached_collection=attached,
        attached_files={one.document: one.filename for one in files},
        keep_requested=run.keep_requested,
        asked_back=asked_back,
    )


def _earlier(run: Run) -> tuple[list[tuple[str, str]], bool]:
    """The questions and answers that lead to the run, as much as fits; whether the last one asks."""
    above = run.conversation.tree().above(run.pk)[-EARLIER_RUNS:]
    answered = Run.objects.filter(pk__in=above, state=RunState.FINISHED).exclude(answer="")
    found = answered.only("question", "answer", "asks").in_bulk()
    before = [found[pk] for pk in above if pk in found]
    kept: list[tuple[str, str]] = []
    room = EARLIER_CHARACTERS
    for one in before[: -EARLIER_TURNS - 1 : -1]:
        room -= len(one.question) + len(one.answer)
        if room < 0:
            break
        kept.insert(0, (one.question, one.answer))
    return kept, bool(before and before[-1].asks)


def may_escalate(deps: Deps) -> bool:
    return deps.mode == Mode.AUTO
