"""Questions and runs over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status
from ninja.errors import HttpError

from accounts.api import ASKING, Problem, asker
from accounts.audit import exported
from accounts.models import Person
from agents import runs
from agents.answer_schemas import AnswerOut, answer_of, failure_of
from agents.event_stream import HEADERS, event_number, frames
from agents.export_views import file_of
from agents.feedback import COMMENT_LENGTH, give
from agents.models import Conversation, Mode, Run, RunState
from agents.survey_rows import csv_file
from kb.access import acting_as, collections_for

router = Router(tags=["questions"])
Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
EVENTS: dict[str, Any] = {
    "text/event-stream": {"schema": {"type": "string", "description": "`id`, `event` and `data` of each event"}}
}


class AskIn(Schema):
    question: Annotated[str, Field(min_length=1, max_length=runs.QUESTION_LENGTH)]
    mode: Literal["auto", "fast", "thinking", "exhaustive"] = "auto"
    exhaustive: bool = Field(default=False, description="Check every document, one by one; the same as this mode.")
    collections: Annotated[list[Id], Field(min_length=1, max_length=1000)] | None = Field(
        default=None, description="Look in these only; in all that you may read otherwise."
    )
    conversation: UUID | None = Field(default=None, description="Go on in this conversation.")
    follows: UUID | None = Field(
        default=None, description="Go on after this run's answer; otherwise after the one you last saw or asked for."
    )
    edits: UUID | None = Field(
        default=None, description="Ask in the place of this run's question; that one stays in a branch of its own."
    )
    as_of: date | None = Field(default=None, description="Answer from what was valid on this day.")
    stream: bool = Field(default=False, description="Server-sent events instead of one answer.")


class FailedOut(Schema):
    error: Problem
    run: UUID
    conversation: UUID
    answer: str = Field(description="what there was of the answer when it broke off")


def own_run(person: Person, run_id: UUID) -> Run:
    """A run of this person's own.

    Raises:
        Http404: when there is none; somebody else's run is none.
    """
    run = Run.objects.select_related("person").filter(pk=run_id, person=person).first()
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
    if body.collections:
        with acting_as(person):
            readable = set(collections_for().filter(pk__in=body.collections).values_list("pk", flat=True))
        if not readable.issuperset(body.collections):
            raise Http404
    follows, edits = (_place(person, body, run_id) for run_id in (body.follows, body.edits))
    if follows and edits:
        raise HttpError(422, _("Send one of follows and edits."))
    try:
        return runs.start(
            person,
            body.question,
            mode=Mode.EXHAUSTIVE if body.exhaustive else body.mode,
            conversation=conversation,
            follows=follows,
            beside=edits,
            collections=body.collections,
            as_of=body.as_of,
        )
    except runs.QuestionError as error:
        raise HttpError(422, str(error)) from error


def _place(person: Person, body: AskIn, run_id: UUID | None) -> Run | None:
    """A run that a question is to follow or to stand beside, in the conversation that is named if one is."""
    if run_id is None:
        return None
    run = own_run(person, run_id)
    if body.conversation not in (None, run.conversation_id):
        raise Http404
    return run


def stream_of(run: Run, after_seq: int) -> StreamingHttpResponse:
    """A run's events as a response that goes on while the run does."""
    return StreamingHttpResponse(
        frames(run.pk, after_seq),
        content_type="text/event-stream",
        headers={**HEADERS, "X-Run": str(run.pk)},
    )


@router.post(
    "/ask",
    auth=ASKING,
    response={200: AnswerOut, 502: FailedOut, 503: FailedOut, 409: FailedOut},
    summary="Ask a question",
    openapi_extra={"responses": {200: {"content": EVENTS}}},
)
async def ask(request: HttpRequest, body: AskIn) -> Any:
    """The answer with its citations and claims, or with `stream: true` the run's events as they happen.

    A client that goes away does not end the run: read it again under `/runs/{run}`. When a model fails, the status is
    502, or 503 where asking again may help, with what there is of the answer; 409 when somebody stopped the run.
    """
    person = asker(request)
    run = await sync_to_async(begin)(person, body)
    if body.stream:
        return stream_of(run, 0)
    run = await runs.outcome(run.pk)
    if run.state == RunState.FINISHED:
        return Status(200, await sync_to_async(answer_of)(run))
    error, retry = await sync_to_async(failure_of)(run)
    status = 409 if run.state == RunState.CANCELLED else 503 if retry else 502
    body_out = {"error": error, "run": run.pk, "conversation": run.conversation_id, "answer": run.answer}
    return Status(status, body_out)


