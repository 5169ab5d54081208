"""A person's conversations as the chat shows them."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import Person
from agents.events import Conflict, from_data
from agents.language import language_of
from agents.models import Conversation, Event, Feedback, Run, RunState
from agents.suggestions import next_questions
from agents.turns import Turn
from agents.unanswered import near
from kb.access import acting_as
from kb.coverage import still_readable

LISTED = 80
TURNS_SHOWN = 40


def listed(person: Person, query: str = "", limit: int = LISTED) -> dict[str, Any]:
    """What the list of conversations shows: the latest, grouped by the day they were last added to. `query` looks in
    titles and questions; `more` is the limit with which earlier ones come too, 0 when there are none."""
    found = Conversation.objects.filter(person=person, listed=True)
    if query := query.strip()[:200].replace("\0", ""):
        asked = Run.objects.filter(conversation=OuterRef("pk"), question__icontains=query)
        found = found.filter(Q(title__icontains=query) | Exists(asked))
    latest = list(found.order_by("-updated_at")[: limit + 1])
    days = groupby(latest[:limit], key=lambda conversation: timezone.localdate(conversation.updated_at))
    return {
        "days": [(day, list(group)) for day, group in days],
        "query": query,
        "more": limit + LISTED if len(latest) > limit else 0,
    }


def turns_of(conversation: Conversation, limit: int | None = TURNS_SHOWN) -> list[Turn]:
    """The latest turns (all with None) of the branch that its person last saw, oldest first, in a fixed number of
    queries. `place` counts from the first question of the conversation."""
    tree = conversation.tree()
    path = tree.path(conversation.shown)
    first = max(len(path) - limit, 0) if limit is not None else 0
    found = Run.objects.in_bulk(path[first:])
    runs = [found[pk] for pk in path[first:] if pk in found]
    turns = _folded(runs)
    for place, run in enumerate(runs, first):
        turn = turns[run.pk]
        turn.place, turn.questions, turn.answers = place, tree.questions(run.pk), tree.answers(run.pk)
    return [turns[run.pk] for run in runs]


def all_turns(conversation: Conversation) -> list[tuple[Run, Turn]]:
    """The runs of every branch with what happened in them, in the order in which they were asked."""
    runs = list(conversation.runs.order_by("created_at"))
    turns = _folded(runs)
    return [(run, turns[run.pk]) for run in runs]


def turn_of(run: Run) -> Turn:
    """One run with everything that has happened in it."""
    return _folded([run])[run.pk]


def turns_of_runs(runs: Sequence[Run]) -> list[Turn]:
    """Some runs with everything that has happened in them, in their order."""
    turns = _folded(runs)
    return [turns[run.pk] for run in runs]


def new_turn(run: Run) -> Turn:
    """A run of which nothing is known yet but its question."""
    return Turn(run.pk, run.question, run.mode, run.conversation_id)


def _folded(runs: Sequence[Run]) -> dict[UUID, Turn]:
    turns = {run.pk: new_turn(run) for run in runs}
    # The pieces of a text that is there as a whole are not read again.
    whole = [run.pk for run in runs if run.state != RunState.RUNNING]
    events = Event.objects.filter(run__in=list(turns)).exclude(run__in=whole, kind__in=["text", "thinking"])
    for run_id, kind, data in events.order_by("run", "seq").values_list("run", "kind", "data"):
        turns[run_id].add(from_data(kind, data))
    for run in runs:
        if run.state != RunState.RUNNING:
            turns[run.pk].answer = run.answer
    for given in Feedback.objects.filter(run__in=list(turns)):
        turns[given.run_id].helped, turns[given.run_id].feedback_reason = given.helped, given.reason
    return turns


def begin_nearest(person: Person, turns: Sequence[Turn]) -> None:
    """Give the declined turns the beginnings of their nearest passages, as far as the person may read them still."""
    declined = [turn for turn in turns if turn.declined]
    sources = [source for turn in declined for source in turn.nearest_sources]
    shown = near(person, sources, declined[0].conversation_id) if declined else []
    by_source = {one.source: one for one in shown}
    for turn in declined:
        turn.nearest = [by_source[source] for source in turn.nearest_sources if source in by_source]


def begin_conflicts(person: Person, turns: Sequence[Turn]) -> None:
    """Give the turns what documents say differently; the quotes as far as the person may read them still."""
    told = [turn for turn in turns if turn.conflicts]
    if not told:
        return
    statements = [one for turn in told for conflict in turn.conflicts for one in conflict.statements]
    with acting_as(person, told[0].conversation_id):
        readable = still_readable([one.version for one in statements])
    for turn in told:
        turn.opposed = tuple(withheld(conflict, readable) for conflict in turn.conflicts)


def withheld(conflict: Conflict, readable: Container[int]) -> Conflict:
    """A conflict without the quotes of versions that are not `readable`."""
    statements = conflict.statements
    return Conflict(tuple(one if one.version in readable else replace(one, quote="") for one in statements))


def suggest(turns: Sequence[Turn]) -> None:
    """Inside `acting_as`: give the last turn the questions to ask next, except those that have been asked."""
    if not turns or turns[-1].state != "finished" or turns[-1].options:
        return
    last = turns[-1]
    asked = {turn.question for turn in turns}
    chinese = language_of(last.question) == "zh"
    last.suggested = next_questions(last.citations, chinese=chinese, asked=asked)
