"""What somebody sees of an answer that was shared with them.

An answer is shown whole only to a reader who may read everything that its models were shown: not only what it cites,
and not for this answer alone, because the answers before it were shown to its models too. Everybody else gets those of
its sentences whose quotes they may all read, proved by these quotes alone, and is told that something is withheld.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.models import Person
from agents.checks import Evidence, check
from agents.conversations import begin_conflicts, begin_nearest, turns_of_runs
from agents.events import Citation, Claim, from_data
from agents.grounds import Grounds
from agents.models import Event, Run, RunState
from agents.models_shares import Share
from agents.tool_servers import usable_keys
from agents.tools.server_tools import PREFIX
from agents.turns import Turn
from kb.access import acting_as, documents_for, readable_scopes
from kb.attachments import first_attached
from kb.coverage import still_readable
from kb.models_tables import DocumentTable

SHOWING = ("tool_called", "tool_returned", "cited", "checked", "escalated", "surveyed", "attached")
"""Kinds of events that tell what was shown to a model."""


@dataclass(frozen=True, slots=True)
class SharedTurn:
    """A question and what the reader may see of its answer.

    `turn` is all that happened, and is None where something is `withheld`; `sentences` are then what is left.
    """

    question: str
    asked_at: datetime
    turn: Turn | None
    sentences: tuple[Claim, ...] = ()
    citations: tuple[Citation, ...] = ()
    withheld: bool = False


def shared_turns(share: Share, reader: Person) -> list[SharedTurn]:
    """What a share shows to `reader`, who has been found to be its reader, oldest question first."""
    path = share.run.conversation.tree().above(share.run_id)
    found = Run.objects.in_bulk([*path, share.run_id])
    runs = [found[pk] for pk in [*path, share.run_id] if pk in found]
    readable = _readable_runs(runs, owner=share.person, reader=reader)
    shown = runs if share.whole else runs[-1:]
    whole = turns_of_runs([run for run in shown if run.pk in readable])
    _as_reader(reader, whole)
    turns = {turn.run_id: turn for turn in whole}
    return [
        SharedTurn(run.question, run.created_at, turns[run.pk]) if run.pk in turns else _in_part(run, reader)
        for run in shown
    ]


def _as_reader(reader: Person, turns: Sequence[Turn]) -> None:
    """Read again, as the reader, what a page reads again; what was said to the asker about their rights is left out."""
    for turn in turns:
        turn.conversation_id = None
        turn.hidden = False
        for step in turn.steps:
            step.error = ""
    begin_nearest(reader, turns)
    begin_conflicts(reader, turns)


def _readable_runs(runs: Sequence[Run], *, owner: Person, reader: Person) -> set[UUID]:
    """The first runs of a path whose grounds, with those of all before them, the reader may read."""
    attached = first_attached(runs[-1].conversation_id)
    grounds: dict[UUID, Grounds] = {
        run.pk: Grounds(
            private=attached is not None and attached <= (run.finished_at or run.created_at),
            within=frozenset(run.collections),
        )
        for run in runs
    }
    events = Event.objects.filter(run__in=list(grounds), kind__in=SHOWING)
    for run_id, kind, data in events.values_list("run", "kind", "data"):
        grounds[run_id].add(from_data(kind, data))
    rights = _rights(reader, owner, list(grounds.values()))
    readable: set[UUID] = set()
    for run in runs:
        if not rights.cover(grounds[run.pk]) or run.state == RunState.RUNNING:
            break
        readable.add(run.pk)
    return readable


@dataclass(frozen=True, slots=True)
class _Rights:
    """Which of the versions, documents and tables named somebody may read, and what else counts.

    `closed`: the collections in which the owner may read something that they may not.
    """

    versions: set[int]
    documents: set[int]
    tables: set[int]
    servers: frozenset[str]
    closed: set[int]

    def cover(self, grounds: Grounds) -> bool:
        return (
            not grounds.private
            and grounds.versions <= self.versions
            and grounds.documents <= self.documents
            and grounds.tables <= self.tables
            and all(any(tool.startswith(f"{PREFIX}{key}_") for key in self.servers) for tool in grounds.tools)
            and not (grounds.unnamed and (self.closed & grounds.within if grounds.within else self.closed))
        )


def _rights(reader: Person, owner: Person, grounds: Sequence[Grounds]) -> _Rights:
    closed = readable_scopes(owner).exclude(pk__in=readable_scopes(reader).values_list("pk", flat=True))
    with acting_as(reader):
        documents = documents_for().filter(pk__in={pk for one in grounds for pk in one.documents})
        tables = DocumentTable.objects.filter(pk__in={pk for one in grounds for pk in one.tables})
        return _Rights(
            versions=still_readable([pk for one in grounds for pk in one.versions]),
            documents=set(documents.values_list("pk", flat=True)),
            tables=set(tables.values_list("pk", flat=True)),
            servers=usable_keys(reader),
            closed=set(closed.values_list("collection", flat=True)),
        )


def _in_part(run: Run, reader: Person) -> SharedTurn:
    """Those sentences of an answer that the reader may be told."""
    citations = [Citation(**one) for one in run.citations]
    with acting_as(reader):
        readable = still_readable([one.version for one in citations])
    shown = {one.number: one for one in citations if one.version in readable}
    sentences = tuple(
        claim
        for claim in (Claim(**one | {"citations": tuple(one["citations"])}) for one in run.claims)
        if claim.citations and shown.keys() >= set(claim.citations) and _carried(claim, shown, run.question)
    )
    cited = {number for claim in sentences for number in claim.citations}
    used = tuple(one for number, one in sorted(shown.items()) if number in cited)
    return SharedTurn(run.question, run.created_at, None, sentences, used, withheld=True)


def _carried(claim: Claim, shown: dict[int, Citation], question: str) -> bool:
    """Whether the quotes alone say what the sentence says: the rest of it might come from anywhere."""
    if claim.support != "supported":
        return False
    quotes = [shown[number] for number in claim.citations]
    again = check(claim.text, Evidence(quotes, question=question)).claims
    return bool(again) and all(one.support == "supported" for one in again)
