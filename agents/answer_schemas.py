"""An answer as the API gives it: its schema, and a run in that shape."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from ninja import Field, Schema

from accounts.api import Problem
from agents.events import Citation, Failed
from agents.journal import asked_back, stored_after
from agents.language import language_of
from agents.models import Run, RunState
from agents.suggestions import next_questions
from agents.survey_rows import as_data
from agents.writer import Summary
from kb.access import acting_as


class QuoteOut(Schema):
    """Words of a document: literally the version's text from `start` to `end`."""

    number: int = Field(description="its mark in the answer; 0 where the answer does not cite it")
    document: int
    version: int
    page: int | None
    start: int
    end: int
    quote: str
    title: str = ""
    section: str = ""


class CitationOut(QuoteOut):
    date: str = ""
    owner: str = Field(default="", description="whom to ask about the document")


class ClaimOut(Schema):
    text: str
    start: int
    end: int
    citations: list[int]
    support: str
    reason: str = ""


class StatementOut(QuoteOut):
    effective_from: str = Field(description="a day; empty where nobody said from when on it is in force")
    updated: str = Field(description="the day on which the document was last changed")
    owner: str = Field(description="whom to ask about the document")
    newest: bool = Field(description="all the others are older")


class ConflictOut(Schema):
    """What documents that are all in force say differently of one matter."""

    statements: list[StatementOut]


class SurveyRowOut(Schema):
    document: int
    version: int
    result: str = Field(description="yes, or unclear where it could not be decided")
    title: str
    page: int | None
    start: int
    end: int
    quote: str
    section: str
    date: str
    values: list[str] = Field(description="one for each of the columns")


class UnreadableOut(Schema):
    document: int
    title: str
    reason: str = Field(description="failed not_ready no_text")


class SurveyOut(Schema):
    """What a check of every document has found so far."""

    checked: int = Field(description="documents looked at, of `total`; `unreadable` of them could not be read")
    total: int
    unreadable: int
    skipped: int = Field(description="documents that are not in force on the day asked for; not in `total`")
    complete: bool = Field(description="false: `total` minus `checked` documents were not looked at")
    found: int = Field(description="rows whose result is yes")
    columns: list[str]
    rows: list[SurveyRowOut]
    unread: list[UnreadableOut]


class AsksOut(Schema):
    """The run's answer is a question to the person; ask in the same conversation with what they say."""

    question: str
    options: list[str] = Field(description="answers to choose from; others are as good")


class AnswerOut(Schema):
    run: UUID
    conversation: UUID
    follows: UUID | None = Field(description="the run after whose answer this was asked; none of a first question")
    question: str
    state: str = Field(description="running finished failed cancelled")
    mode: str = Field(
        description="the road that answered: fast, thinking or exhaustive; while none is chosen, the mode asked for"
    )
    answer: str = Field(description="Markdown; of a run that is still running, what there is of it")
    citations: list[CitationOut]
    claims: list[ClaimOut]
    conflicts: list[ConflictOut] = []
    usage: dict[str, int]
    asks: AsksOut | None = Field(default=None, description="What has to be known before the question can be answered.")
    suggested: list[str] = Field(
        default=[], description="Questions that the cited documents would answer next, as far as you may read them."
    )
    survey: SurveyOut | None = Field(default=None, description="Of a run that checks every document: its rows.")
    error: Problem | None = Field(default=None, description="Why a run failed or was stopped.")


def answer_of(run: Run) -> dict[str, Any]:
    """A run as it stands, as the API gives it."""
    names = ("road", "answer", "citations", "claims", "conflicts")
    columns = {name: getattr(run, name) for name in names}
    error = None
    if run.state == RunState.RUNNING:
        summary = Summary()
        for _seq, event in stored_after(run.pk, 0).events:
            summary.add(event)
        columns = summary.columns(ended=False)
    elif run.state != RunState.FINISHED:
        error, _retry = failure_of(run)
    return {
        "run": run.pk,
        "conversation": run.conversation_id,
        "follows": run.follows_id,
        "question": run.question,
        "state": run.state,
        "mode": columns["road"] or run.mode,
        "answer": columns["answer"],
        "citations": columns["citations"],
        "claims": columns["claims"],
        "conflicts": columns["conflicts"],
        "usage": run.usage,
        "asks": asked_back(run),
        "suggested": _suggested(run),
        "survey": as_data(run) if columns["road"] == "exhaustive" else None,
        "error": error,
    }


def _suggested(run: Run) -> list[str]:
    if run.state != RunState.FINISHED or run.asks:
        return []
    chinese = language_of(run.question) == "zh"
    with acting_as(run.person, run.conversation_id):
        return next_questions((Citation(**one) for one in run.citations), chinese=chinese, asked={run.question})


def failure_of(run: Run) -> tuple[dict[str, str], bool]:
    """Why a run failed, in the reader's language, and whether asking again may help."""
    events = [event for _seq, event in stored_after(run.pk, 0).events]
    failed = next((event for event in reversed(events) if isinstance(event, Failed)), None)
    if failed is None:
        return {"code": "cancelled", "message": _("The answer was stopped.")}, True
    chinese = (get_language() or "en").startswith("zh")
    return {"code": failed.error, "message": failed.message_zh if chinese else failed.message_en}, failed.retry
