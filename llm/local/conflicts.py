"""Documents that contradict each other: two amounts of the same kind for the same thing."""

import re
from collections.abc import Sequence

from .quantities import amounts
from .ranking import Evidence

_CLOSE_BY = 10
_AS_WELL = 0.7
_PERIODS = {
    "day": "day|night|天|日|晚",
    "week": "week|周|星期",
    "month": "month|月",
    "quarter": "quarter|季",
    "year": "year|年",
}
_EACH = {
    name: re.compile(rf"\b(?:(?:per|each|every|an?|and) |/ ?)(?:{words})|每[^，。；]{{0,3}}(?:{words})", re.IGNORECASE)
    for name, words in _PERIODS.items()
}


def contradicting(chosen: Sequence[Evidence], ranked: Sequence[Evidence]) -> list[Evidence]:
    """Another document's evidence that gives another amount of the same kind as the best one, or nothing."""
    best = chosen[0]
    ours = amounts(best.unit.text)
    if not ours or best.unit.kind == "row":
        return []
    kind, shown = (ours[0].unit, ours[0].per), {evidence.unit.source.document for evidence in chosen}
    for other in ranked[1:_CLOSE_BY]:
        theirs = amounts(other.unit.text)
        if (
            kind[0]
            and theirs
            and other.unit.source.document not in shown
            and other.coverage >= _AS_WELL * best.coverage
            and (theirs[0].unit, theirs[0].per) == kind
            and theirs[0].value != ours[0].value
            and _same_periods(best.unit.text, other.unit.text)
        ):
            return [other]
    return []


def _same_periods(one: str, other: str) -> bool:
    """Whether two texts may give an amount for the same span of time: not one for a year, the other for a quarter."""
    first, second = ({name for name, pattern in _EACH.items() if pattern.search(text)} for text in (one, other))
    return not first or not second or bool(first & second)
