"""Figures that no document has but that follow from those it has: differences, sums, rests, shares, multiples. Pure.

Only where the sentence says that a figure is one of these ("1.5 points less", 合计, "the remaining 23%", "half that
of") is it worked out; what does not come out stays missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations

from agents import facts
from agents.agreement import agreement, same_dimension
from agents.frequencies import frequencies
from agents.quantities import Quantity
from agents.units import PAID

AROUND = 60
"""Characters around a figure in which the sentence may say what it is."""
MOST = 8
"""Amounts of one kind that are combined: with more, some sum comes out by accident."""
_DIFFERENCE = re.compile(
    r"\b(?:more|less|fewer|higher|lower|larger|smaller|longer|shorter|older|younger|cheaper|dearer|earlier|later|"
    r"difference|gap|apart|by|rose|fell|grew|increase[ds]?|decrease[ds]?|declined?|dropped|up|down|saved?|saving|gained?|"
    r"lost|extra|additional(?:ly)?)\b|"
    r"[多少高低贵大小长短]|便宜|相差|差额|差距|之差|上升|下降|增加|减少|增长|提高|降低|缩短|延长|上涨|下跌|节省|提前|推迟|增至|降至|降到",
    re.IGNORECASE,
)
_SUM = re.compile(
    r"\b(?:total(?:s|ling|led)?|together|altogether|combined|in all|sum|overall|both)\b|"
    r"合计|总计|总共|一共|共计|共|总额|总数|加起来|两者",
    re.IGNORECASE,
)
_REST = re.compile(
    r"\b(?:rest|remaining|remainder|other|left|remains?|deducted|withheld)\b|其余|剩余|余下|剩下|另外|尚余|还剩|扣",
    re.IGNORECASE,
)
_MULTIPLE = re.compile(r"\b(?:twice|double[ds]?|triple[ds]?|times|half|third|quarter)\b|[倍半]|分之", re.IGNORECASE)
_SHARE = re.compile(r"\bof\b|占|的%", re.IGNORECASE)
_TIMES = {
    "twice": Fraction(2),
    "half": Fraction(1, 2),
    "双倍": Fraction(2),
    "两倍": Fraction(2),
    "一半": Fraction(1, 2),
}
_TIMES_SAID = re.compile(r"\b(?:twice|half)\b|双倍|两倍|二倍|一半", re.IGNORECASE)
_ONE_IN = re.compile(
    r"\b(\d{1,3}|one) (?:in|out of) (\d{1,4}|ten|five|four|three|two)\b|每(\d{1,4})[人个件]中有?(\d{1,4})[人个件]"
)
_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "ten": 10}


def is_computed(said: str, one: Quantity, there: Sequence[Quantity], source: str) -> bool:
    """Whether a figure of a sentence comes out of the amounts of its source, in a way that the sentence names."""
    # "The two teams together": so many are spoken of.
    if _is_about(one, there) or (one.written in (2, 3) and not one.dimension and _SUM.search(said)):
        return True
    near = said[max(0, one.start - AROUND) : one.end + AROUND]
    alike = list({(each.value, each.dimension): each for each in there if each.counts}.values())
    values = [each.value for each in alike if same_dimension(each.dimension, one.dimension)][:MOST]
    return any(_comes_out(one, value) for value in _candidates(near, said, one, values, alike, source))


def _candidates(
    near: str, said: str, one: Quantity, values: Sequence[Fraction], all_of: Sequence[Quantity], source: str
) -> Iterator[Fraction]:
    pairs = list(combinations(values, 2))
    if _DIFFERENCE.search(near):
        yield from (abs(a - b) for a, b in pairs)
        if one.dimension == "percent":
            yield from _changes(all_of)
    if _SUM.search(near):
        yield from (a + b for a, b in pairs)
        yield from _runs(values)
    if one.dimension in PAID:
        yield from (
            a.written * b.value for a in all_of for b in all_of if a.dimension not in PAID and b.dimension in PAID
        )
    if one.dimension == "percent" and _SHARE.search(near):
        parts = [each.value for each in all_of if each.dimension not in ("percent", "ordinal")][: 2 * MOST]
        yield from (a / b * 100 for a in parts for b in parts if 0 < a < b)
    if _REST.search(near) or _REST.search(source):
        whole = max(values, default=Fraction(0))
        for part in _runs(values):
            yield whole - part
            if one.dimension == "percent":
                yield 100 - part
    if _MULTIPLE.search(near) or _MULTIPLE.search(source):
        for match in _TIMES_SAID.finditer(f"{near} {source}"):
            times = _TIMES.get(match[0].lower(), Fraction(2))
            yield from (value * times for value in values)
            yield from (value / times for value in values)
        if not one.dimension or one.dimension in ("times", "occasion"):
            yield from _ratios(all_of)
    if one.dimension == "percent":
        for match in _ONE_IN.finditer(source):
            first, last = match[1] or match[4], match[2] or match[3]
            yield Fraction(100 * _number(first), max(1, _number(last)))


def _runs(values: Sequence[Fraction]) -> Iterator[Fraction]:
    """The sums of amounts that stand one after the other."""
    return (sum(values[first:last], Fraction(0)) for first, last in combinations(range(len(values) + 1), 2))


def _changes(all_of: Sequence[Quantity]) -> Iterator[Fraction]:
    """By how many percent each amount differs from each other of its kind."""
    for a, b in combinations(all_of[: 2 * MOST], 2):
        if a.dimension == b.dimension and a.dimension not in ("percent", "ordinal") and a.value and b.value:
            yield abs(a.value - b.value) / a.value * 100
            yield abs(a.value - b.value) / b.value * 100


def _ratios(all_of: Sequence[Quantity]) -> Iterator[Fraction]:
    for a, b in combinations(all_of[: 2 * MOST], 2):
        if a.dimension == b.dimension and a.dimension != "ordinal" and a.value and b.value:
            yield max(a.value, b.value) / min(a.value, b.value)


def _is_about(one: Quantity, there: Sequence[Quantity]) -> bool:
    """Whether a time that is said to be rounded is one of the source in days for months, or the other way."""
    days = {"month": 30 * 86_400, "time": 1}
    if not one.about or one.dimension not in days:
        return False
    own = one.value * days[one.dimension]
    return any(
        each.dimension in days and abs(own - each.value * days[each.dimension]) * 20 <= own
        for each in there
        if each.dimension != one.dimension
    )


def _comes_out(one: Quantity, value: Fraction) -> bool:
    """Whether a value is the figure, as exactly as that is written."""
    if not value:
        return False
    off = abs(one.value - value)
    return off == 0 or (off * 2 <= one.step and off * 20 <= one.value) or (one.about and off * 20 <= one.value)


def _number(text: str) -> int:
    return _WORDS.get(text, 0) or int(text)


_A_YEAR = {("time", 86_400): 365, ("time", 604_800): 52, ("month", 1): 12, ("month", 12): 1}


def as_often(said: str, source: str) -> list[tuple[int, int]]:
    """Where a sentence says how often something happens, as its source does in other figures: "three times a day" is
    "every 8 hours", and 一天至少 is 每日不少于."""
    often = {one.yearly for one in frequencies(source)}
    found = [(one.start, one.end) for one in frequencies(said) if one.yearly in often]
    for one in facts.read(said).quantities:
        if one.written == 1 and _A_YEAR.get((one.dimension, int(one.value))) in often:
            found.append((one.start, one.end))
    return found


def accounted_for(said: str, source: str) -> list[tuple[int, int]]:
    """Where the figures of a sentence stand that its source gives in other ones, or that come out of them."""
    there = facts.read(source).quantities
    found = [
        (one.start, one.end)
        for one in facts.read(said).quantities
        if not one.soft and agreement(one, there) in ("missing", "unit") and is_computed(said, one, there, source)
    ]
    return [*found, *as_often(said, source)]
