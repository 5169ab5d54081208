"""Questions and runs over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status
from ninja.errors import HttpError

from accounts.api import asker
from accounts.models import Person
from agents import runs
from agents.event_stream import HEADERS, event_number, frames
from agents.events import Failed
from agents.journal import stored_after
from agents.models import Conversation, Run, RunState

router = Router(tags=["questions"])


class AskIn(Schema):
    question: Annotated[str, Field(min_length=1, max_length=runs.QUESTION_LENGTH)]
    mode: Literal["auto", "fast", "thinking"] = "auto"
    collections: list[int] | None = Field(
        default=None, description="Look in these only; all that you may read otherwise."
    )
    conversation: UUID | None = Field(default=None, description="Go on in this conversation.")
    as_of: date | None = Field(default=None, description="Answer from what was valid on this day.")
    stream: bool = Field(default=False, description="Server-sent events instead of one answer.")


class CitationOut(Schema):
    number: int
    document: int
    version: int
    page: int | None
    start: int
    end: int
    quote: str
    title: str = ""
    section: str = ""
    date: str = ""


class ClaimOut(Schema):
    text: str
    start: int
    end: int
    citations: list[int]
    support: str
    reason: str = ""


class AnswerOut(Schema):
    run: UUID
    conversation: UUID
    question: str
    state: str
    mode: str = Field(description="the road that answered: fast or thinking")
    answer: str
    citations: list[CitationOut]
    claims: list[ClaimOut]
    usage: dict[str, int]


class FailedOut(Schema):
    error: dict[str, Any]
    run: UUID
    answer: str = Field(description="what there was of the answer when it broke off")


def answer_of(run: Run) -> dict[str, Any]:
    """A run's outcome as the API gives it."""
    return {
        "run": run.pk,
        "conversation": run.conversation_id,
        "question": run.question,
        "state": run.state,
        "mode": run.road or run.mode,
        "answer": run.answer,
        "citations": run.citations,
        "claims": run.claims,
        "usage": run.usage,
    }


def own_run(person: Person, run_id: UUID) -> Run:
    """A run of this person's own.

    Raises:
        Http404: when there is none; somebody else's run is none.
    """
    run = Run.objects.filter(pk=run_id, person=person).first()
    if run is None:
        raise Http404
    return run


def begin(person: Person, body: AskIn) -> Run:
    """Start the run that a request asks for."""
    conversation = None
    if body.conversation is not None:
        conversation = Conversation.objects.filter(pk=body.conversation, person=person).first()
        if conversation is None:
            raise Http404
    try:
        return runs.start(
            person,
            body.question,
            mode=body.mode,
            conversation=conversation,
            collections=body.collections,
            as_of=body.as_of,
        )
    except runs.QuestionError as error:
        raise HttpError(422, str(error)) from error


def stream_of(run: Run, after_seq: int) -> StreamingHttpResponse:
    """A run's events as a response that goes on while the run does."""
    return StreamingHttpResponse(
        frames(run.pk, after_seq),
        content_type="text/event-stream",
        headers={**HEADERS, "X-Run": str(run.pk)},
    )


def failure_of(run: Run) -> tuple[dict[str, Any], bool]:
    """Why a run failed, in the reader's language, and whether asking again may help."""
    events = [event for _seq, event in stored_after(run.pk, 0).events]
    failed = next((event for event in reversed(events) if isinstance(event, Failed)), None)
    if failed is None:
        return {"code": "cancelled", "message": _("The answer was stopped.")}, True
    chinese = (get_language() or "en").startswith("zh")
    return {"code": failed.error, "message": failed.message_zh if chinese else failed.message_en}, failed.retry


@router.post(
    "/ask", response={200: AnswerOut, 502: FailedOut, 503: FailedOut, 409: FailedOut}, summary="Ask a question"
)
async def ask(request: HttpRequest, body: AskIn) -> Any:
    """The answer with its citations and claims, or with `stream: true` the run's events as they happen.

    A client that goes away does not end the run: read it again under `/runs/{id}`.
    """
    person = asker(request)
    run = await sync_to_async(begin)(person, body)
    if body.stream:
        return stream_of(run, 0)
    run = await runs.outcome(run.pk)
    if run.state == RunState.FINISHED:
        return Status(200, answer_of(run))
    error, retry = await sync_to_async(failure_of)(run)
    status = 409 if run.state == RunState.CANCELLED else 503 if retry else 502
    return Status(status, {"error": error, "run": run.pk, "answer": run.answer})


@router.get("/runs/{run_id}", response=AnswerOut, summary="A run as it stands")
def get_run(request: HttpRequest, run_id: UUID) -> dict[str, Any]:
    run = own_run(asker(request), run_id)
    return answer_of(run)


@router.get("/runs/{run_id}/events", summary="A run's events, from the beginning or after Last-Event-ID")
async def get_events(request: HttpRequest, run_id: UUID, after: int = 0) -> HttpResponse | StreamingHttpResponse:
    run = await sync_to_async(own_run)(asker(request), run_id)
    return stream_of(run, max(0, after, event_number(request.headers.get("Last-Event-ID"))))


@router.post("/runs/{run_id}/cancel", response={202: AnswerOut}, summary="Stop a run")
def cancel_run(request: HttpRequest, run_id: UUID) -> Any:
    run = own_run(asker(request), run_id)
    runs.cancel(run)
    run.refresh_from_db()
    return Status(202, answer_of(run))
