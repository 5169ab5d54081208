"""The exhaustive road: every document that the asker may read is checked, and what was not is said.

The documents come in the order of their numbers, a batch at a time, each batch one stored `surveyed` event. So a run
that another process takes up goes on after the last batch, a check that was stopped or reached a limit tells how far
it came, and asking again on the same day goes on with the rest.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import date

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from agents.budget import reached, share_left
from agents.deps import Deps
from agents.events import Checked, Cited, Claim, Event, Limited, Surveyed, SurveyRow, Text, Unreadable
from agents.events import answer_of as text_of
from agents.journal import stored_after
from agents.models import Run
from agents.survey_judging import judge
from agents.survey_question import Criterion, forced, read, without_collection
from agents.survey_report import Survey, answer_of, citations_of, survey_of
from agents.threads import in_thread
from kb import embedding, reading
from kb.access import collections_for, documents_for
from kb.coverage import Covered, Sought, covered, extent, sought, still_readable
from llm.errors import ModelError

logger = logging.getLogger(__name__)
Step = Surveyed | Limited | Text | Cited | Checked
TABLES = (".csv", ".tsv", ".xlsx", ".xls", ".xlsm", ".ods")


@dataclass(frozen=True, slots=True)
class Limits:
    """How far one run may go."""

    batch: int = 40
    """Documents between two stored events."""
    seconds: float = field(default_factory=lambda: settings.EXHAUSTIVE_SECONDS)
    tokens: int = field(default_factory=lambda: settings.EXHAUSTIVE_TOKENS)
    cost: float = field(default_factory=lambda: settings.EXHAUSTIVE_COST)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a run looks through and for: its day, collections (None: all that may be read), criterion."""

    day: date
    collections: list[int] | None
    criterion: Criterion


async def is_exhaustive(deps: Deps) -> bool:
    """Whether the wording asks for every document, and no table plainly holds what is counted."""
    criterion = read(deps.question, follows=bool(deps.earlier))
    return criterion is not None and not await in_thread(_is_in_tables, deps, criterion)


def _is_in_tables(deps: Deps, criterion: Criterion) -> bool:
    """Whether the only documents that are called like what is counted are spreadsheets: a register of contracts."""
    if criterion.any_kind:
        return False
    word = criterion.kind.removesuffix("ies").removesuffix("s")
    tables = Q()
    for suffix in TABLES:
        tables |= Q(filename__iendswith=suffix)
    with deps.acting():
        called = documents_for().filter(Q(title__icontains=word) | Q(tags__contains=[criterion.kind]))
        if deps.collections is not None:
            called = called.filter(collection_id__in=deps.collections)
        return called.filter(tables).exists() and not called.exclude(tables).exists()


async def check_all(deps: Deps, past: Sequence[Event], limits: Limits | None = None) -> AsyncGenerator[Step, None]:
    """Check every document that is not yet checked in `past`, then give the answer.

    Raises:
        ModelError: when the model server fails. What was checked before is stored.
    """
    limits = limits or Limits()
    survey = survey_of(past)
    scope = await in_thread(_scope, deps)
    if survey is None:
        first = await in_thread(_begun, deps, scope)
        survey = Survey()
        survey.add(first)
        yield first
    scope = replace(scope, criterion=survey.criterion)
    if not survey.complete and not any(isinstance(event, Limited) for event in past):
        async with aclosing(_walk(deps, scope, survey, limits)) as steps:
            async for step in steps:
                yield step
    said = text_of(past)
    whole = answer_of(survey)
    if len(said) < len(whole):
        yield Text(whole[len(said) :])
    citations = tuple(citations_of(survey))
    if citations and not any(isinstance(event, Cited) for event in past):
        yield Cited(citations)
    yield Checked(tuple(_claims(whole, len(citations))))


async def _walk(deps: Deps, scope: Scope, survey: Survey, limits: Limits) -> AsyncGenerator[Surveyed | Limited, None]:
    deadline = time.monotonic() + limits.seconds
    looked_for = await in_thread(_sought, deps, scope)
    looked_at = 0
    while batch := await in_thread(_next, deps, scope, looked_for, survey, _affordable(deps, limits, looked_at)):
        if limit := reached(deps, limits, deadline):
            yield Limited(limit)
            return
        looked_at += len(batch)
        event = await _checked(deps, scope, survey, batch)
        survey.add(event)
        yield event
    # Documents that were deleted meanwhile are nobody's any more.
    last = replace(_progress(survey), total=survey.checked, complete=True)
    survey.add(last)
    yield last


