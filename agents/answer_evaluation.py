"""The answers to a question set: asked through the same runs as everybody's questions, by a person made for it.

That person may read the set's collection and nothing else, and is deleted afterwards with everything they asked.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from django.contrib.auth.models import Group

from accounts.models import Person
from agents import runs
from agents.answer_figures import EVIDENCE, Answered, figures
from agents.checks import refuses
from agents.events import ToolReturned
from agents.models import Conversation, Mode, Run, RunState
from agents.threads import in_thread
from kb import reading
from kb.access import acting_as
from kb.beir import SetQuestion, read_set, recall, spread
from kb.collections import set_groups
from kb.evaluation import Judge, Progress, Shelf
from kb.evaluation_runs import Judged
from kb.operators import operator
from kb.search import search_as

AT_ONCE = 4
PREFIX = "evaluation"


def add_arguments(parser: ArgumentParser) -> None:
    """The options of `evaluate` that the answers need."""
    parser.add_argument("--mode", choices=Mode.values, default=Mode.AUTO, help="how the answers are found")
    parser.add_argument(
        "--foreign", type=Path, metavar="DIR", help="ask the questions of this other set too: they are to be declined"
    )
    parser.add_argument("--at-once", type=int, choices=range(1, 33), metavar="N", default=AT_ONCE, help="questions")
    parser.add_argument(
        "--details", type=Path, metavar="FILE", help="write each answer and its judgement as JSON lines"
    )


def measure(shelf: Shelf, options: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Ask every question of the set, and those of another one, and say how good the answers are."""
    limit: int | None = options.get("limit")
    foreign: Sequence[SetQuestion] = ()
    if folder := options.get("foreign"):
        foreign = [_foreign(question) for question in read_set(folder).questions]
        foreign = spread(foreign, limit) if limit else foreign
    with _asker(shelf) as person:
        at_once, names = options.get("at_once") or AT_ONCE, shelf.ids
        asking = Asking(person, options.get("mode") or Mode.AUTO, [shelf.collection.pk], names, at_once, progress)
        own = asyncio.run(asking.all(shelf.questions.questions, "answers"))
        others = asyncio.run(asking.all(foreign, "foreign answers"))
        found = figures(own, others)
        if found["thinking"]:
            found |= _evidence(shelf, person, own)
    if details := options.get("details"):
        details.write_text("".join(_line(one) for one in [*own, *others]), encoding="utf-8")
    return found


JUDGE = Judge(measure, add_arguments, "also ask the questions, and judge the answers")


@dataclass(frozen=True, slots=True)
class Asking:
    """Somebody who asks many questions, some of them at once."""

    person: Person
    mode: str
    collections: Sequence[int] | None
    names: Mapping[int, str] | None
    """What the set calls the documents; None: by their numbers."""
    at_once: int
    progress: Progress

    async def all(self, questions: Sequence[SetQuestion], what: str) -> list[Answered]:
        room = asyncio.Semaphore(self.at_once)
        done = 0

        async def one(question: SetQuestion) -> Answered:
            nonlocal done
            async with room:
                answered = await self.ask(question)
            done += 1
            if done % 50 == 0 or done == len(questions):
                self.progress(what, done, len(questions))
            return answered

        return await asyncio.gather(*map(one, questions))

    async def ask(self, question: SetQuestion) -> Answered:
        """One question, in a conversation of its own that is deleted again."""
        run = await in_thread(self.start, question.text)
        looks = [event.sources async for _seq, event in runs.follow(run.pk) if isinstance(event, ToolReturned)]
        run = await runs.outcome(run.pk)
        unsupported = await in_thread(self.unsupported, run)
        await in_thread(Conversation.objects.filter(pk=run.conversation_id).delete)
        return Answered(
            question,
            answer=run.answer,
            declined=refuses(run.answer),
            cited=self.named(citation["document"] for citation in run.citations),
            unsupported_citations=unsupported,
            looks=tuple(self.named(source.document for source in look) for look in looks if look),
            road=run.road,
            milliseconds=(run.finished_at - run.created_at).total_seconds() * 1000 if run.finished_at else 0.0,
            failure="" if run.state == RunState.FINISHED else run.state,
        )

    def start(self, question: str) -> Run:
        return runs.start(self.person, question, mode=self.mode, collections=self.collections)

    def named(self, documents: Iterable[int]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.name(document) for document in documents))

    def name(self, document: int) -> str:
        return str(document) if self.names is None else self.names.get(document, "")

    def unsupported(self, run: Run) -> int:
        """How many citations quote what does not stand where they say."""
        with acting_as(self.person):
            return sum(
                not reading.quote_is_literal(one["version"], one["start"], one["end"], one["quote"])
                for one in run.citations
            )


