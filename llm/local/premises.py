"""What a question takes for given and its answer has to keep: the time, the place and which of several it names.

A table of 2024 and 2025 does not answer for 2021, nor a text about Hall 3 for Hall 2, nor one about 越南 for 泰国. Nor
does error E4 answer for E2, a gold card for a black one, a sum in yuan for euros, or what holds after the probation for
what holds during it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from .currencies import asked_currency, currencies
from .dates import ANY_MONTH, MONTHS, month_number
from .glossary import place_names
from .groups import groups
from .keys import codes
from .members import members
from .phases import phases
from .questions import AnswerType
from .relations import asked_relation, figures_named, relations
from .text import STOP_WORDS, has_han, terms
from .units import Unit

Kind = Literal[
    "year", "quarter", "month", "thing", "place", "code", "member", "phase", "group", "currency", "relation", "figure"
]
# How a unit stands to a premise: it names the very thing, another of its kind, or none.
Standing = Literal["named", "other", "silent"]

_YEAR = re.compile(
    r"(?<![\d.,-])(?P<year>(?:19|20)\d\d)(?![\d-])(?!\s*年?版)(?!\s*年\s*\d{1,2}\s*月)(?![.,]\d)|\bFY\s?(?P<short>\d\d)\b"
)
_OF_A_DAY = re.compile(rf"(?:\b(?:{ANY_MONTH})\.?,?\s(?:\d{{1,2}}(?:st|nd|rd|th)?,?\s)?|\d[./])$", re.IGNORECASE)
# "Since 2019", "from 2015 to 2020" and "until 2030" name an end of a time, not the time that is asked for.
_REACHES = re.compile(
    r"\b(?:since|until|till|by|before|after|from|between|through|as of|founded|born)\b|\bto (?=(?:19|20)\d\d)"
    r"|以来|至今|之前|之后|以前|以后|截至|自\d|从\d|[至到~～—–](?=\d)",
    re.IGNORECASE,
)
_SPAN = re.compile(
    r"(?<!\d)((?:19|20)\d\d)\s*年?\s*(?:[-–—~～至到]|\bto\b|\band\b|\buntil\b|\bthrough\b)\s*((?:19|20)\d\d)(?!\d)"
)
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "一": 1, "二": 2, "三": 3, "四": 4}
_QUARTER = re.compile(
    r"\bQ(?P<q>[1-4])\b|\b(?P<en>first|second|third|fourth) quarter\b|第?(?P<zh>[一二三四1-4])季度?"
    r"|\b(?P<half>first|second) half\b|\bH(?P<h>[12])\b|(?P<zhhalf>[上下])半年",
    re.IGNORECASE,
)
_EACH_QUARTER = re.compile(r"\bquarterly\b|\b(?:each|every|per|a) quarter\b|每个?季度?|按季", re.IGNORECASE)
_MONTH = re.compile(
    rf"\b(?P<name>{ANY_MONTH})\b(?!\.?,?\s\d)|(?<![\d.])(?P<number>\d{{1,2}})\s*月(?:份|(?!\s*\d))"
    r"|(?<![个\d])(?P<zh>十[一二]?|[一二三四五六七八九])月(?:份|(?![初中下\d]))",
    re.IGNORECASE,
)
_SEVERAL = 2
_NEAR, _BEGINNING = 150, 20
_HAN_NUMBERS = {numeral: value for value, numeral in enumerate("一二三四五六七八九十", 1)} | {"十一": 11, "十二": 12}
_AMOUNT_KINDS: frozenset[AnswerType] = frozenset(("number", "duration", "thing"))

# "Hall 3", "version 2.4", "Building C"; "3号楼", "二期", "第五条". What is counted or measured is no such thing.
_NUMBER = r"(?:\d{1,4}(?:\.\d+)*|[A-HJ-Z]|[IVX]{2,4})(?![\w%])"
_MEASURED = (
    r"%|°|[€$£¥]|EUR|USD|GBP|CNY|k?[gmWV]|[cm]m|kWh|[MGT]B|[ap]\.?m|per|times|(?:working |business |calendar )?"
    r"(?:day|week|month|year|hour|minute|second|night)s?|people|employees|euros?|dollars?|pounds?|units|pieces|met(?:er|re)s?"
)
_NUMBERED = re.compile(
    rf"\b(?P<noun>[A-Za-z][a-z]{{2,}}s?)\s(?:no\.?\s)?(?P<first>{_NUMBER})"
    rf"(?P<more>(?:(?:,\s?|\s?(?:and|or|to|&|[-–/])\s?){_NUMBER})*)(?!\s?(?:{_MEASURED})(?!\w))"
)
_HAN_NUMBER = r"\d{1,4}|[一二三四五六七八九十]{1,3}"
_HAN_NUMBERED = re.compile(
    rf"(?P<first>{_HAN_NUMBER}|[A-Z])\s?(?P<noun>号(?:楼|馆|厅|线|仓|库|机|门|店|会议室)|期|楼|层|栋|座|幢|车间|厂|食堂|校区|分公司)(?![间待望限货款数\d])"
    rf"|(?<![A-Za-z])(?P<letter>[A-Z])\s?(?P<lettered>[级档类区组班款型])|(?<![分为共有几至])(?P<degree>{_HAN_NUMBER})(?P<degreed>级)"
    rf"|第\s?(?P<nth>{_HAN_NUMBER})\s?(?P<ofnoun>条|章|版|届|批|期|轮)"
)
_VERSION = re.compile(r"(?<![A-Za-z])[vV]\.?\s?(?P<number>\d+(?:\.\d+)*)")
_SAME_NOUNS = (
    ("hall", "号馆", "号厅"),
    ("build", "号楼", "楼", "栋", "座", "幢"),
    ("line", "号线"),
    ("phase", "期"),
    ("floor", "层"),
    ("version", "releas", "firmwar", "版"),
)
_NOUNS = {noun: nouns[0] for nouns in _SAME_NOUNS for noun in nouns}
_NO_NOUN = (
    STOP_WORDS
    | frozenset(
        ("top", "last", "next", "first", "least", "exactly", "around", "since", "than", "nearly", "almost", "another")
    )
    | frozenset(MONTHS.lower().split("|"))
)


@dataclass(frozen=True, slots=True)
class Premise:
    """A thing that a question names: of which kind (of things also which noun), and which of them."""

    kind: Kind
    noun: str
    value: str


def premises(question: str, kind: AnswerType) -> tuple[Premise, ...]:
    """What a question that asks for a `kind` of answer takes for given."""
    found = [Premise("thing", noun, value) for noun, value in _things(question)]
    found += [Premise("code", letters, code) for letters, code in codes(question)]
    found += [Premise("phase", noun, when) for noun, when in phases(question)]
    if kind in _AMOUNT_KINDS:
        found += [Premise("group", "", group) for group in sorted(groups(question))]
    if has_han(question):
        found += [Premise("place", "", place) for place in place_names(question)]
        found += [Premise("member", noun, name) for noun, name in members(question)]
    if relation := asked_relation(question):
        found.append(Premise("relation", "", relation))
    if kind == "number":
        found += [Premise("figure", "", figure) for figure in sorted(figures_named(question))]
    if currency := asked_currency(question):
        found.append(Premise("currency", "", currency))
    if not _REACHES.search(question):
        found += [Premise("year", "", year) for year in dict.fromkeys(_years(question))]
        found += [Premise("quarter", "", quarter) for quarter in _quarters(question)]
        if kind in _AMOUNT_KINDS:
            found += [Premise("month", "", month) for month in _months(question)]
    return tuple(found)


def keeps(unit: Unit, asked: Sequence[Premise]) -> Standing:
    """How a unit stands to all premises: "other" where it names but another for one of them."""
    standings = [_standing(unit, premise) for premise in asked]
    if "other" in standings:
        return "other"
    return "named" if standings and all(standing == "named" for standing in standings) else "silent"


def _standing(unit: Unit, premise: Premise) -> Standing:
    said = " ".join((*unit.header, unit.heading, unit.lead, unit.text))
    around = f"{unit.source.title} {unit.source.section} {unit.source.header}"
    named = _named(said, premise)
    if premise.value in named or premise.value in _named(around, premise):
        return "named"
    if premise.kind == "year":
        return _of_year(unit, int(premise.value), named)
    if premise.kind == "quarter":
        return _of_quarter(unit, said, named)
    if premise.kind == "month":
        return "other" if named and not _REACHES.search(unit.text) else "silent"
    if premise.kind == "figure":
        return "other" if ("mean" in named) != (premise.value == "mean") and named else "silent"
    if premise.kind == "relation":
        return "other"
    if premise.kind == "currency" and unit.kind == "row":
        return "silent"  # a row has its own place's currency, whatever it is to be changed into
    if premise.kind in ("code", "member", "group"):
        return _of_several(unit, premise, named)
    if any(value.startswith(f"{premise.value}.") for value in named):
        return "named"
    return "other" if named or _named(unit.source.section, premise) else "silent"


def _of_several(unit: Unit, premise: Premise, named: frozenset[str]) -> Standing:
    """How a unit stands to one of several like things that it does not name itself.

    A row that names another is about that; a sentence may speak of another beside the one spoken of just before.
    A word before a noun tells one of several only where the passage has several: 门禁卡 is no other than 工卡.
    """
    if not named or (unit.kind != "row" and premise.value in _named(_before(unit), premise)):
        return "silent"
    if premise.kind != "member":
        return "other"
    around = _named(f"{unit.source.header} {unit.source.text}", premise)
    if premise.value in around:
        return "other"
    if any(name.endswith(premise.value) or premise.value.endswith(name) for name in named):
        return "named"
    return "other" if len(around) >= _SEVERAL else "silent"


def _before(unit: Unit) -> str:
    """What stands in a passage just before a unit; all of it where the unit is not found there as it is."""
    place = unit.source.text.find(unit.text[:_BEGINNING])
    return unit.source.text[max(0, place - _NEAR) : place] if place >= 0 else unit.source.text


def _named(text: str, premise: Premise) -> frozenset[str]:
    """Which of a premise's kind a text names."""
    if premise.kind == "code":
        return frozenset(code for letters, code in codes(text) if letters == premise.noun)
    if premise.kind == "member":
        return frozenset(name for noun, name in members(text) if noun == premise.noun)
    if premise.kind == "phase":
        return frozenset(when for noun, when in phases(text) if noun == premise.noun)
    if premise.kind == "group":
        return groups(text)
    if premise.kind == "relation":
        return relations(text)
    if premise.kind == "figure":
        return figures_named(text)
    if premise.kind == "currency":
        return currencies(text)
    if premise.kind == "year":
        return frozenset(_years(text))
    if premise.kind == "quarter":
        return frozenset(_quarters(text))
    if premise.kind == "month":
        return frozenset(_months(text))
    if premise.kind == "place":
        return frozenset(place_names(text)) if has_han(text) else frozenset()
    return frozenset(value for noun, value in _things(text) if noun == premise.noun)


