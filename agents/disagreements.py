"""Which of the passages at hand contradict each other: the same said with another amount, day, or a "not". Pure.

Where the answer itself says that its sources disagree, its citations are laid side by side. Where it does not, only
sentences count that say the same in the same words but for one fact, about the same people, places and years:
documents about different things have different amounts, and that is no contradiction.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from agents import facts
from agents.agreement import agreement
from agents.citations import plain
from agents.dates import Moment, masked
from agents.doers import Doer, is_another
from agents.events import Citation
from agents.frequencies import Frequency, frequencies
from agents.language import tongue_of
from agents.matter import Matter, contrary, contrary_words, left_over, matter_of
from agents.places import CHINESE, places
from agents.quantities import Quantity
from agents.sentences import sentences
from agents.sources import Shown
from agents.terms import numbers, terms

LEAST_CHARACTERS = 4
NEARLY = Fraction(1, 20)
"""Every 30 days is nearly every month."""
SAME_PLACE = 0.5
"""Share of the words of titles and headings in common, from which on two passages may be about one thing."""
MOST_STATEMENTS = 4
MOST_CONFLICTS = 3
_LONGEST = 600
_TABLE = re.compile(r"[\t|]")
_FOR_WHOM = re.compile(
    r"\b(contractor|intern|trainee|apprentice|manager|executive|director|visitor|student|supplier|customer|freelancer|"
    r"part-time|full-time|temporary|permanent|domestic|international|overseas|local|remote(?! work))s?\b|"
    r"(实习生?|外包|承包|学徒|经理|高管|主管|访客|学生|供应商|客户|兼职|全职|临时|正式|国内|国际|海外|境外|境内|远程(?!办公|工作))",
    re.IGNORECASE,
)
# A second clause adds something, unless it is a condition.
_ADDED = re.compile(
    r"(?:[,;]? (?:and|but|while|whereas|which|so that|because)\b|[，；;,])"
    r"(?!\s?(?:if|when|unless|provided|only|except|in case|where|如|若|除|当|但|仅))",
    re.IGNORECASE,
)
_EXCEPTION = re.compile(
    r"\b(?:unless|except|only|if|when|provided|in case|during)\b|除非|除外|除了|仅|只有|如果|如|若|当|情况下|期间",
    re.IGNORECASE,
)
_DAY_OF = re.compile(
    r"\s?(?:of (?:each|every|the) month|(?:working |calendar |business )?(?:day|week|month)s?\b|"
    r"个?(?:工作日|自然日|[天日周月]))",
    re.IGNORECASE,
)
_OUTDATED = re.compile(
    r"\b(?:superseded|outdated|obsolete|archived?|repealed|draft|old version|proposal)\b|"
    r"旧版|旧|废止|作废|失效|归档|草案|草稿|征求意见稿|历史版本",
    re.IGNORECASE,
)
# What speaks of one thing: another document of the kind has another contract, product or project. Rules do not.
_OF_ONE_THING = re.compile(
    r"\b(?:contract|agreement(?! on)|lease|data ?sheet|specification|manual|user guide|minutes|report|invoice|project|"
    r"order form|quotation|offer|statement of work)\b|"
    r"合同|协议|租赁|说明书|规格书|数据手册|会议纪要|报告|项目|方案|报价|订单",
    re.IGNORECASE,
)
_RULES = re.compile(
    r"\b(?:polic(?:y|ies)|rules?|handbook|guidelines?|regulations?|procedures?|code)\b|"
    r"制度|办法|规定|政策|守则|员工手册|指南|规范|细则|流程|准则|须知",
    re.IGNORECASE,
)
_DEICTIC = re.compile(
    r"\b(?:this|the) (?:contract|device|product|project|building|agreement|battery|machine|system|software)\b|"
    r"[本该](?:产品|设备|合同|项目|协议|系统)|合同期限|保修期",
    re.IGNORECASE,
)
_OF_NO_THING = frozenset(("~limit", "~long", "~notice", "~end", "~begin", "deadlin", "price", "budget", "fee", "cost"))
"""Words that say nothing of what a rule is about where they stand alone."""

_ENGLISH_PLACE = re.compile(
    rf"\b(?:{'|'.join(sorted(map(re.escape, set(CHINESE.values())), key=len, reverse=True))})\b"
)


class Saying(NamedTuple):
    """What a document says at one place. `number` is its mark in the answer, 0 where the answer does not cite it."""

    document: int
    version: int
    page: int | None
    start: int
    end: int
    text: str
    title: str
    section: str
    number: int = 0

    @property
    def place(self) -> str:
        return f"{self.title} {self.section}"


def disagreements(
    question: str, citations: Sequence[Citation], shown: Iterable[Shown], *, said: bool
) -> list[tuple[Saying, ...]]:
    """Groups of two and more sayings of different documents that contradict each other, first the cited one.

    Args:
        shown: the passages that the answer was made from.
        said: the answer itself says that its sources disagree.
    """
    cited = [_cited(one) for one in citations]
    found: list[tuple[Saying, ...]] = []
    told: set[tuple[int, int]] = set()
    others = [saying for one in shown for saying in _sayings(one)]
    for ours in cited:
        if (ours.version, ours.start) in told:
            continue
        group = {ours.document: ours}
        for theirs in (*cited, *others):
            if theirs.document not in group and len(group) < MOST_STATEMENTS and contradict(ours, theirs, question):
                group[theirs.document] = theirs
        if len(group) > 1:
            told |= {(one.version, one.start) for one in group.values()}
            found.append(tuple(group.values()))
    if not found and said:
        found = _side_by_side(cited)
    return found[:MOST_CONFLICTS]


def contradict(ours: Saying, theirs: Saying, question: str = "") -> bool:
    """Whether two documents say the same of the same but for one thing that they set: an amount, a period, a day, a
    limit, somebody in charge, or yes and no."""
    return (
        ours.document != theirs.document
        and any(_differ_in_one(one, other) for one in _statements(ours.text) for other in _statements(theirs.text))
        and _may_rule_the_same(ours, theirs, question)
    )


def _statements(text: str) -> list[str]:
    """A sentence, and it without what a later clause adds, unless that is a condition."""
    found = [text]
    if (cut := _ADDED.search(text)) and len(text[: cut.start()]) >= LEAST_CHARACTERS:
        found.append(text[: cut.start()])
    return found


def _differ_in_one(one: str, other: str) -> bool:
    first, second = matter_of(one), matter_of(other)
    left = left_over(first, second)
    alike = left == ([], [])
    if first.numbered != second.numbered or first.tense != second.tense or _exceptions(one) != _exceptions(other):
        return False
    if _says_too_little(first) or _says_too_little(second) or not (alike or contrary_words(*left)):
        return False
    differences = [not alike, contrary(first.stance, second.stance), *_differences(one, other, first, second)]
    return None not in differences and sum(map(bool, differences)) == 1


def _says_too_little(matter: Matter) -> bool:
    words = {unit.word for unit in matter.units}
    return len(words - _OF_NO_THING) < 1


def _differences(one: str, other: str, first: Matter, second: Matter) -> Iterator[bool | None]:
    """For doers, amounts, limits, periods and days whether they differ; None where they do so beyond comparing."""
    yield _doers_differ(first.doer, second.doer)
    ours, theirs = facts.read(one), facts.read(other)
    named, its_named = _named(one, first.doer), _named(other, second.doer)
    same_tongue = tongue_of(one) == tongue_of(other)
    if named != its_named and (same_tongue or _codes(named) != _codes(its_named)):
        yield None
    often, its_often = frequencies(one), frequencies(other)
    yield _otherwise_often(often, its_often)
    inside = [[(each.start, each.end) for each in found] for found in (often, its_often)]
    yield _amounts_differ(_amounts(one, ours.quantities, inside[0]), _amounts(other, theirs.quantities, inside[1]))
    yield _days_differ(ours.moments, theirs.moments, first.first, second.first)


def _named(text: str, doer: Doer | None) -> set[str]:
    """The names in a text, without those of months and of whom it names for a task."""
    names = facts.read(masked(text, facts.read(text).moments)).names
    return {name for name in names if doer is None or name not in doer.who}


def _doers_differ(one: Doer | None, other: Doer | None) -> bool | None:
    if one is None or other is None:
        return None if (one is None) != (other is None) else False
    return is_another(one, other)


def _otherwise_often(ours: Sequence[Frequency], theirs: Sequence[Frequency]) -> bool | None:
    if not ours or not theirs:
        return None if ours or theirs else False
    pairs = zip(sorted(one.yearly for one in ours), sorted(one.yearly for one in theirs), strict=False)
    unlike = [abs(a - b) > NEARLY * max(a, b) for a, b in pairs]
    return None if len(ours) != len(theirs) or sum(unlike) > 1 else any(unlike)


def _amounts(text: str, quantities: Sequence[Quantity], often: Sequence[tuple[int, int]]) -> list[Quantity]:
    """The amounts that are no part of how often something happens; "the third day" counts days."""
    found = [
        one
        for one in quantities
        if not one.soft and not any(start < one.end and one.start < end for start, end in often)
    ]
    return [
        one._replace(dimension="day of") if one.dimension == "ordinal" and _DAY_OF.match(text, one.end) else one
        for one in found
    ]


def _amounts_differ(ours: Sequence[Quantity], theirs: Sequence[Quantity]) -> bool | None:
    mine = [one for one in ours if not _agrees(one, theirs)]
    its = [one for one in theirs if not _agrees(one, ours)]
    if not mine and not its:
        return any(
            {one.bound, other.bound} == {"min", "max"} and one.value == other.value for one in ours for other in theirs
        )
    if len(mine) != 1 or len(its) != 1:
        return None
    a, b = mine[0], its[0]
    if a.dimension != b.dimension or a.per != b.per or a.dimension == "ordinal":
        return None
    if {a.bound, b.bound} == {"min", "max"}:
        low, high = (a, b) if a.bound == "min" else (b, a)
        return low.value > high.value or None
    return True


def _agrees(one: Quantity, there: Sequence[Quantity]) -> bool:
    return agreement(one, there) in ("same", "rounded", "bound")


def _days_differ(ours: Sequence[Moment], theirs: Sequence[Moment], first: int, second: int) -> bool | None:
    words = {one.word() for one in theirs}, {one.word() for one in ours}
    mine = [one for one in ours if one.word() not in words[0]]
    its = [one for one in theirs if one.word() not in words[1]]
    if not mine and not its:
        return False
    # "On Mondays it is closed" and "on Fridays it is closed" are both true: the day comes before what is ruled.
    if len(mine) != 1 or len(its) != 1 or mine[0].start < first or its[0].start < second:
        return None
    unlike = [a != b for a, b in zip(mine[0][:5], its[0][:5], strict=True)]
    if unlike[0] and not any(unlike[1:]):
        return None  # the same in another year
    return True


def _exceptions(text: str) -> set[str]:
    return {match[0].lower() for match in _EXCEPTION.finditer(text)}


def _codes(names: Iterable[str]) -> set[str]:
    return {name for name in names if re.search(r"\d", name)}


def _may_rule_the_same(one: Saying, other: Saying, question: str) -> bool:
    """Whether titles and headings let two passages rule the same people, places, things and years."""
    first, second = facts.read(one.place), facts.read(other.place)
    if _where(one.place) != _where(other.place) or _codes(first.names) != _codes(second.names):
        return False
    if first.years != second.years or bool(_OUTDATED.search(one.place)) != bool(_OUTDATED.search(other.place)):
        return False
    if _whom(one.place) - _whom(other.text) != _whom(other.place) - _whom(one.text):
        return False
    ours, theirs = (terms(saying.place) - numbers(saying.place) for saying in (one, other))
    # What the question asks for and only one of them speaks of tells them apart.
    if (ours - theirs - terms(other.text)) & terms(question) or (theirs - ours - terms(one.text)) & terms(question):
        return False
    if not any(_is_of_one_thing(saying) for saying in (one, other)):
        return True
    if first.names != second.names:
        return False
    return len(ours & theirs) >= SAME_PLACE * min(len(ours), len(theirs))


def _whom(text: str) -> set[str]:
    """For whom a rule is, as far as it says: in a title it tells nothing new where the other rule names them too."""
    return {match[0].lower().rstrip("s") for match in _FOR_WHOM.finditer(text)}


def _is_of_one_thing(saying: Saying) -> bool:
    of_one = _OF_ONE_THING.search(saying.place) and not _RULES.search(saying.place)
    return bool(of_one or _DEICTIC.search(saying.text))


def _where(text: str) -> set[str]:
    return places(text) | set(_ENGLISH_PLACE.findall(text.lower()))


def _unlike(ours: Sequence[Quantity], theirs: Sequence[Quantity]) -> tuple[list[Quantity], list[Quantity]]:
    """The quantities of either that the other does not have."""
    mine = [(one.value, one.dimension) for one in ours if not one.soft]
    its = [(one.value, one.dimension) for one in theirs if not one.soft]
    return (
        [one for one in ours if not one.soft and (one.value, one.dimension) not in its],
        [one for one in theirs if not one.soft and (one.value, one.dimension) not in mine],
    )


def _side_by_side(cited: Sequence[Saying]) -> list[tuple[Saying, ...]]:
    """Of each cited document the quote that comes closest to what another one says."""
    best: dict[int, tuple[float, Saying]] = {}
    for ours in cited:
        near = max((_nearness(ours, other) for other in cited if other.document != ours.document), default=-1.0)
        if near >= 0 and (ours.document not in best or near > best[ours.document][0]):
            best[ours.document] = near, ours
    ranked = sorted(best.values(), key=lambda one: -one[0])[:MOST_STATEMENTS]
    group = tuple(sorted((saying for _near, saying in ranked), key=lambda one: one.number))
    return [group] if len(group) > 1 else []


def _nearness(ours: Saying, theirs: Saying) -> float:
    """How far two quotes speak of the same: amounts of one kind first, then words."""
    one, other = facts.read(ours.text), facts.read(theirs.text)
    mine, its = _unlike(one.quantities, other.quantities)
    kinds = {a.dimension for a in mine} & {b.dimension for b in its}
    words = terms(ours.text) - numbers(ours.text)
    return bool(kinds) + len(words & terms(theirs.text)) / (len(words) or 1)


def _cited(one: Citation) -> Saying:
    return Saying(
        one.document, one.version, one.page, one.start, one.end, one.quote, one.title, one.section, one.number
    )


def _sayings(shown: Shown) -> Iterator[Saying]:
    """The sentences of a passage, but not the rows of its tables."""
    source = shown.source
    for start, end in sentences(shown.text, clauses=False):
        text = shown.text[start:end]
        if LEAST_CHARACTERS <= len(text) <= _LONGEST and not _TABLE.search(text) and plain(text).strip():
            place = (source.start + start, source.start + end)
            yield Saying(source.document, source.version, source.page, *place, text, source.title, source.section)
