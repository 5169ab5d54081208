"""Questions, tokens and cost of a period: recorded at each run's end, added up for administrators.

Each figure is one query over one index, and its rows are those of the answer, whatever the number of runs.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import DatabaseError
from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import Person
from agents.csv_files import BOM, csv_text
from agents.deps import Deps
from agents.models import Feedback, Run, RunState
from agents.models_usage import ModelUsage
from llm.prices import cost, price_of

logger = logging.getLogger(__name__)

PERIODS = (7, 30, 90)
"""Days, today included."""


def record(deps: Deps, road: str) -> None:
    """Keep the tokens that a run has used since the last call.

    A database that does not take them costs nobody an answer: it is logged.
    """
    if deps.run_id is None:
        return
    spent, deps.unrecorded = deps.unrecorded, {}
    rows = [
        ModelUsage(
            run_id=deps.run_id,
            person=deps.person,
            road=road,
            model=model[:200],
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            reasoning_tokens=usage.reasoning_tokens,
            cached_tokens=usage.cached_tokens,
            cost=cost(usage, model, settings.MODEL_PRICES) if price_of(model, settings.MODEL_PRICES) else None,
        )
        for model, usage in spent.items()
    ]
    try:
        ModelUsage.objects.bulk_create(rows)
    except DatabaseError:
        logger.exception("The tokens of run %s could not be recorded", deps.run_id)


@dataclass(slots=True)
class Spent:
    """Tokens, and what they cost; `unpriced` of them belong to models without a price."""

    prompt: int = 0
    completion: int = 0
    cost: float = 0.0
    unpriced: int = 0

    @property
    def tokens(self) -> int:
        return self.prompt + self.completion

    def __iadd__(self, other: Spent) -> Spent:
        self.prompt += other.prompt
        self.completion += other.completion
        self.cost += other.cost
        self.unpriced += other.unpriced
        return self


@dataclass(slots=True)
class Asked:
    """Questions by the road that answered them; `failed` of them got no answer, or were stopped."""

    fast: int = 0
    thinking: int = 0
    exhaustive: int = 0
    other: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        return self.fast + self.thinking + self.exhaustive + self.other

    def add(self, road: str, state: str, count: int) -> None:
        place = road if road in ("fast", "thinking", "exhaustive") else "other"
        setattr(self, place, getattr(self, place) + count)
        if state in (RunState.FAILED, RunState.CANCELLED):
            self.failed += count

    def share(self, count: int) -> float:
        """Per cent of all questions."""
        return 100 * count / self.total if self.total else 0.0

    def __iadd__(self, other: Asked) -> Asked:
        for name in ("fast", "thinking", "exhaustive", "other", "failed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


@dataclass(slots=True)
class Line:
    """A person's, group's or model's row. `key` is the person's or the group's number."""

    name: str
    key: int | None = None
    asked: Asked = field(default_factory=Asked)
    spent: Spent = field(default_factory=Spent)


@dataclass(frozen=True, slots=True)
class Report:
    """What was asked and spent in the last `days` days. People and groups come by what they spent, most first."""

    days: int
    since: date
    by_day: list[tuple[date, Asked]]
    asked: Asked
    spent: Spent
    models: list[Line]
    people: list[Line]
    groups: list[Line]
    helped: int
    not_helped: int

    @property
    def most_a_day(self) -> int:
        return max((asked.total for _day, asked in self.by_day), default=0)

    @property
    def helped_share(self) -> float | None:
        """Per cent of the answers that people judged; None where nobody judged one."""
        judged = self.helped + self.not_helped
        return 100 * self.helped / judged if judged else None


def report(days: int, today: date | None = None) -> Report:
    """The last `days` days, by the installation's calendar, `today` included."""
    first, begin, end = _period(days, today)
    by_day: dict[date, Asked] = {first + timedelta(days=number): Asked() for number in range(days)}
    people: dict[int | None, Line] = defaultdict(lambda: Line(""))
    asked, spent = Asked(), Spent()
    for day, road, state, count in _asked(begin, end, "day"):
        by_day[day].add(road, state, count)
        asked.add(road, state, count)
    for person, road, state, count in _asked(begin, end, "person"):
        people[person].asked.add(road, state, count)
    models: dict[str, Line] = {}
    for person, model, used in _spent(begin, end):
        models.setdefault(model, Line(model)).spent += used
        people[person].spent += used
        spent += used
    _name(people)
    judged = Feedback.objects.filter(updated_at__gte=begin, updated_at__lt=end)
    helped = judged.aggregate(yes=Count("pk", filter=Q(helped=True)), no=Count("pk", filter=Q(helped=False)))
    return Report(
        days=days,
        since=first,
        by_day=list(by_day.items()),
        asked=asked,
        spent=spent,
        models=_by_spending(models.values()),
        people=_by_spending(people.values()),
        groups=_by_spending(_groups(people)),
        helped=helped["yes"],
        not_helped=helped["no"],
    )


