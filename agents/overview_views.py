"""The administrators' start page: the state of the installation at a glance, and what was asked and spent."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from accounts.audit import exported
from accounts.models import Person
from agents import usage
from agents.api import csv_response
from agents.models_unanswered import Unanswered
from kb import status

PEOPLE_SHOWN = 20
CHART_HEIGHT, BAR_WIDTH, BAR_STEP = 100, 8, 10


def administrator(request: HttpRequest) -> Person:
    """Who asks; for others than administrators there is no such page."""
    if not (isinstance(request.user, Person) and request.user.is_superuser):
        raise Http404
    return request.user


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a day's bar in the chart, in the chart's own units."""

    road: str
    x: int
    y: float
    height: float
    title: str


@never_cache
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    """What stands where now, and the usage of a period."""
    administrator(request)
    report = usage.report(_days(request))
    context = {
        "place": "overview",
        "library": status.library(),
        "queue": status.queue(),
        "disks": status.disks(),
        "database_size": status.database_size(),
        "open_questions": Unanswered.objects.filter(state=Unanswered.State.OPEN).count(),
        "report": report,
        "periods": usage.PERIODS,
        "roads": [
            (name, count, report.asked.share(count))
            for name, count in (
                ("fast", report.asked.fast),
                ("thinking", report.asked.thinking),
                ("exhaustive", report.asked.exhaustive),
            )
        ],
        "bars": list(_bars(report)),
        "chart": (BAR_STEP * report.days, CHART_HEIGHT),
        "people": report.people[:PEOPLE_SHOWN],
        "more_people": max(0, len(report.people) - PEOPLE_SHOWN),
        "priced": bool(settings.MODEL_PRICES),
    }
    return render(request, "agents/overview.html", context)


@never_cache
@login_required
def export(request: HttpRequest, what: str) -> HttpResponse:
    """The period's questions or tokens as CSV, a line for each day and person."""
    person = administrator(request)
    texts = {"questions": usage.questions_csv, "tokens": usage.tokens_csv}
    if what not in texts:
        raise Http404
    days = _days(request)
    exported(person, "usage", what, "csv")
    return csv_response(f"{what}-{days}-days.csv", texts[what](days))


def _days(request: HttpRequest) -> int:
    return next((days for days in usage.PERIODS if str(days) == request.GET.get("days")), 30)


def _bars(report: usage.Report) -> list[Bar]:
    """The chart's bars: the roads of each day upon each other."""
    scale = CHART_HEIGHT / report.most_a_day if report.most_a_day else 0
    bars = []
    for place, (day, asked) in enumerate(report.by_day):
        y = float(CHART_HEIGHT)
        for road in ("fast", "thinking", "exhaustive", "other"):
            if count := getattr(asked, road):
                y -= count * scale
                x = BAR_STEP * place + (BAR_STEP - BAR_WIDTH) // 2
                bars.append(Bar(road, x, round(y, 2), round(count * scale, 2), f"{day:%Y-%m-%d}: {asked.total}"))
    return bars