def _of_year(unit: Unit, year: int, named: frozenset[str]) -> Standing:
    """How a unit stands to a year that it does not name itself: it may lie inside a span of years."""
    if any(int(first) <= year <= int(last) for first, last in _SPAN.findall(unit.text)):
        return "named"
    if named:
        return "other"
    return (
        "other" if any(int(other) > year for other in _years(unit.source.title)) and not _says(unit, year) else "silent"
    )


def _says(unit: Unit, year: int) -> bool:
    return str(year) in f"{unit.source.text} {unit.source.date}"


def _of_quarter(unit: Unit, said: str, named: frozenset[str]) -> Standing:
    """What is told for other quarters or for whole years tells nothing of one quarter."""
    if _EACH_QUARTER.search(said):
        return "silent"
    return "other" if named or any(True for _ in _years(" ".join((*unit.header, unit.text)))) else "silent"


def _years(text: str) -> Iterator[str]:
    """The years a text names by themselves, not as part of a day or a month."""
    for match in _YEAR.finditer(text):
        if match["short"]:
            yield f"20{match['short']}"
        elif not _OF_A_DAY.search(text[: match.start()][-24:]):
            yield match["year"]


def _quarters(text: str) -> Iterator[str]:
    for match in _QUARTER.finditer(text):
        half = match["half"] or match["h"] or match["zhhalf"]
        told = (match["q"] or match["en"] or match["zh"] or half).lower()
        number = {"上": 1, "下": 2}.get(told) or _ORDINALS.get(told) or int(told)
        yield f"{'H' if half else 'Q'}{number}"


