"""How much thinking that nobody asked for a person may still have today. What people ask for they get."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, IntegerField, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

from accounts.models import Person
from agents.models import Run


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
