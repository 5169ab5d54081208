"""When something begins, ends or was signed, as contracts and policies say it, and the period a condition names."""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal

from .dates import ANY_MONTH, month_number

Turn = Literal["end", "begin", "sign"]

_DATE = re.compile(
    rf"(?<!\d)(?P<y1>(?:19|20)\d\d)(?:[-/.](?P<m1>\d{{1,2}})(?:[-/.](?P<d1>\d{{1,2}}))?(?!\d)"
    rf"|\s*年(?:\s*(?P<m2>\d{{1,2}})\s*月(?:\s*(?P<d2>\d{{1,2}})\s*[日号])?)?)"
    rf"|(?<!\w)(?:(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? )?(?P<m3>{ANY_MONTH})\b\.?,? "
    rf"(?:(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?,? )?(?P<y3>(?:19|20)\d\d)(?!\d)"
    r"|(?<![\w.,-])(?P<y4>(?:19|20)\d\d)(?![\w-])(?!\.\d)",
    re.IGNORECASE,
)
_WORDS: dict[Turn, str] = {
    "end": r"\b(?:end(?:s|ed|ing)?(?: date)?|expir\w+|terminat\w+|laps\w+|runs? out|extended (?:to|until)|"
    r"(?:valid|effective|in force|in effect|runs?|continues?) (?:up to|until|till|through))\b"
    "|到期日?|终止日?期?|届满|截止日?期?|期满|失效|结束|有效期[至到]|延长至|续签至|展期至|止(?=[。；，]|$)",
    "begin": r"\b(?:begin\w*|start\w*|commenc\w+|takes? effect|effective (?:from|as of|date)|in force (?:from|since))\b"
    "|生效|开始|起始|起(?=[，。；]|$)|自(?=\\d)",
    "sign": r"\b(?:sign\w*|concluded|entered into|dated)\b|签订|签署|签约|订立",
}
# What ends besides the document itself.
_OTHER = re.compile(
    r"\b(?:warranty|guarantee|trial|probation|notice|discount|offer|promotion|invoice|payment|delivery|training)\b[^.;]{0,40}$"
    r"|(?:保修|质保|试用|通知期|优惠|报价|付款|交付|培训|发票)[^。；，]{0,12}$",
    re.IGNORECASE,
)
_TO = r"\s*(?:\bto\b|\bthrough\b|\buntil\b|\btill\b|[-–—~～]|至|到)\s*"
_TERM = re.compile(
    r"\b(?P<n>\d+|one|two|three|four|five|six|twelve|eighteen)(?:[ -]\(?\d+\)?)?[ -](?P<unit>years?|months?)\b"
    r"|(?P<zn>\d+|[一二两三四五六七八九十]+)\s*个?(?P<zunit>年|月)(?!\d)",
    re.IGNORECASE,
)
_TERM_WORD = re.compile(r"\b(?:term|period|duration|for|lasts?|runs?)\b|期限|为期|有效期|期间", re.IGNORECASE)
_SPELLED = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "twelve": 12, "eighteen": 18}
_SPELLED |= {name: number for number, name in enumerate("一二三四五六七八九十", 1)} | {"两": 2, "十二": 12, "十八": 18}
OPEN_ENDED = re.compile(
    r"\bindefinite\b|\bunlimited (?:term|period)\b|\bopen-ended\b|\bno fixed (?:term|end)\b|"
    r"无固定期限|长期有效|永久有效|不定期",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"\b(?:before|prior to|earlier than|by)\b|之?前|以前", re.IGNORECASE)
_AFTER = re.compile(r"\b(?:after|later than|since)\b|之后|以后|后", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Day:
    """A date in a text: where it stands, and the days it spans (one, a month, a year)."""

    start: int
    end: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Period:
    """What a condition asks: which turn of events, in which days."""

    turn: Turn
    first: date
    last: date


def dates(text: str) -> Iterator[Day]:
    """The dates that name their year."""
    for match in _DATE.finditer(text):
        year = int(next(filter(None, (match[f"y{n}"] for n in "134"))))
        month_text = match["m1"] or match["m2"] or match["m3"] or ""
        month = int(month_text) if month_text.isdigit() else month_number(month_text)
        day = int(match["d1"] or match["d2"] or match["d3"] or match["d4"] or 0)
        if month > 12 or (day and not 1 <= day <= calendar.monthrange(year, month or 1)[1]):
            continue
        if day and month:
            first = last = date(year, month, day)
        elif month:
            first, last = date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
        else:
            first, last = date(year, 1, 1), date(year, 12, 31)
        yield Day(match.start(), match.end(), first, last)


def period_of(condition: str) -> Period | None:
    """The turn and the days that a condition names, if it names both."""
    turn = next((turn for turn, words in _WORDS.items() if re.search(words, condition, re.IGNORECASE)), None)
    named = list(dates(condition))
    if turn is None or not named:
        return None
    first, last = named[0].first, named[-1].last
    if len(named) == 1:
        before, after = condition[: named[0].start], condition[named[0].end :][:3]
        if _BEFORE.search(before) or re.match(r"\s*(?:之前|以前|前)", after):
            first, last = date.min, first - timedelta(days=1)
            if re.search(r"\bby\s*$", before):
                last = named[0].last
        elif _AFTER.search(before) or re.match(r"\s*(?:之后|以后|后)", after):
            first, last = last + timedelta(days=1), date.max
    return Period(turn, first, last)


def says(text: str, turn: Turn) -> bool:
    """Whether a text speaks of the turn at all."""
    return re.search(_WORDS[turn], text, re.IGNORECASE) is not None


def turns(text: str, turn: Turn) -> list[Day]:
    """When the document's own term begins, ends or was signed, as a sentence says it; usually one day or none."""
    found = list(dates(text))
    if not found:
        return []
    if turn != "sign":
        for left, right in pairwise(found):
            if re.fullmatch(_TO, text[left.end : right.start], re.IGNORECASE):
                return [right if turn == "end" else left]
    for word in re.finditer(_WORDS[turn], text, re.IGNORECASE):
        if _OTHER.search(text[: word.start()]):
            continue
        if near := _beside(text, word, found):
            return [near]
    if turn == "end" and (after := _after_term(text, found)):
        return [after]
    return []


def _beside(text: str, word: re.Match[str], found: list[Day]) -> Day | None:
    """The date that belongs to a word: right before it in Chinese ("2026年6月30日到期"), else the first after it."""
    before = [day for day in found if day.end <= word.start() and not text[day.end : word.start()].strip("（() 日起")]
    if before and re.match("[\u4e00-\u9fff]", word.group()):
        return before[-1]
    after = [day for day in found if day.start >= word.end()]
    between = text[word.end() : after[0].start] if after else ""
    return after[0] if after and len(between) < 40 and not re.search("[。；;]", between) else None


def _after_term(text: str, found: list[Day]) -> Day | None:
    """The last day of a term that is given by its first day and its length."""
    begun = next(iter(turns(text, "begin")), None) or found[0]
    for match in _TERM.finditer(text):
        around = text[max(0, match.start() - 24) : match.start()]
        if begun.first != begun.last or not _TERM_WORD.search(around):
            continue
        if _OTHER.search(text[: match.start()]):
            continue
        number = match["n"] or match["zn"]
        count = int(number) if number.isdigit() else _SPELLED.get(number.lower(), 0)
        if not count:
            continue
        months = count * (12 if (match["unit"] or match["zunit"]).lower()[0] in "y年" else 1)
        last = _later(begun.first, months) - timedelta(days=1)
        return Day(match.start(), match.end(), last, last)
    return None


def _later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
