"""Which of the passages at hand contradict each other: the same said with another amount, day, or a "not". Pure.

Where the answer itself says that its sources disagree, its citations are laid side by side. Where it does not, only
sentences count that say the same in the same words but for one fact, about the same people, places and years:
documents about different things have different amounts, and that is no contradiction.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from agents import facts
from agents.citations import plain
from agents.dates import masked, moments
from agents.events import Citation
from agents.frequencies import frequencies
from agents.language import tongue_of
from agents.places import CHINESE, places
from agents.quantities import Quantity
from agents.sentences import sentences
from agents.sources import Shown
from agents.terms import numbers, terms

ALIKE = 0.75
"""Share of the words of either sentence that the other has, from which on both speak of the same."""
LEAST_WORDS = 3
SAME_PLACE = 0.5
"""Share of the words of titles and headings in common, from which on two passages may rule the same."""
MOST_STATEMENTS = 4
MOST_CONFLICTS = 3
_LONGEST = 600
_TABLE = re.compile(r"[\t|]")
_FOR_WHOM = re.compile(
    r"\b(contractor|intern|trainee|apprentice|manager|executive|director|visitor|student|supplier|customer|freelancer|"
    r"part-time|full-time|temporary|permanent|domestic|international|overseas|local|remote)s?\b|"
    r"(实习生?|外包|承包|学徒|经理|高管|主管|访客|学生|供应商|客户|兼职|全职|临时|正式|国内|国际|海外|境外|境内|远程)",
    re.IGNORECASE,
)


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
    """Whether two documents say the same of the same but for one fact."""
    if ours.document == theirs.document or not _same_matter(ours.text, theirs.text):
        return False
    one, other = facts.read(ours.text), facts.read(theirs.text)
    named = [facts.read(_undated(text)).names for text in (ours.text, theirs.text)]
    if named[0] != named[1] or not _same_place(ours, theirs, question):
        return False
    differs = [
        {moment.word() for moment in one.moments} != {moment.word() for moment in other.moments},
        bool(facts.negations(ours.text)) != bool(facts.negations(theirs.text)),
    ]
    mine, its = _unlike(one.quantities, other.quantities)
    if not mine and not its:
        return sum(differs) == 1
    if len(mine) != 1 or len(its) != 1 or any(differs):
        return False
    a, b = mine[0], its[0]
    often, its_often = ({each.yearly for each in frequencies(text)} for text in (ours.text, theirs.text))
    return a.dimension == b.dimension and a.value != b.value and a.bound == b.bound and often == its_often


def _same_matter(one: str, other: str) -> bool:
    if tongue_of(one) != tongue_of(other):
        return False
    one, other = _undated(one), _undated(other)
    ours, theirs = terms(one) - numbers(one), terms(other) - numbers(other)
    shared = len(ours & theirs)
    return shared >= LEAST_WORDS and shared >= ALIKE * max(len(ours), len(theirs))


def _undated(text: str) -> str:
    """A text without its dates: the names of months are no words of the matter."""
    return masked(text, moments(text))


def _same_place(one: Saying, other: Saying, question: str) -> bool:
    """Whether titles and headings let two passages rule the same people, places, things and years."""
    first, second = facts.read(one.place), facts.read(other.place)
    codes = [{name for name in found.names if re.search(r"\d", name)} for found in (first, second)]
    if _where(one.place) != _where(other.place) or codes[0] != codes[1]:
        return False
    if first.years and second.years and first.years != second.years:
        return False
    whom = [{match[0].lower().rstrip("s") for match in _FOR_WHOM.finditer(saying.place)} for saying in (one, other)]
    if whom[0] != whom[1]:
        return False
    ours, theirs = (terms(saying.place) - numbers(saying.place) for saying in (one, other))
    # What the question asks for and only one of them speaks of tells them apart.
    if (ours - theirs - terms(other.text)) & terms(question) or (theirs - ours - terms(one.text)) & terms(question):
        return False
    return len(ours & theirs) >= SAME_PLACE * min(len(ours), len(theirs))


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
        if LEAST_WORDS < len(text) <= _LONGEST and not _TABLE.search(text) and plain(text).strip():
            place = (source.start + start, source.start + end)
            yield Saying(source.document, source.version, source.page, *place, text, source.title, source.section)
