"""How often something happens, in times a year: "every 8 hours" is "three times a day", 每半年 is 一年两次. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from agents.terms import han_number

_IN_A_YEAR = {
    "hour": 365 * 24, "day": 365, "night": 365, "week": 52, "month": 12, "quarter": 4, "year": 1, "annum": 1,
    "minute": 365 * 24 * 60,
    "分": 365 * 24 * 60, "时": 365 * 24, "天": 365, "日": 365, "晚": 365, "夜": 365, "周": 52, "期": 52, "月": 12,
    "季": 4, "年": 1,
}  # fmt: skip
_ADVERBS = {
    "hourly": "hour", "daily": "day", "nightly": "night", "weekly": "week", "monthly": "month",
    "quarterly": "quarter", "yearly": "year", "annually": "year", "annual": "year",
}  # fmt: skip
_WORDS = "one two three four five six seven eight nine ten eleven twelve"
_COUNTS = {word: n for n, word in enumerate(_WORDS.split(), 1)}
_N = rf"\d{{1,3}}|{'|'.join(_COUNTS)}"
_HAN_N = r"\d{1,3}|[一二两三四五六七八九十]{1,3}"
_UNIT = r"(?:calendar |working |business |full )?(minute|hour|day|night|week|month|quarter|year|annum)s?\b"
_HAN_UNIT = r"(?:个|自然|工作)?(分(?=钟)|小?时(?!候)|天|日|晚|夜|周(?!年)|星期|月|季|年)"
_HAN_WEEKDAY = r"(?:周|星期|礼拜)?[一二三四五六日天]"
_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
_FORMS = (
    (
        "times",
        rf"\b(?:(?P<n>{_N}) times|(?P<once>once)|(?P<twice>twice)) "
        rf"(?:(?:a|an|per|each|every|in a|in an|in each) {_UNIT}|({'|'.join(_ADVERBS)})\b)",
    ),
    ("times", rf"[每一]{_HAN_UNIT}[^，。；、,;\d每]{{0,4}}?(?P<n>{_HAN_N})[次回]"),
    (
        "days",
        rf"\b(?:every|each|on) {_WEEKDAY}(?:(?:, | and |, and ){_WEEKDAY})*\b|"
        rf"每(?:周|星期|礼拜)[一二三四五六日天](?![次天])(?:[、和及与，]{_HAN_WEEKDAY}(?![次年月]))*",
    ),
    ("every", rf"\b(?:every|each|per|in an?) (?:(?P<n>{_N}) )?{_UNIT}"),
    ("every", rf"[每逐]隔?(?P<n>半|{_HAN_N})?(?:一(?=[年月周天日]))?{_HAN_UNIT}"),
    ("every", rf"\b({'|'.join(_ADVERBS)})\b"),
)
_PATTERNS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _FORMS)
_ONE_DAY = re.compile(rf"{_WEEKDAY}|(?<!每)(?<!每星)[一二三四五六日天]|(?<=每周)[一二三四五六日天]", re.IGNORECASE)


class Frequency(NamedTuple):
    """How many times a year, and where that is said."""

    yearly: Fraction
    start: int
    end: int


def frequencies(text: str) -> list[Frequency]:
    """How often a text says that things happen. What one form has read, no later one reads."""
    found: list[Frequency] = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if not any(one.start < match.end() and match.start() < one.end for one in found):
                found += [Frequency(yearly, *match.span()) for yearly in _yearly(kind, match)]
    return found


def _yearly(kind: str, match: re.Match[str]) -> Iterator[Fraction]:
    if kind == "days":
        yield Fraction(52 * len(_ONE_DAY.findall(match[0])))
        return
    named = match.groupdict()
    words = {word for word in named.values() if word}
    unit = next(word.lower() for word in match.groups() if word and word not in words)
    a_year = _IN_A_YEAR[_ADVERBS.get(unit, unit)] if unit.isascii() else _IN_A_YEAR[unit[-1]]
    count = Fraction(2) if named.get("twice") else _count(named.get("n"))
    if count:
        yield a_year * count if kind == "times" else a_year / count


def _count(text: str | None) -> Fraction:
    if not text:
        return Fraction(1)
    if text == "半":
        return Fraction(1, 2)
    if text.lower() in _COUNTS:
        return Fraction(_COUNTS[text.lower()])
    return Fraction(text) if text.isascii() else Fraction(han_number(text))


def otherwise_often(said: str, nearest: str, source: str) -> bool:
    """Whether something is said to happen every month that the source lets happen every year."""
    ours = {one.yearly for one in frequencies(said)}
    return bool(ours) and bool(frequencies(nearest)) and not ours & {one.yearly for one in frequencies(source)}