def judged_answer(person: Person, question: SetQuestion, mode: str) -> tuple[str, Judged]:
    """One question of a set that is kept in the product, asked as a person among all that they may read."""
    one = asyncio.run(Asking(person, mode, None, None, 1, lambda *_: None).ask(question))
    if one.question.relevant:
        right = not one.declined and (one.answer_hit if one.gold else one.citation_hit)
    else:
        right = one.declined
    return one.answer, Judged(
        right=right and not one.failure,
        cited=one.citation_hit if one.question.relevant else None,
        declined=one.declined,
        unsupported=one.unsupported_citations,
        road=one.road,
        milliseconds=round(one.milliseconds, 1),
        failure=one.failure,
    )


@contextmanager
def _asker(shelf: Shelf) -> Iterator[Person]:
    """A person who may read the set's documents and nothing else, while the block lasts."""
    _remove_abandoned()
    name = f"{PREFIX}-{socket.gethostname()[:60]}-{os.getpid()}-{secrets.token_hex(4)}"
    group = Group.objects.create(name=name)
    person = Person.objects.create_user(name)
    try:
        person.groups.set([group])
        set_groups(shelf.collection, [group], by=operator(None))
        yield person
    finally:
        person.delete()
        group.delete()


def _remove_abandoned() -> None:
    """Delete who earlier measurements left behind because they were killed: nobody of that name can ever sign in."""
    for group in Group.objects.filter(name__startswith=f"{PREFIX}-{socket.gethostname()[:60]}-"):
        process = group.name.rsplit("-", 2)[1]
        if process.isdigit() and not psutil.pid_exists(int(process)):
            Person.objects.filter(username=group.name, groups=group).delete()
            group.delete()


def _foreign(question: SetQuestion) -> SetQuestion:
    return SetQuestion(question.id, question.text, {}, {**question.metadata, "answers": []})


def _evidence(shelf: Shelf, person: Person, answered: Sequence[Answered]) -> dict[str, Any]:
    """The relevant documents among those the runs read, against those that one search finds."""
    asked = [one for one in answered if one.question.relevant]
    read, searched = [], []
    for one in asked:
        hits = search_as(person, one.question.text, limit=2 * EVIDENCE, collections=[shelf.collection.pk])
        found = list(dict.fromkeys(shelf.ids[document] for hit in hits for document in (hit.document_id, *hit.also_in)))
        searched.append(recall(found, one.question.relevant, EVIDENCE))
        read.append(recall(one.read, one.question.relevant, EVIDENCE))
    count = len(asked) or 1
    return {"evidence_recall": round(sum(read) / count, 4), "search_recall": round(sum(searched) / count, 4)}


def _line(one: Answered) -> str:
    data = {
        "id": one.question.id,
        "question": one.question.text,
        "gold": one.gold,
        "relevant": sorted(one.question.relevant),
        "answer": one.answer,
        "answer_hit": one.answer_hit,
        "citation_hit": one.citation_hit,
        "declined": one.declined,
        "cited": one.cited,
        "looks": one.looks,
        "road": one.road,
        "ms": round(one.milliseconds, 1),
        "failure": one.failure,
    }
    return json.dumps(data, ensure_ascii=False) + "\n"