def questions_csv(days: int) -> str:
    """A line for each day and person: questions by road, and how many failed or were stopped."""
    _first, begin, end = _period(days)
    lines: dict[tuple[date, int | None], Line] = defaultdict(lambda: Line(""))
    for day, person, road, state, count in _asked(begin, end, "day", "person"):
        lines[day, person].asked.add(road, state, count)
    names = _usernames({person for _day, person in lines})
    head = ("day", "person", "questions", "fast", "thinking", "exhaustive", "not_routed", "failed_or_stopped")
    rows = (
        (day, names.get(person, ""), one.total, one.fast, one.thinking, one.exhaustive, one.other, one.failed)
        for (day, person), line in sorted(lines.items(), key=lambda item: (item[0][0], item[0][1] or 0))
        if (one := line.asked)
    )
    return BOM + csv_text([head, *rows])


def tokens_csv(days: int) -> str:
    """A line for each day, person, road and model: tokens, and their cost where the model had a price."""
    _first, begin, end = _period(days)
    found = list(
        _within(begin, end)
        .annotate(day=_day("at"))
        .values_list("day", "person", "road", "model")
        .annotate(
            Sum("prompt_tokens"), Sum("completion_tokens"), Sum("reasoning_tokens"), Sum("cached_tokens"), Sum("cost")
        )
        .order_by("day", "person", "road", "model")
    )
    names = _usernames({person for _day, person, *_rest in found})
    tokens = ("prompt_tokens", "completion_tokens", "reasoning_tokens", "cached_tokens")
    head = ("day", "person", "road", "model", *tokens, "cost")
    rows = ((day, names.get(person, ""), *rest) for day, person, *rest in found)
    return BOM + csv_text([head, *rows])


def _period(days: int, today: date | None = None) -> tuple[date, datetime, datetime]:
    """The first day, and the moments at which the period begins and ends."""
    last = today or timezone.localdate()
    first = last - timedelta(days=days - 1)
    return first, _midnight(first), _midnight(last + timedelta(days=1))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _day(column: str) -> TruncDate:
    return TruncDate(column, tzinfo=timezone.get_default_timezone())


def _asked(begin: datetime, end: datetime, *columns: str) -> Iterator[Any]:
    """The columns, road and state of runs, and how many there are of these. Reads the index alone."""
    runs = Run.objects.filter(created_at__gte=begin, created_at__lt=end).annotate(day=_day("created_at"))
    counted = runs.values_list(*columns, "road", "state").annotate(count=Count("*"))
    return counted.order_by().iterator(chunk_size=5000)


def _within(begin: datetime, end: datetime) -> QuerySet[ModelUsage]:
    return ModelUsage.objects.filter(at__gte=begin, at__lt=end)


def _spent(begin: datetime, end: datetime) -> Iterator[tuple[int | None, str, Spent]]:
    """What each person spent on each model."""
    rows = (
        _within(begin, end)
        .values_list("person", "model")
        .annotate(
            prompt=Sum("prompt_tokens"),
            completion=Sum("completion_tokens"),
            price=Sum("cost"),
            unpriced=Sum(F("prompt_tokens") + F("completion_tokens"), filter=Q(cost=None)),
        )
        .order_by()
    )
    for person, model, prompt, completion, price, unpriced in rows.iterator(chunk_size=5000):
        yield person, model, Spent(prompt, completion, price or 0.0, unpriced or 0)


def _name(people: Mapping[int | None, Line]) -> None:
    """Give each line its person's name; nobody's is of people who were deleted."""
    found = Person.objects.filter(pk__in=[key for key in people if key is not None])
    for person in found.only("username", "display_name", "first_name", "last_name"):
        people[person.pk].name, people[person.pk].key = str(person), person.pk


def _usernames(keys: Iterable[int | None]) -> dict[int | None, str]:
    found = Person.objects.filter(pk__in=[key for key in keys if key is not None])
    return dict(found.values_list("pk", "username"))


def _groups(people: Mapping[int | None, Line]) -> list[Line]:
    """Each group's lines added up. Who is in several counts in each, who is in none in none."""
    groups: dict[int, Line] = {}
    members = Group.objects.filter(user__in=[key for key in people if key is not None]).values_list(
        "pk", "name", "user"
    )
    for key, name, person in members:
        line = groups.setdefault(key, Line(name, key))
        line.asked += people[person].asked
        line.spent += people[person].spent
    return list(groups.values())


def _by_spending(lines: Iterable[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (-line.spent.cost, -line.spent.tokens, -line.asked.total, line.name))