def _affordable(deps: Deps, limits: Limits, looked_at: int) -> int:
    """How many documents the next batch may have, going by what those before it took: a limit is not overrun by a
    whole batch, and what is left of it is used."""
    left = share_left(deps, limits) * looked_at if looked_at else limits.batch
    return max(1, int(min(left, limits.batch)))


async def _checked(deps: Deps, scope: Scope, survey: Survey, batch: Sequence[Covered]) -> Surveyed:
    """One batch: what meets the criterion, what could not be decided, what could not be read."""
    readable = [document for document in batch if not document.trouble]
    unread = [document for document in batch if document.trouble not in ("", "not_in_force")]
    rows = await judge(deps, scope.criterion, readable)
    rows = await in_thread(_literal, deps, rows)
    checked = survey.checked + len(readable) + len(unread)
    return replace(
        _progress(survey),
        checked=checked,
        total=max(survey.total, checked),
        unreadable=survey.unreadable + len(unread),
        rows=tuple(rows),
        unread=tuple(Unreadable(one.document, one.title, one.trouble) for one in unread),
        after=batch[-1].document,
    )


def _progress(survey: Survey) -> Surveyed:
    return Surveyed(
        survey.checked, survey.total, survey.unreadable, survey.skipped, after=survey.after, until=survey.until
    )


def _scope(deps: Deps) -> Scope:
    """The run's scope; a collection that the question names narrows it."""
    with deps.acting():
        shelves = dict(collections_for().values_list("name", "pk"))
    question, names = without_collection(deps.question, shelves)
    collections = deps.collections
    if names:
        named = [shelves[name] for name in names]
        collections = [pk for pk in named if collections is None or pk in collections]
    criterion = replace(forced(question), question=deps.question)
    return Scope(deps.as_of or deps.today, collections, criterion)


def _begun(deps: Deps, scope: Scope) -> Surveyed:
    """The first event: nothing checked yet, or what the run that this one repeats had checked before it stopped."""
    earlier = _stopped(deps, scope)
    with deps.acting():
        whole = extent(scope.day, scope.collections)
        first = Surveyed(
            0, whole.total, skipped=whole.not_in_force, until=whole.until, criterion=scope.criterion.to_data()
        )
        if earlier is None:
            return first
        readable = still_readable([row.version for row in earlier.rows])
        rows = tuple(row for row in earlier.rows if row.version in readable)
        checked = earlier.checked - (len(earlier.rows) - len(rows))
    return replace(
        first,
        checked=checked,
        total=max(whole.total, checked),
        unreadable=earlier.unreadable,
        rows=rows,
        unread=tuple(earlier.unread),
        after=earlier.after,
    )


def _stopped(deps: Deps, scope: Scope) -> Survey | None:
    """How far the run that is asked again had come, where it stopped early, today, with the same question."""
    run = Run.objects.filter(pk=deps.regenerates, person=deps.person).first() if deps.regenerates else None
    if run is None or timezone.localdate(run.created_at) != deps.today:
        return None
    if run.as_of != deps.as_of or (list(run.collections) or None) != deps.collections:
        return None
    survey = survey_of(event for _seq, event in stored_after(run.pk, 0).events)
    if survey is None or survey.complete or survey.criterion != scope.criterion:
        return None
    return survey


def _sought(deps: Deps, scope: Scope) -> Sought:
    text = scope.criterion.condition or scope.criterion.question
    try:
        vector = embedding.embed_query(text)
    except ModelError as error:
        logger.warning("The embedding server does not answer (%s); passages are chosen by words alone.", error)
        vector = None
    with deps.acting():
        return sought(text, scope.day, vector, scope.criterion.wording, collections=scope.collections)


def _next(deps: Deps, scope: Scope, looked_for: Sought, survey: Survey, size: int) -> list[Covered]:
    with deps.acting():
        return covered(looked_for, scope.day, survey.after, survey.until, size, scope.collections)


def _literal(deps: Deps, rows: Sequence[SurveyRow]) -> list[SurveyRow]:
    """The rows, undecided where a quote is not what stands there."""
    with deps.acting():
        return [
            row
            if row.result != "yes" or reading.quote_is_literal(row.version, row.start, row.end, row.quote)
            else SurveyRow(row.document, row.version, "unclear", row.title, date=row.date)
            for row in rows
        ]


def _claims(answer: str, cited: int) -> list[Claim]:
    """A claim for each row of the table: its quote has been proved literal, and stands in it."""
    claims: list[Claim] = []
    place = 0
    for line in answer.splitlines(keepends=True):
        number = len(claims) + 1
        text = line.rstrip("\n")
        if number <= cited and text.startswith("| ") and text.endswith(f"[{number}] |"):
            claims.append(Claim(text, place, place + len(text), (number,), "supported"))
        place += len(line)
    return claims
