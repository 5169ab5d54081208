"""Dates, weekdays and times of day in a form that compares, however they are written: English and Chinese. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from agents.terms import han_number


class Moment(NamedTuple):
    """What is said of a day (0: not said), a weekday (1 to 7), a minute of the day (-1: not said), and where."""

    year: int
    month: int
    day: int
    weekday: int
    minute: int
    start: int
    end: int

    def word(self) -> str:
        """The same for the same moment."""
        return "@" + "-".join(map(str, self[:5]))


MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS_SHORT, _WEEKDAYS_SHORT = [name[:3] for name in MONTHS], [name[:3] for name in WEEKDAYS]
_MONTH = (
    r"(?P<m>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|(?-i:May|MAY)|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_TO = r"\s?(?:-|–|—|~|to|and|until|through|至|到|、)\s?"
_TH = r"(?:st|nd|rd|th)?"
_HAN_DAY = r"(?:[一二三四五六七八九十]{1,3}|\d{1,2})"
# Each in turn reads what those before it have left.
_FORMS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<![\d.])(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})(?!\d)",
        r"(?<![\d./])(?P<d>\d{1,2})(?P<s>[./])(?P<m>\d{1,2})(?P=s)(?P<y>\d{4})(?!\d)",
        rf"(?<!\d)(?P<d0>\d{{1,2}}){_TH}{_TO}(?P<d>\d{{1,2}}){_TH}\s(?:of\s)?{_MONTH}(?:,?\s(?P<y>\d{{4}})\b)?",
        rf"(?<!\d)(?P<d>\d{{1,2}}){_TH}\s(?:of\s)?{_MONTH}(?:,?\s(?P<y>\d{{4}})\b)?",
        rf"\b{_MONTH}\s(?P<d0>\d{{1,2}}){_TH}{_TO}(?P<d>\d{{1,2}}){_TH}\b(?:,?\s(?P<y>\d{{4}})\b)?",
        rf"\b{_MONTH}\s(?P<d>\d{{1,2}}){_TH}\b(?!:)(?:,?\s(?P<y>\d{{4}})\b)?",
        rf"\b{_MONTH},?\s(?P<y>\d{{4}})\b",
        rf"(?:(?P<y>\d{{4}}|"
        rf"[零〇一二三四五六七八九]{{4}})\s?年\s?)?(?<![\d一二三四五六七八九十])(?P<m>{_HAN_DAY})\s?月\s?"
        rf"(?P<d0>{_HAN_DAY})\s?[日号]?{_TO}(?P<d>{_HAN_DAY})\s?[日号]",
        rf"(?:(?P<y>\d{{4}}|"
        rf"[零〇一二三四五六七八九]{{4}})\s?年\s?)?(?<![\d一二三四五六七八九十])(?P<m>{_HAN_DAY})\s?月(?!内)份?"
        rf"(?:\s?(?P<d>{_HAN_DAY})\s?(?:[日号]|(?![\d\u4e00-\u9fff])))?",
        r"(?<!\d)(?P<y>(?:19|20)\d\d|[一二][零〇一二三四五六七八九]{3})\s?年",
        r"(?<!\d)(?P<d>\d{1,2})日(?![\d元]|[之以]?内)",
        rf"(?<=每月|当月|次月|本月|上月|下月)(?P<d>{_HAN_DAY})[日号]",
        rf"\b{_MONTH}",
    )
)
_WEEKDAY = re.compile(
    r"\b(?P<w>mon|tues?|wed(?:nes)?|thur?s?|fri|sat(?:ur)?|sun)days?\b|(?:周|星期|"
    r"礼拜)(?P<z>[一二三四五六日天])(?![年期次回])",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(?P<zh>上午|中午|下午|晚上|傍晚|凌晨|"
    r"早上)?\s?(?<![\d:])(?P<h>\d{1,2})[:：](?P<i>\d{2})(?![\d:])\s?(?P<ap>[ap]\.?m\b\.?)?|"
    r"(?<![\d:.])\b(?P<h2>\d{1,2})\s?(?P<ap2>[ap]\.?m\b\.?|o['’]clock)|"
    rf"(?P<zh2>上午|中午|下午|晚上|傍晚|凌晨|早上)?\s?(?<![\d一二三四五六七八九十零])(?<!分之)(?P<h3>\d{{1,2}}|"
    rf"[一二三四五六七八九十]{{1,3}})[点时](?!间|候|段|期|常|刻|名|[^\W\d]?性|[零〇一二三四五六七八九]{{1,3}}[百千万亿元倍米吨升克度折%％])"
    rf"(?:(?P<half>半)|(?P<i3>{_HAN_DAY})分)?|\b(?P<noon>noon|midnight|midday)\b",
    re.IGNORECASE,
)


def moments(text: str) -> list[Moment]:
    """The dates, weekdays and times of a text in order."""
    found: list[Moment] = []
    for form in _FORMS:
        for match in form.finditer(text):
            found += _dates(match)
        text = masked(text, found)
    for match in _TIME.finditer(text):
        if 0 <= (minute := _minute(match)) <= 1440:
            found.append(Moment(0, 0, 0, 0, minute, match.start(), match.end()))
    text = masked(text, found)
    for match in _WEEKDAY.finditer(text):
        weekday = (
            "一二三四五六日天".index(match["z"]) + 1
            if match["z"]
            else _WEEKDAYS_SHORT.index(match["w"][:3].lower()) + 1
        )
        found.append(Moment(0, 0, 0, min(weekday, 7), -1, match.start(), match.end()))
    return sorted(found, key=lambda one: one.start)


def masked(text: str, found: Iterable[Moment]) -> str:
    """The text with its moments blanked out, so that their digits are no numbers."""
    for one in found:
        text = text[: one.start] + " " * (one.end - one.start) + text[one.end :]
    return text


def _dates(match: re.Match[str]) -> Iterator[Moment]:
    fields = match.groupdict()
    year, month = _int(fields.get("y")), _month(fields.get("m"))
    last = _int(fields.get("d"))
    if (fields.get("s") == "/" and not match[0][:4].isdigit() and last <= 12 < month) or month > 12 >= last > 0:
        month, last = last, month
    days = [_int(fields["d0"]), last] if fields.get("d0") else [last]
    if month > 12 or any(day > 31 for day in days):
        return
    for day in days:
        yield Moment(year, month, day, 0, -1, match.start(), match.end())


def _month(text: str | None) -> int:
    if text and text[:3].lower() in _MONTHS_SHORT:
        return _MONTHS_SHORT.index(text[:3].lower()) + 1
    return _int(text)


def _int(text: str | None) -> int:
    if not text:
        return 0
    return int(text) if text.isdigit() and text.isascii() else int(han_number(text))


def _minute(match: re.Match[str]) -> int:
    if word := match["noon"]:
        return 0 if word.lower() == "midnight" else 720
    hour = _int(match["h"] or match["h2"] or match["h3"])
    minute = 30 if match["half"] else _int(match["i"] or match["i3"])
    part = (match["ap"] or match["ap2"] or "").lower()
    chinese = match["zh"] or match["zh2"] or ""
    if (part.startswith("p") or chinese in ("下午", "晚上", "傍晚")) and hour < 12:
        hour += 12
    if (part.startswith("a") or chinese == "凌晨") and hour == 12:
        hour = 0
    return hour * 60 + minute if hour <= 24 and minute < 60 else -1


def stated(said: Moment, there: Iterable[Moment], years: set[int]) -> bool:
    """Whether a source says this moment. A year that the quote leaves out may stand elsewhere: `years`."""
    for one in there:
        if said.weekday or said.minute >= 0:
            if (said.weekday, said.minute) == (one.weekday, one.minute):
                return True
            continue
        year = not said.year or said.year == one.year or (not one.year and said.year in years)
        month = not said.month or said.month == one.month
        day = not said.day or said.day == one.day
        if year and month and day and (said.year or one.month or one.day):
            return True
    return bool(said.year and not said.month and not said.day and said.year in years)
