"""Whether what is said of an amount agrees with what a source says: units, limits, rounding, stated scales. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from agents.quantities import Quantity
from agents.units import SCALES

_IN_CENTS = ("dollar", "hk dollar", "sg dollar", "euro")


def same_dimension(one: str, other: str) -> bool:
    """Whether two units may count the same thing. A number without a unit may be a table's, whose unit is elsewhere."""
    if one == other or not one or not other:
        return True
    pair = {one, other}
    return pair in ({"workday", "time"}, {"ordinal", "quarter"}, {"pound", "sterling"}) or (
        not pair - {"person", "occasion", "ordinal", "page"} and "ordinal" in pair
    )


_STATED_SCALE = re.compile(
    r"[(（][^()（）\d]{0,24}?(?P<scale>百万|千万|[千万亿](?=[^\w]|[美欧日港]?元|[个件人吨])|"
    r"\b(?:thousand|million|billion)(?=s?\b))[^()（）]{0,24}[)）]|"
    r"单位\s*[:：]\s*(?:人民币)?(?P<zh>百万|[千万亿])|\bin (?P<en>thousand|million|billion)s\b",
    re.IGNORECASE,
)


def stated_scales(text: str) -> list[str]:
    """The places where a text says so, see `scales`."""
    return [match[0] for match in _STATED_SCALE.finditer(text)]


def scales(text: str) -> set[int]:
    """What a table's bare numbers may have to be multiplied by: "(in millions)", 预算（万元）, 单位：亿元."""
    found = _STATED_SCALE.finditer(text)
    return {SCALES[(match["scale"] or match["zh"] or match["en"]).lower()] for match in found}


def is_scaled(said: Quantity, there: Iterable[Quantity], factors: Iterable[int]) -> bool:
    """Whether a bare number of a source is what is said, once a scale that the source states is put to it."""
    bare = {one.written for one in there if not one.dimension}
    return any(said.written / factor in bare for factor in factors)


Agreement = Literal["same", "rounded", "bound", "unit", "missing"]


def agreement(said: Quantity, there: Iterable[Quantity]) -> Agreement:
    """How what is said stands to the quantities of a source."""
    best: Agreement = "missing"
    for one in there:
        if _equal(one, said) and one.per and said.per and one.per != said.per:
            best = "unit" if best == "missing" else best
        elif _equal(one, said) and {one.trend, said.trend} == {"up", "down"}:
            best = "bound"
        elif _equal(one, said):
            if {one.bound, said.bound} != {"min", "max"}:
                return "same"
            best = "bound"
        elif best != "bound" and _rounds_to(one, said):
            best = "rounded"
        elif best == "missing" and one.written == said.written:
            best = "unit"
    return best


def _equal(one: Quantity, other: Quantity) -> bool:
    for cents, whole in ((one, other), (other, one)):
        if cents.dimension == "cent" and whole.dimension in _IN_CENTS:
            return cents.value == whole.value * 100
    if one.dimension == other.dimension:
        return one.value == other.value
    return one.written == other.written and same_dimension(one.dimension, other.dimension)


def _rounds_to(exact: Quantity, said: Quantity) -> bool:
    """Whether `said` is `exact` in fewer digits: where it says so, or where it is written in thousands and more."""
    if not same_dimension(exact.dimension, said.dimension) or not said.value or exact.value == said.value:
        return False
    off = abs(exact.value - said.value)
    step = said.step
    if said.about and said.step == 1:
        while step < said.value and said.value % (step * 10) == 0:
            step *= 10
    if off > step or off * 12 > said.value:
        return False
    return said.about or (step >= 1000 and off * 2 <= step and exact.step < step)
