"""Whose key it is, and what of today's budget for thinking is left."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from accounts.api import PersonOut, asker, person_out
from agents.budget import budget_of

router = Router(tags=["people"])


class ThinkingOut(Schema):
    """How often questions may be thought about further unasked today. What people ask for they always get."""

    runs: int = Field(description="what the Thinking agent has answered since midnight, asked for or not")
    runs_limit: int
    tokens: int
    tokens_limit: int
    runs_left: int = Field(description="0 as soon as either limit is reached")


class MeOut(PersonOut):
    thinking: ThinkingOut


@router.get("/me", response=MeOut, summary="Whose key this is, and what is left of today's thinking")
def me(request: HttpRequest) -> dict[str, Any]:
    person = asker(request)
    return person_out(person) | {"thinking": budget_of(person)}
