"""A conversation as a file to keep: Markdown for people, JSON for programs.

Its answers are the person's own, whole. The quotes of sources are given only as far as the person may read those
sources still, so that a file says no more than the pages do.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Person
from agents.conversations import all_turns, turns_of
from agents.events import Citation, Statement
from agents.models import Conversation, Run
from agents.standing import standing
from agents.turns import Turn
from kb.access import acting_as
from kb.coverage import still_readable

VERSION = 2
"""Of the JSON: raised when a field changes its meaning."""


def as_data(person: Person, conversation: Conversation) -> dict[str, Any]:
    """The conversation as a whole: every run of every branch, and which of them are shown now."""
    turns = all_turns(conversation)
    readable = _readable(person, conversation, (turn for _run, turn in turns))
    return {
        "format": VERSION,
        "id": str(conversation.pk),
        "title": conversation.title,
        "created_at": conversation.created_at.isoformat(),
        "exported_at": timezone.now().isoformat(),
        "shown": [str(pk) for pk in conversation.tree().path(conversation.shown)],
        "runs": [_run_data(run, turn, readable) for run, turn in turns],
    }


def _run_data(run: Run, turn: Turn, readable: set[int]) -> dict[str, Any]:
    return {
        "run": str(run.pk),
        "follows": str(run.follows_id) if run.follows_id else None,
        "regenerates": str(run.regenerates_id) if run.regenerates_id else None,
        "asked_at": run.created_at.isoformat(),
        "question": turn.question,
        "state": turn.state,
        "mode": turn.road or turn.asked_mode,
        "answer": turn.answer,
        "citations": [_kept(one, readable) for one in turn.citations],
        "claims": [asdict(claim) for claim in turn.claims],
        "conflicts": [
            {"statements": [_kept(one, readable) for one in conflict.statements]} for conflict in turn.conflicts
        ],
    }


def _kept(one: Citation | Statement, readable: Container[int]) -> dict[str, Any]:
    """A place as data; without its quote where it may not be read."""
    return asdict(one) | ({} if one.version in readable else {"quote": "", "withheld": True})


def markdown(person: Person, conversation: Conversation) -> str:
    """The branch that is shown as a text: each question a heading, its answer, and the sources with their quotes."""
    turns = turns_of(conversation, None)
    readable = _readable(person, conversation, turns)
    times = _times(conversation)
    blocks = [f"# {_one_line(conversation.title)}"]
    for turn in turns:
        day = timezone.localtime(times[turn.run_id]).strftime("%Y-%m-%d %H:%M")
        blocks += [f"## {_one_line(turn.question)}", f"*{day}*", turn.answer.strip() or f"*{_('No answer')}*"]
        if turn.citations:
            sources = "\n".join(_source(one, shown=one.version in readable) for one in turn.citations)
            blocks.append(f"**{_('Sources')}**\n\n{sources}")
        for conflict in turn.conflicts:
            told = "\n".join(_stated(one, shown=one.version in readable) for one in conflict.statements)
            blocks.append(f"**{_('These documents say different things')}**\n\n{told}")
    return "\n\n".join(blocks) + "\n"


def _source(citation: Citation, *, shown: bool) -> str:
    page = _("page %(page)s") % {"page": citation.page} if citation.page else ""
    place = " · ".join(part for part in (citation.title, page, citation.section, citation.date) if part)
    quote = f"“{_one_line(citation.quote)}”" if shown else _("You may not read this source any more.")
    return f"- [{citation.number}] {_one_line(place)}: {quote}"


def _stated(one: Statement, *, shown: bool) -> str:
    """What one of several documents that disagree says, as a line of a list."""
    page = _("page %(page)s") % {"page": one.page} if one.page else ""
    newest = _("the most recent") if one.newest else ""
    parts = (one.title, page, one.section, *standing(one), newest)
    quote = f"“{_one_line(one.quote)}”" if shown else _("You may not read this source any more.")
    return f"- {_one_line(' · '.join(part for part in parts if part))}: {quote}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _times(conversation: Conversation) -> dict[Any, datetime]:
    return dict(Run.objects.filter(conversation=conversation).values_list("pk", "created_at"))


def _readable(person: Person, conversation: Conversation, turns: Iterable[Turn]) -> set[int]:
    turns = list(turns)
    versions = {one.version for turn in turns for one in turn.citations}
    versions |= {one.version for turn in turns for conflict in turn.conflicts for one in conflict.statements}
    with acting_as(person, conversation.pk):
        return still_readable(list(versions))
