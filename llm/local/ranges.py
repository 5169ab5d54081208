"""Rows for a span of amounts ("CNY 5,001 to 50,000", "满3年不满8年"): which of them an amount falls into."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .dates import month_number
from .quantities import Amount, amounts

_BETWEEN = re.compile(r"\bto\b|[-–—~～至到]")
_FROM = re.compile(
    r"\b(?:above|over|more than|from|at least|exceeding)\b|以上|超过|大于|(?<![不未])满|高于|不少于", re.IGNORECASE
)
_UNTIL = re.compile(
    r"\b(?:up to|below|under|less than|at most|within)\b|以下|以内|[不未]满|不足|不到|小于|低于|不超过", re.IGNORECASE
)
_SHORT_OF = re.compile(r"\b(?:below|under|less than)\b|[不未]满|不足|不到|小于|低于", re.I)
_JOINED_EN = re.compile(r"\b(?:joined|started|hired)\b.*?\b(?P<month>[A-Z][a-z]{2,8})? ?(?P<year>20\d\d)\b")
_JOINED_ZH = re.compile(r"(?P<year>20\d\d)\s*年\s*(?:(?P<month>\d{1,2})\s*月)?[^，,。]{0,6}(?:入职|加入|进入公司)")
_THEN = re.compile(r"(?P<year>20\d\d)\s*年\s*(?P<month>\d{1,2})\s*月|(?P<name>[A-Z][a-z]{2,8}) (?P<y2>20\d\d)")


@dataclass(frozen=True, slots=True)
class Span:
    """From `low` to `high`, in a unit; `short` of it where it ends below `high`."""

    low: float
    high: float
    unit: str
    short: bool = False

    def holds(self, value: float) -> bool:
        """Whether a value falls into it."""
        return self.low <= value < self.high or (value == self.high and not self.short)


def span_of(cell: str) -> Span | None:
    """The span that a cell names, or None when it names none."""
    found = amounts(cell)
    told = next((amount.unit for amount in found if amount.unit), "")
    found = [_in_years(replace(amount, unit=amount.unit or told)) for amount in found]
    short = _SHORT_OF.search(cell) is not None
    if not found or len(found) > 2 or len(cell) > 40:
        return None
    unit = next((amount.unit for amount in found if amount.unit), "")
    if len(found) == 2:
        ends = _BETWEEN.search(cell) or _UNTIL.search(cell)
        return Span(found[0].value, found[1].value, unit, short) if ends else None
    if _UNTIL.search(cell):
        return Span(-math.inf, found[0].value, unit, short)
    return Span(found[0].value, math.inf, unit) if _FROM.search(cell) else None


def fits(cells: Sequence[str], given: Sequence[Amount]) -> bool | None:
    """Whether one of the amounts falls into the span that a row names; None when the row names none of its unit."""
    for cell in cells:
        span = span_of(cell)
        same = [amount for amount in given if span and span.unit and amount.unit == span.unit]
        if span and same:
            return any(span.holds(amount.value) for amount in same)
    return None


def given_amounts(question: str) -> list[Amount]:
    """The amounts of a question, and the years of service of somebody who joined then and asks for a later day."""
    found = [_in_years(amount) for amount in amounts(question)]
    joined = _JOINED_ZH.search(question) or _JOINED_EN.search(question)
    if joined is None:
        return found
    later = [match for match in _THEN.finditer(question) if match.start() >= joined.end()]
    if not later:
        return found
    began, then = _months(joined["year"], joined["month"]), _months_of(later[-1])
    return [*found, Amount(float((then - began) // 12), "year")] if then > began else found


def _in_years(amount: Amount) -> Amount:
    """An amount of months as years, so that six months are less than one year."""
    return replace(amount, value=amount.value / 12, unit="year") if amount.unit == "month" else amount


def _months_of(match: re.Match[str]) -> int:
    return _months(match["year"] or match["y2"], match["month"] or match["name"])


def _months(year: str, month: str | None) -> int:
    number = int(month) if month and month.isdigit() else month_number(month or "")
    return int(year) * 12 + max(number, 1) - 1
