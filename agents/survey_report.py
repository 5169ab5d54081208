"""How far a check of every document has come, and the answer that it gives: count, coverage, table. Pure.

The answer is made from the `surveyed` events alone. So a check that was stopped or broke off tells what it has found,
and how much it has not looked at, in the same words wherever it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from agents.events import Citation, Event, Surveyed, SurveyRow, Unreadable
from agents.language import Language, language_of
from agents.survey_question import Criterion

TABLE_ROWS = 200
"""Rows in the answer itself; the CSV file has all of them."""
NAMED = 10
"""Unreadable and undecided documents that are named in a sentence."""
QUOTED = 240
"""Characters of a quote in a cell of the table."""


@dataclass(slots=True)
class Survey:
    """The events so far, added up."""

    checked: int = 0
    total: int = 0
    unreadable: int = 0
    skipped: int = 0
    after: int = 0
    until: int = 0
    complete: bool = False
    criterion: Criterion = field(default_factory=lambda: Criterion(""))
    rows: list[SurveyRow] = field(default_factory=list)
    unread: list[Unreadable] = field(default_factory=list)

    def add(self, event: Surveyed) -> None:
        self.checked, self.total = event.checked, event.total
        self.unreadable, self.skipped = event.unreadable, event.skipped
        self.after, self.until, self.complete = event.after, event.until, event.complete
        self.rows += event.rows
        self.unread += event.unread
        if event.criterion:
            self.criterion = Criterion.from_data(event.criterion)

    @property
    def found(self) -> list[SurveyRow]:
        return [row for row in self.rows if row.result == "yes"]

    @property
    def undecided(self) -> list[SurveyRow]:
        return [row for row in self.rows if row.result == "unclear"]

    @property
    def percent(self) -> int:
        return 100 if self.complete or not self.total else int(100 * self.checked / self.total)

    @property
    def language(self) -> Language:
        return language_of(self.criterion.question)


def survey_of(events: Iterable[Event]) -> Survey | None:
    """What the events of a run say of its check; None when there was none."""
    survey: Survey | None = None
    for event in events:
        if isinstance(event, Surveyed):
            survey = survey or Survey()
            survey.add(event)
    return survey


def citations_of(survey: Survey) -> list[Citation]:
    """One citation for each row of the answer's table, in its order."""
    return [
        Citation(
            number,
            row.document,
            row.version,
            row.page,
            row.start,
            row.end,
            row.quote,
            row.title,
            row.section,
            row.date,
        )
        for number, row in enumerate(_cited(survey), 1)
    ]


def _cited(survey: Survey) -> list[SurveyRow]:
    return survey.found[:TABLE_ROWS]


def answer_of(survey: Survey) -> str:
    """The answer in Markdown, in the language of the question."""
    space = "" if survey.language == "zh" else " "
    parts = [f"{_counted(survey)}{space}{coverage_of(survey)}", _table(survey), *_notes(survey)]
    return "\n\n".join(part for part in parts if part)


def _counted(survey: Survey) -> str:
    number = len(survey.found)
    if survey.language == "zh":
        kind = survey.criterion.kind or "文档"
        so_far = "" if survey.complete else "目前"
        return (
            f"**{so_far}找到 {number} 份{kind}**符合条件。"
            if number
            else f"**{so_far}没有找到符合条件的{kind}**（0 份）。"
        )
    kind = survey.criterion.kind or "documents"
    met = "the condition" if survey.criterion.condition else "the question"
    singular = {"policies": "policy", "minutes": "minutes"}.get(kind, kind.removesuffix("s"))
    so_far = "" if survey.complete else " so far"
    noun = singular if number == 1 else kind
    meets = "meets" if number == 1 else "meet"
    return f"**{number} {noun}** {meets} {met}{so_far}." if number else f"**No {singular} meets {met}{so_far}** (0)."


def coverage_of(survey: Survey) -> str:
    """How many documents were checked, which could not be read, and what is missing if something is."""
    chinese = survey.language == "zh"
    left = survey.total - survey.checked
    if survey.complete:
        said = (
            f"你可以阅读的文档共 {survey.total} 份，已检查 {survey.checked} 份"
            if chinese
            else f"{survey.checked} of {survey.total} documents that you may read were checked"
        )
    else:
        said = (
            f"检查完 {survey.total} 份中的 {survey.checked} 份后停止，其余 {left} 份尚未检查"
            if chinese
            else f"The check stopped after {survey.checked} of {survey.total} documents; {left} were not looked at"
        )
    if survey.unreadable:
        names = _names((one.title for one in survey.unread), survey.unreadable, chinese)
        said += (
            f"；其中 {survey.unreadable} 份无法读取：{names}"
            if chinese
            else f"; {survey.unreadable} of them could not be read: {names}"
        )
    said += "。" if chinese else "."
    if survey.skipped:
        said += (
            f"另有 {survey.skipped} 份在所问日期不生效，未计入。"
            if chinese
            else f" {survey.skipped} more {'is' if survey.skipped == 1 else 'are'} not in force on that day and "
            f"{'was' if survey.skipped == 1 else 'were'} left out."
        )
    return said


def _names(titles: Iterable[str], number: int, chinese: bool) -> str:
    shown = [_cell(title) for _, title in zip(range(NAMED), titles, strict=False)]
    joined = ("、" if chinese else ", ").join(shown)
    if number > len(shown):
        joined += " 等" if chinese else f", and {number - len(shown)} more"
    return joined


def _table(survey: Survey) -> str:
    rows = _cited(survey)
    if not rows:
        return ""
    chinese = survey.language == "zh"
    columns = survey.criterion.columns
    header = ["", "文档" if chinese else "Document", *columns, "原文" if chinese else "What it says"]
    lines = [_line(header), _line(["---:", *["---"] * (len(header) - 1)])]
    for number, row in enumerate(rows, 1):
        values = [_cell(value) for value in (*row.values, *[""] * len(columns))[: len(columns)]]
        lines.append(_line([str(number), _cell(row.title), *values, f"{_cell(row.quote, QUOTED)} [{number}]"]))
    return "\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str, longest: int = 120) -> str:
    """Text of a document as a cell: nothing in it is a mark, a link or an end of the cell."""
    text = " ".join(text.split())
    if len(text) > longest:
        text = text[: longest - 1] + "…"
    return re.sub(r"([\\`*_{}\[\]<>|#~$!])", r"\\\1", text)


def _notes(survey: Survey) -> Iterator[str]:
    chinese = survey.language == "zh"
    if (number := len(survey.found)) > TABLE_ROWS:
        yield (
            f"表中列出前 {TABLE_ROWS} 份，全部 {number} 份见 CSV 文件。"
            if chinese
            else f"The table shows the first {TABLE_ROWS}; the CSV file has all {number}."
        )
    if survey.undecided:
        names = _names((row.title for row in survey.undecided), len(survey.undecided), chinese)
        yield (
            f"有 {len(survey.undecided)} 份无法判定，请自行查看：{names}。"
            if chinese
            else f"{len(survey.undecided)} could not be decided; look at them yourself: {names}."
        )
