"""What a source tells apart in parallel clauses, and whether a sentence crosses it: who, which, when. Pure.

"Gold members earn 2 points, silver members 1.5": what a clause alone has is bound to its value. A sentence that has one
clause's value with what only the other clause says has them crossed. So do "from 11 to 13" said as "11, after 13", and
two parties that change places around a verb.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import combinations
from typing import NamedTuple

from agents import facts
from agents.agreement import agreement, same_dimension
from agents.doers import HAN_DOES
from agents.matter import matter_of
from agents.places import FAMILIES
from agents.quantities import Quantity
from agents.terms import STOP_WORDS, stem

_CLAUSE = re.compile(
    r"(?<!\d)[,，](?!\d)|,\s|[;；!?！？()（）\n]|:\s|"
    r"\b(?:but|while|whereas|and(?! (?:a|one) half)|compared with|against|after)\b|、(?=[^、]{6,})",
    re.IGNORECASE,
)
_STOP = r"(?<=[.!?])(?<!\bDr\.)(?<!\bMr\.)(?<!\bMs\.)(?<!\bMrs\.)(?<!\bNo\.)\s"
_SENTENCE = re.compile(rf"{_STOP}|[。！？\n]")
_SEGMENT = re.compile(rf"{_STOP}|[。！？；;\n]|\band (?=[A-Z])")
_HAN_SEGMENT = re.compile(r"[。！？；;\n，,]")
_REST = re.compile(r"\b(?:the rest|the others?|the remainder)\b|其余|剩余|余下", re.IGNORECASE)
_THAN = re.compile(r"\bthan\b|比", re.IGNORECASE)
_TALK = re.compile(r"\b(?:I|you|we)\b|[我你咱]")
_HAN_NAME = re.compile(
    rf"(?:(?<=[由向请经和与：])|^|(?<=经理|主管|总监|主任|部长))(?:[{''.join(sorted(FAMILIES))}阿小老][\u4e00-\u9fff]{{1,2}}?)"
    rf"(?=每|将|会|来|从|[，。；：]|{HAN_DOES})"
)
_WORD = re.compile(r"[A-Za-z][\w'’-]*|[\u3400-\u4dbf\u4e00-\u9fff]+|\d+")
_EMPTY = re.compile(r"[零一二三四五六七八九十百千万亿为是的有在和与及]|^\d")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_PRONOUN = re.compile(
    r"\b(?:he|she|it|they|his|her|their|its|this|that|which|who|ones?|both|i|we|you)\b|[他她它其该此我你]",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w-]+|\b[A-Z][\w-]+ [A-Z][\w-]+|^[A-Z][\w-]+(?= (?:[a-z]+s|is|was|will|has)\b)")
LONGEST = 1_500
PARALLEL, CLOSELY = 0.3, 0.5
"""How much of the shorter of two clauses stands in the other one in the same order, when they are parallel."""


class _Clause(NamedTuple):
    """A clause, and the words of those before it in its sentence, whose subject it may go on with."""

    text: str
    words: frozenset[str]
    quantities: tuple[Quantity, ...]
    sentence: int
    before: frozenset[str]


_Pair = tuple[frozenset[str], frozenset[str]]


def crossed(said: str, source: str) -> bool:
    """Whether a sentence has the value of one clause of its source with what only a parallel clause says."""
    if max(len(source), len(said)) > LONGEST:
        return False
    ours, theirs = list(_clauses(said)), list(_clauses(source))
    return (
        any(_value_crossed(one, theirs) for one in ours)
        or _names_crossed(said, source)
        or _pairs_crossed(ours, theirs)
        or _before_and_now(said, source)
        or _wrongly_compared(said, theirs)
    )


def _clauses(text: str) -> Iterator[_Clause]:
    for number, sentence in enumerate(_SENTENCE.split(text)):
        before: frozenset[str] = frozenset()
        for part in _CLAUSE.split(sentence or ""):
            if part and part.strip():
                found = tuple(one for one in facts.read(part).quantities if one.counts)
                clause = _Clause(part, frozenset(_words(part)), found, number, before)
                before |= clause.words
                yield clause


def _words(text: str) -> Iterator[str]:
    for match in _WORD.finditer(text):
        word = match[0].lower()
        if _HAN.match(word):
            yield from (word[i : i + 2] for i in range(len(word) - 1))
        elif word not in STOP_WORDS:
            yield stem(word)


def _value_crossed(ours: _Clause, theirs: Sequence[_Clause]) -> bool:
    if _PRONOUN.search(ours.text) or _THAN.search(ours.text):
        return False
    for one in ours.quantities:
        holding = [clause for clause in theirs if agreement(one, clause.quantities) != "missing"]
        several = sum(_kind(each) == _kind(one) for each in ours.quantities) > 1
        if several or len(holding) != 1 or agreement(one, holding[0].quantities) != "same":
            continue
        (holder,) = holding
        if _of_another_year(ours, holder, theirs):
            return True
        for rival in theirs:
            if rival is holder or not (_REST.search(rival.text) or _has_kind(one, rival)):
                continue
            # What is put in may be of a subject that the holder goes on with; what is exchanged has its own there.
            known = holder.words | holder.before, holder.words | (holder.before - rival.words)
            outer = holder.before - rival.before if rival.sentence != holder.sentence else frozenset()
            goes_on = rival.sentence == holder.sentence and rival.words <= holder.before
            least = CLOSELY if goes_on else PARALLEL
            for own, rivals in _contrasts(holder.text, rival.text, inserted=True, least=least):
                if ours.words & (rivals - known[bool(own)]) and not ours.words & (own | outer):
                    return True
    return False


def _has_kind(one: Quantity, clause: _Clause) -> bool:
    return any(_kind(each) == _kind(one) or not each.dimension for each in clause.quantities)


def _kind(one: Quantity) -> str:
    return "span" if one.dimension in ("time", "month", "workday", "night", "quarter") else one.dimension


def _of_another_year(ours: _Clause, holder: _Clause, theirs: Sequence[_Clause]) -> bool:
    """Whether a value is said of a year while its clause names another one."""
    years, its = (set(re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", clause.text)) for clause in (ours, holder))
    known = {year for clause in theirs for year in re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", clause.text)}
    return bool(years and its and not years & its and years <= known)


def _names_crossed(said: str, source: str) -> bool:
    """Whether somebody is said to do what a sentence of the source has another do, whom it names instead."""
    if _TALK.search(source):
        return False
    pattern = _HAN_SEGMENT if _HAN.search(said) else _SEGMENT
    parts = [part for part in pattern.split(source) if part and part.strip()]
    for ours in pattern.split(said):
        names = _names(ours)
        words = frozenset(_words(ours)) - frozenset(_words(" ".join(names)))
        for name in names:
            holders = [part for part in parts if name in part]
            if not holders or _PRONOUN.search(ours):
                continue
            has = frozenset().union(*(frozenset(_words(part)) for part in holders))
            for rival in parts:
                others = _names(rival)
                if rival in holders or not others or any(each in ours for each in others):
                    continue
                telling = frozenset(_words(rival)) - has
                if len(words & telling) >= 2 and not words & (has - frozenset(_words(rival))):
                    return True
    return False


def _names(text: str) -> set[str]:
    return set(_NAME.findall(text)) | set(_HAN_NAME.findall(text))


def _pairs_crossed(ours: Sequence[_Clause], theirs: Sequence[_Clause]) -> bool:
    """Whether each clause of a sentence joins a word of one clause with another of its parallel."""
    if len(ours) > 2:
        return False
    return bool(ours) and all(_pair_crossed(one, theirs) for one in ours)


def _pair_crossed(ours: _Clause, theirs: Sequence[_Clause]) -> bool:
    if ours.quantities or any(ours.words <= clause.words for clause in theirs):
        return False
    for one, other in combinations(theirs, 2):
        if _PRONOUN.search(one.text) or _PRONOUN.search(other.text):
            continue
        pairs = list(_contrasts(one.text, other.text, least=CLOSELY))
        of_one = [own & ours.words for own, its in pairs if _has_rather(ours.words, own, its)]
        of_other = [its & ours.words for own, its in pairs if _has_rather(ours.words, its, own)]
        mine, its = frozenset().union(*of_one), frozenset().union(*of_other)
        thirds = [clause.words for clause in theirs if clause is not one and clause is not other]
        if mine and its and not any(mine & words and its & words for words in thirds):
            return True
    return False


def _has_rather(words: frozenset[str], own: frozenset[str], its: frozenset[str]) -> bool:
    """Whether a clause has one side of a pair: all of it and not all of the other one, or some of it alone."""
    return bool(words & own) and (own <= words or not words & its) and not its <= words


def _contrasts(one: str, other: str, *, inserted: bool = False, least: float = PARALLEL) -> Iterator[_Pair]:
    """What stands in one clause where a parallel one has something else, or nothing: words of either, not amounts."""
    ours, theirs = facts.tokens(one), facts.tokens(other)
    shape = [[token.word if token.word[0] not in "#@" else token.word[0] for token in each] for each in (ours, theirs)]
    matcher = SequenceMatcher(None, shape[0], shape[1], autojunk=False)
    share = sum(block.size for block in matcher.get_matching_blocks()) / max(1, min(len(ours), len(theirs)))
    if share < least:
        return
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind == "insert" and inserted and share >= CLOSELY and j2 - j1 <= 4:
            yield frozenset(), _around(other, theirs[j1:j2])
        elif kind == "replace" and i2 - i1 <= 6 and j2 - j1 <= 6:
            own, others = _around(one, ours[i1:i2]), _around(other, theirs[j1:j2])
            if own - others and others - own:
                yield own - others, others - own


def _around(text: str, part: Sequence[facts.Token]) -> frozenset[str]:
    """The words of a piece; a character before and behind makes pairs of Chinese ones."""
    words = _words(text[max(0, part[0].start - 1) : part[-1].end + 1])
    return frozenset(word for word in words if not _EMPTY.search(word))


_MORE = re.compile(
    r"^(?P<a>(?:[A-Z]|the )[\w' -]{2,40}?) (?:is|are|was|were|has|have|had)\b[^,;]{0,40}?\b"
    r"(?P<more>higher|more|larger|longer|greater|lower|less|fewer|smaller|shorter)\b(?: [a-z]+)? than "
    r"(?P<b>[^,;]{2,40}?)[.。]?$|"
    r"^(?P<za>[\u4e00-\u9fff]{2,16}?)(?P<zmore>高于|多于|大于|超过|长于|低于|少于|小于|短于)(?P<zb>[\u4e00-\u9fff]{2,16})[.。]?$",
    re.IGNORECASE,
)
_LESS = ("lower", "less", "fewer", "smaller", "shorter", "低于", "少于", "小于", "短于")


def _wrongly_compared(said: str, theirs: Sequence[_Clause]) -> bool:
    """Whether of two things whose amounts the source gives the smaller one is said to be more."""
    match = _MORE.match(said.strip())
    if not match:
        return False
    things = [frozenset(_words(match[name] or match[f"z{name}"] or "")) for name in ("a", "b")]
    amounts = [_amounts_of(things[0] - things[1], theirs), _amounts_of(things[1] - things[0], theirs)]
    less = (match["more"] or match["zmore"]).lower() in _LESS
    pairs = [(a.value, b.value) for a in amounts[0] for b in amounts[1] if a.dimension == b.dimension]
    return bool(pairs) and all(a != b and (a < b) is not less for a, b in pairs)


def _amounts_of(words: frozenset[str], theirs: Sequence[_Clause]) -> list[Quantity]:
    """The amounts of the clauses that have the words by which a thing is told apart."""
    holding = [clause for clause in theirs if words and words & clause.words and len(clause.quantities) == 1]
    return [clause.quantities[0] for clause in holding]


_THEN = re.compile(
    r"\b(?:prior|previous|last|preceding) (?:year|quarter|month|period)|\bcompared (?:with|to)\b|\b(?:up|down) from\b|"
    r"\b(?:a|the) year (?:earlier|before)\b|上年|去年|上期|上季度|年初|此前|原(?:来|先)?为",
    re.IGNORECASE,
)
_FROM_TO = (
    re.compile(r"\bfrom ([^,;]{1,40}?) to ([^,;]{1,40})", re.IGNORECASE),
    re.compile(
        r"[由从]([^，。；]{1,20}?)(?:上升|下降|增加|增长|减少|提高|降低|缩短|延长|调整|变更|改|升|降|增|减)[到至为]"
        r"([^，。；]{1,20})"
    ),
)


def _before_and_now(said: str, source: str) -> bool:
    """Whether the amount of today is given for that of before, and the other way."""
    ours, theirs = list(_changes(said)), list(_changes(source))
    return _old_for_new(said, source) or any(
        agreement(now, [their_then]) == "same" and agreement(then, [their_now]) == "same"
        for now, then in ours
        for their_now, their_then in theirs
        if now.value != then.value
    )


_NEW = re.compile(r"\b(?:new|now|currently)\b|新|现任|现在|目前|改由", re.IGNORECASE)


def _old_for_new(said: str, source: str) -> bool:
    """Whether what was replaced is said to be the new one."""
    return bool(_NEW.search(said)) and any(
        match[1].strip() in said and match[2].strip() not in said
        for pattern in _FROM_TO
        for match in pattern.finditer(source)
        if not facts.read(match[1]).quantities
    )


def _changes(text: str) -> Iterator[tuple[Quantity, Quantity]]:
    """Pairs of an amount and what it was before."""
    for pattern in _FROM_TO:
        for match in pattern.finditer(text):
            first, last = facts.read(match[1]).quantities, facts.read(match[2]).quantities
            if first and last:
                yield last[0], first[-1]
    for match in _THEN.finditer(text):
        before = facts.read(text[max(0, match.start() - 60) : match.start()]).quantities
        after = facts.read(text[match.end() : match.end() + 40]).quantities
        counted = [one for one in before if one.counts]
        following = [one for one in after if one.counts]
        if counted and following and same_dimension(counted[-1].dimension, following[0].dimension):
            yield counted[-1], following[0]
        elif len(counted) > 1 and counted[-1].dimension == counted[-2].dimension and not following:
            yield counted[-2], counted[-1]


_TO = re.compile(r"\b(?:to|from) (?:(?:the|an?|each|both|all) ([A-Za-z][\w'’-]*)|([A-Z][\w'’-]*))")
_TOLD = re.compile(r"\b(?:notif|inform|tell|pay)\w* (?:the |an? )?([A-Za-z][\w'’-]*)")
_SUBJECT = re.compile(r"^\W*(?:(?i:the|an?|each|every|both|all) )?([A-Za-z][\w'’-]*(?: [A-Z][\w'’-]*)?)")
_PASSIVE = re.compile(r"\b(?:is|are|was|were|be|been) \w+(?:ed|en|n|t|d)\b", re.IGNORECASE)
_TOWARDS = re.compile(
    r"(?:[向给]|须对|应对)([\u4e00-\u9fff]{2,8}?)(?=每|支付|报|提|交|发|承|通知|出具|转|缴|归还|退|赔|$)"
)


def turned_round(said: str, source: str) -> bool:
    """Whether two parties of a sentence have changed places around its verb."""
    parts = [part for part in _SENTENCE.split(source) if part]
    if _HAN.search(said):
        return any(_towards_the_other(said, part) for part in parts)
    ours = _roles(said)
    if ours is None or not ours.other or _PASSIVE.search(said):
        return False
    theirs = [found for part in parts if not _PASSIVE.search(part) and (found := _roles(part))]
    return any(one.doer == ours.other and one.does == ours.does for one in theirs) and not any(
        one.doer == ours.doer and one.does == ours.does for one in theirs
    )


def _towards_the_other(said: str, source: str) -> bool:
    """Whether 向甲方支付 is said by 乙方 where the source has 向乙方支付 by 甲方."""
    mine, its = _TOWARDS.search(said), _TOWARDS.search(source)
    return bool(
        mine
        and its
        and mine[1] not in its[1]
        and its[1] not in mine[1]
        and mine[1] in source[: its.start()]
        and its[1] in said[: mine.start()]
    )


class _Roles(NamedTuple):
    """Who does what, and to or from whom ("" where that is not said), as one word each."""

    doer: str
    does: str
    other: str


def _roles(text: str) -> _Roles | None:
    subject = _SUBJECT.search(text)
    if not subject:
        return None
    rest = text[subject.end() :]
    units = matter_of(rest).units
    found = _TO.search(rest) or _TOLD.search(rest)
    other = next(filter(None, found.groups()), "") if found else ""
    return _Roles(stem(subject[1].split()[-1].lower()), units[0].word, stem(other.lower())) if units else None
