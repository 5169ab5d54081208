"""What answers may take: one run of any road, and the thinking that nobody asked for in a day of one person.

What people ask for they get, within the limits of one run.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.db.models import Count, IntegerField, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

from accounts.models import Person
from agents.deps import Deps
from agents.models import Run


class Bounds(Protocol):
    """How far one run may go: tokens of all its replies together, prompts included, and their cost by the
    installation's prices; a cost of 0 is no limit."""

    @property
    def tokens(self) -> int: ...
    @property
    def cost(self) -> float: ...


def spent(deps: Deps) -> int:
    """The tokens that a run has used."""
    return deps.usage["prompt_tokens"] + deps.usage["completion_tokens"]


def reached(deps: Deps, bounds: Bounds, deadline: float) -> str:
    """The limit at which a run has to end, as `Limited` names it; empty while there is none."""
    if time.monotonic() > deadline:
        return "seconds"
    if bounds.cost and deps.cost >= bounds.cost:
        return "cost"
    return "tokens" if spent(deps) > bounds.tokens else ""


def share_left(deps: Deps, bounds: Bounds) -> float:
    """The smaller of what is left of the tokens and of the cost, in terms of what has been used; infinite before
    anything has."""
    used = [(spent(deps), bounds.tokens), *([(deps.cost, bounds.cost)] if bounds.cost else [])]
    return min((max(limit - taken, 0) / taken for taken, limit in used if taken), default=float("inf"))


@dataclass(frozen=True, slots=True)
class Budget:
    """Today's runs of the Thinking agent and their tokens, and how many there may be."""

    runs: int
    tokens: int
    runs_limit: int
    tokens_limit: int

    @property
    def used_up(self) -> bool:
        return self.runs >= self.runs_limit or self.tokens >= self.tokens_limit

    @property
    def runs_left(self) -> int:
        return 0 if self.used_up else self.runs_limit - self.runs


def budget_of(person: Person) -> Budget:
    """What the person has used since midnight."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    used = Run.objects.filter(person=person, created_at__gte=midnight, road="thinking").aggregate(
        runs=Count("pk"),
        tokens=Sum(_tokens("prompt_tokens") + _tokens("completion_tokens")),
    )
    return Budget(used["runs"], used["tokens"] or 0, settings.THINKING_RUNS_PER_DAY, settings.THINKING_TOKENS_PER_DAY)


def _tokens(name: str) -> Coalesce:
    return Coalesce(Cast(KT(f"usage__{name}"), IntegerField()), 0)