def _months(text: str) -> Iterator[str]:
    for match in _MONTH.finditer(text):
        if match["name"] and not match["name"][0].isupper():
            continue
        number = month_number(match["name"] or "") or _HAN_NUMBERS.get(match["zh"] or "") or int(match["number"] or 0)
        if 1 <= number <= 12:
            yield str(number)


def _things(text: str) -> Iterator[tuple[str, str]]:
    """The numbered things of a text: the stem of the noun, or one for several nouns of the same, and the number."""
    for match in _NUMBERED.finditer(text):
        noun = match["noun"].lower()
        stems = terms(noun)
        if noun in _NO_NOUN or not stems:
            continue
        for number in re.findall(_NUMBER, match["first"] + match["more"]):
            if not re.fullmatch(r"(?:19|20)\d\d", number):
                yield _NOUNS.get(stems[0], stems[0]), number
    for match in _VERSION.finditer(text):
        yield "version", match["number"]
    if has_han(text):
        for match in _HAN_NUMBERED.finditer(text):
            noun = match["noun"] or match["lettered"] or match["degreed"] or match["ofnoun"]
            number = match["first"] or match["letter"] or match["degree"] or match["nth"]
            yield _NOUNS.get(noun, noun), str(_HAN_NUMBERS.get(number, number))
