"""The rows of a check of every document, read back from a run's events: as data, and as a CSV file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from agents.csv_files import BOM, csv_text
from agents.events import from_data
from agents.models import Event, Run
from agents.survey_report import Survey, survey_of


def survey_so_far(run: Run) -> Survey:
    stored = Event.objects.filter(run=run, kind="surveyed").order_by("seq").values_list("kind", "data")
    return survey_of(from_data(kind, data) for kind, data in stored) or Survey()


def as_data(run: Run) -> dict[str, Any]:
    survey = survey_so_far(run)
    return {
        "checked": survey.checked,
        "total": survey.total,
        "unreadable": survey.unreadable,
        "skipped": survey.skipped,
        "complete": survey.complete,
        "found": len(survey.found),
        "columns": list(survey.criterion.columns),
        "rows": [asdict(row) for row in survey.rows],
        "unread": [asdict(one) for one in survey.unread],
    }


def csv_file(run: Run) -> tuple[str, str] | None:
    """The CSV file's name, which says if it is partial, and its text; None for a run that checks no documents."""
    if not Event.objects.filter(run=run, kind="surveyed").exists():
        return None
    survey = survey_so_far(run)
    partial = "" if survey.complete else f"-{survey.checked}-of-{survey.total}"
    return f"documents-{str(run.pk)[:8]}{partial}.csv", BOM + as_csv(survey)


def as_csv(survey: Survey) -> str:
    return csv_text(_lines(survey))


def _lines(survey: Survey) -> Iterator[list[object]]:
    """The rows, then the documents that could not be read, then how many were not looked at."""
    columns = survey.criterion.columns
    yield ["result", "document", "title", *columns, "quote", "version", "page", "start", "end", "section", "date"]
    for row in survey.rows:
        values = [*row.values, *[""] * len(columns)][: len(columns)]
        place = [row.version, row.page or "", row.start, row.end] if row.result == "yes" else [row.version, "", "", ""]
        yield [row.result, row.document, row.title, *values, row.quote, *place, row.section, row.date]
    for one in survey.unread:
        yield ["unreadable", one.document, one.title]
    if not survey.complete:
        yield ["not checked", "", f"{survey.total - survey.checked} documents"]
