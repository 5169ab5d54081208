"""Sharing answers over HTTP."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.contrib.auth.models import Group
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status
from ninja.errors import HttpError

from accounts.api import asker
from agents.answer_schemas import CitationOut, ClaimOut, ConflictOut
from agents.api import own_run
from agents.shared import SharedTurn, shared_turns
from agents.shares import (
    LONGEST,
    READERS,
    USUAL,
    Listed,
    ShareError,
    active,
    listed,
    made_by,
    open_to,
    opened_by,
    received,
    revoke,
    seen_by,
    share,
    shares_of,
    title_of,
)

router = Router(tags=["questions"])
Names = Annotated[list[Annotated[str, Field(max_length=150)]], Field(max_length=READERS)]


class ShareIn(Schema):
    run: UUID = Field(description="A finished run of your own.")
    whole: bool = Field(default=False, description="Also the questions and answers that lead to it.")
    people: Names = Field(default=[], description="usernames")
    groups: Names = Field(default=[], description="names of groups; whoever is in them when they look")
    days: Annotated[int, Field(ge=1, le=LONGEST)] = Field(default=USUAL, description="for how long")


class ShareOut(Schema):
    id: UUID
    title: str
    whole: bool
    by: str = Field(description="who shared it")
    readers: list[str] = Field(description="names of people and groups; only its own person is told")
    state: str = Field(description="open expired revoked")
    created_at: datetime
    expires_at: datetime
    page: str = Field(description="the address of the page, on this server")


class SharesOut(Schema):
    shared: list[ShareOut] = Field(
        description="what you have shared: what is open first, then what has ended, the newest first"
    )
    received: list[ShareOut] = Field(description="what others let you read now, the newest first")
    total_shared: int
    total_received: int


class SharedTurnOut(Schema):
    """A question and what you may see of its answer.

    Where `withheld` is true the answer rests on documents that you may not read: `answer` is null, and `claims` are
    those of its sentences that can be told without them.
    """

    question: str
    asked_at: datetime
    withheld: bool
    state: str | None = Field(description="finished failed cancelled; null where something is withheld")
    answer: str | None = Field(description="Markdown")
    citations: list[CitationOut]
    claims: list[ClaimOut]
    conflicts: list[ConflictOut]


class SharedOut(ShareOut):
    turns: list[SharedTurnOut]


def _shown(one: Listed) -> dict[str, Any]:
    names = ("id", "whole", "created_at", "expires_at")
    return {name: getattr(one.share, name) for name in names} | {
        "title": one.title,
        "by": str(one.share.person),
        "readers": one.readers,
        "state": one.state,
        "page": f"/shared/{one.share.pk}/",
    }


def _turn(one: SharedTurn) -> dict[str, Any]:
    turn = one.turn
    return {
        "question": one.question,
        "asked_at": one.asked_at,
        "withheld": one.withheld,
        "state": turn.state if turn else None,
        "answer": turn.answer if turn else None,
        "citations": [asdict(citation) for citation in (turn.citations if turn else one.citations)],
        "claims": [asdict(claim) for claim in (turn.claims if turn else one.sentences)],
        "conflicts": [asdict(conflict) for conflict in (turn.opposed if turn else ())],
    }


@router.get("/shares", response=SharesOut, summary="What you have shared, and what others let you read")
def list_shares(
    request: HttpRequest,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> dict[str, Any]:
    """Both lists from `offset` on, `limit` of each; the totals say how long they are."""
    person = asker(request)
    with seen_by(person):
        made, theirs = made_by(person), open_to(person)
        return {
            "shared": [_shown(one) for one in listed(made[offset : offset + limit])],
            "received": [_shown(one) for one in received(theirs[offset : offset + limit])],
            "total_shared": made.count(),
            "total_received": theirs.count(),
        }


@router.post("/shares", response={201: ShareOut}, summary="Let others read an answer of yours")
def create_share(request: HttpRequest, body: ShareIn) -> Any:
    """People and groups of this installation, nobody without an account. They see what their own rights allow: the
    whole answer only where they may read all that was looked at for it. Names that are nobody's are refused."""
    person = asker(request)
    run = own_run(person, body.run)
    people = dict(active().filter(username__in=body.people).values_list("username", "pk"))
    groups = dict(Group.objects.filter(name__in=body.groups).values_list("name", "pk"))
    if missing := sorted({*body.people, *body.groups} - people.keys() - groups.keys()):
        raise HttpError(422, _("There is nobody called like this: %(names)s.") % {"names": ", ".join(missing)})
    try:
        made = share(run, by=person, whole=body.whole, people=people.values(), groups=groups.values(), days=body.days)
    except ShareError as error:
        raise HttpError(422, str(error)) from error
    return Status(201, _shown(next(one for one in shares_of(person, run) if one.share.pk == made.pk)))


@router.get("/shares/{share_id}", response=SharedOut, summary="Something shared, as far as you may read it")
def get_share(request: HttpRequest, share_id: UUID) -> dict[str, Any]:
    """404 when it is not shared with you, has expired or was revoked."""
    person = asker(request)
    if (found := opened_by(person, share_id)) is None:
        raise Http404
    own = next((one for one in shares_of(person, found.run) if one.share.pk == share_id), None)
    told = _shown(own or Listed(found, title_of(found), (), "open"))
    return told | {"turns": [_turn(one) for one in shared_turns(found, person)]}


@router.delete("/shares/{share_id}", response={204: None}, summary="Share it no longer")
def delete_share(request: HttpRequest, share_id: UUID) -> Any:
    """From the next request on nobody reads it. It stays in your list as revoked."""
    if not revoke(share_id, by=asker(request)):
        raise Http404
    return Status(204, None)
