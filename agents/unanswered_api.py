"""Questions that the documents did not answer, over HTTP, for administrators."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import Http404, HttpRequest
from ninja import Field, Query, Router, Schema, Status

from accounts.api import ADMINISTRATION, asker
from accounts.models import Person
from agents.models_unanswered import Unanswered
from agents.turns import Near
from agents.unanswered import ask_again, mark, near, nearest_sources, unanswered

router = Router(tags=["questions"], auth=ADMINISTRATION)
Id = Annotated[int, Field(ge=1, le=2**63 - 1)]


class NearOut(Schema):
    document: int
    version: int
    title: str
    section: str
    page: int | None
    start: int
    end: int
    date: str
    text: str = Field(description="how the passage begins")
    owner: str = Field(description="whom to ask about the document; empty: nobody")


class UnansweredOut(Schema):
    id: int
    question: str
    asked_at: datetime
    verdict: str = Field(description="not_in_documents uncited unsupported")
    state: str = Field(description="open answered")
    nearest: list[NearOut] = Field(description="the passages that came closest, as far as you may read them")
    recheck: UUID | None = Field(description="the run that asked it again")
    recheck_verdict: str = Field(description="what came of that; good: it is answered now; empty while it is at work")


class UnansweredListOut(Schema):
    questions: list[UnansweredOut]
    next: int | None = Field(description="give it as `before` for older ones")


class StateIn(Schema):
    state: Literal["open", "answered"]


def administrator_of(request: HttpRequest) -> Person:
    """Who asks; for others than administrators there are no such questions."""
    person = asker(request)
    if not person.is_superuser:
        raise Http404
    return person


def _one(pk: int) -> Unanswered:
    item = unanswered().select_related("run").filter(pk=pk).first()
    if item is None:
        raise Http404
    return item


def _shown(person: Person, item: Unanswered) -> dict[str, Any]:
    names = ("id", "question", "asked_at", "verdict", "state", "recheck_verdict")
    return {name: getattr(item, name) for name in names} | {
        "recheck": item.recheck_id,
        "nearest": [_near(one) for one in near(person, nearest_sources(item))],
    }


def _near(one: Near) -> dict[str, Any]:
    names = ("document", "version", "title", "section", "page", "start", "end", "date")
    return {name: getattr(one.source, name) for name in names} | {"text": one.text, "owner": one.owner}


@router.get("/unanswered", response=UnansweredListOut, summary="Questions that stayed unanswered, for administrators")
def list_unanswered(
    request: HttpRequest,
    state: Literal["", "open", "answered"] = "",
    q: Annotated[str, Query(max_length=200)] = "",
    before: Id | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 30,
) -> dict[str, Any]:
    """The latest first. Who asked is not told."""
    person = administrator_of(request)
    found = unanswered(state, q)
    items = list((found.filter(pk__lt=before) if before else found)[: limit + 1])
    shown = items[:limit]
    return {
        "questions": [_shown(person, item) for item in shown],
        "next": shown[-1].pk if len(items) > limit else None,
    }


@router.patch("/unanswered/{question_id}", response=UnansweredOut, summary="Close a question, or open it again")
def mark_unanswered(request: HttpRequest, question_id: Id, body: StateIn) -> dict[str, Any]:
    person = administrator_of(request)
    mark(_one(question_id), body.state, person)
    return _shown(person, _one(question_id))


@router.post("/unanswered/{question_id}/ask", response={202: UnansweredOut}, summary="Ask an unanswered question again")
def ask_unanswered_again(request: HttpRequest, question_id: Id) -> Any:
    """With your own rights. `recheck` is the run to follow; `recheck_verdict` says what came of it."""
    person = administrator_of(request)
    ask_again(_one(question_id), person)
    return Status(202, _shown(person, _one(question_id)))