@router.get("/runs/{run_id}", response=AnswerOut, summary="A run as it stands")
def get_run(request: HttpRequest, run_id: UUID) -> dict[str, Any]:
    run = own_run(asker(request), run_id)
    return answer_of(run)


@router.get(
    "/runs/{run_id}/events",
    summary="A run's events, from the beginning or after a number",
    openapi_extra={"responses": {200: {"description": "OK", "content": EVENTS}}},
)
async def get_events(
    request: HttpRequest,
    run_id: UUID,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="the number of the last event you have")] = 0,
) -> StreamingHttpResponse:
    """Server-sent events; the stream ends after the run's last one. `Last-Event-ID` is the same as `after`."""
    run = await sync_to_async(own_run)(asker(request), run_id)
    return stream_of(run, max(after, event_number(request.headers.get("Last-Event-ID"))))


def csv_response(name: str, text: str) -> HttpResponse:
    """A CSV file to be saved."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)


@router.get(
    "/runs/{run_id}/rows.csv",
    summary="The rows of a run that checks every document, as CSV",
    openapi_extra={"responses": {200: {"description": "OK", "content": {"text/csv": {"schema": {"type": "string"}}}}}},
)
def get_rows(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Every row that has been found so far, the documents that could not be read, and how many were not looked at.

    404 for a run that does not check every document.
    """
    if (file := csv_file(own_run(asker(request), run_id))) is None:
        raise Http404
    exported(asker(request), "rows", run_id, "csv")
    return csv_response(*file)


@router.post("/runs/{run_id}/cancel", response={202: AnswerOut}, auth=ASKING, summary="Stop a run")
def cancel_run(request: HttpRequest, run_id: UUID) -> Any:
    run = own_run(asker(request), run_id)
    runs.cancel(run)
    run.refresh_from_db()
    return Status(202, answer_of(run))


@router.post(
    "/runs/{run_id}/keep",
    response={202: AnswerOut, 409: Problem},
    auth=ASKING,
    summary="Keep a run's quick answer",
)
def keep_quick(request: HttpRequest, run_id: UUID) -> Any:
    """End the thinking about a quick answer: it stands, and follows again among the events. 409 when there is none."""
    run = own_run(asker(request), run_id)
    if not runs.keep_quick(run):
        raise HttpError(409, _("No quick answer is being thought about further here."))
    run.refresh_from_db()
    return Status(202, answer_of(run))


class FeedbackIn(Schema):
    helped: bool
    reason: Literal["", "wrong", "incomplete", "outdated", "source_wrong", "other"] = Field(
        default="", description="Why it did not help; passed over when it did."
    )
    comment: Annotated[str, Field(max_length=COMMENT_LENGTH)] = ""


class FeedbackOut(Schema):
    run: UUID
    helped: bool
    reason: str
    comment: str


@router.post("/runs/{run_id}/feedback", response=FeedbackOut, auth=ASKING, summary="Say whether an answer helped")
def give_feedback(request: HttpRequest, run_id: UUID, body: FeedbackIn) -> dict[str, Any]:
    """Kept with the run, in the place of what you said before. Administrators read it with question and answer."""
    run = own_run(asker(request), run_id)
    given = give(run, helped=body.helped, reason=body.reason, comment=body.comment)
    return {"run": run.pk, "helped": given.helped, "reason": given.reason, "comment": given.comment}


@router.get(
    "/conversations/{conversation_id}/export",
    summary="A conversation as a file to keep",
    openapi_extra={
        "responses": {
            200: {
                "description": "OK",
                "content": {"text/markdown": {"schema": {"type": "string"}}, "application/json": {}},
            }
        }
    },
)
def export_conversation(
    request: HttpRequest, conversation_id: UUID, format: Literal["md", "json"] = "json"
) -> HttpResponse:
    """Questions with answers, citations and claims: as `json` all branches, as `md` the one that was last shown.

    Quotes that you may not read any more are left out.
    """
    person = asker(request)
    conversation = Conversation.objects.filter(pk=conversation_id, person=person).first()
    if conversation is None:
        raise Http404
    return file_of(person, conversation, format)
