"""A sentence laid beside the part of its source that it follows: what was exchanged, put in or left out there. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from agents import facts, polarity
from agents.agreement import agreement
from agents.bindings import belongs
from agents.computed import accounted_for
from agents.contrasts import contrasted
from agents.facts import Token, is_chinese_name, tokens
from agents.places import FAMILIES, places
from agents.sentences import sentences

CLOSE, VERY_CLOSE = 0.6, 0.75
"""How much of a sentence stands in the source in the same order when it is taken to follow it."""
_SEGMENT = 8
_LONGEST = 600
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_CLAUSE_MARK = re.compile(r"[,，;；。.:：!?！？]")
# Exchanged for each other, these change how a thing is said, not of whom.
_GRAMMAR = frozenset("是由的为在与和及等于任担以可乘要应须需能会将被把对向从到有权位交提给之所其也都均则即已还仍用做作")
_ENDINGS = frozenset(["", "s", "es", "n", "an", "ian", "ese", "ish", "y", "any", "a", "e", "ia", "ic", "ns"])
# Written with a capital though they name nobody in particular.
COMMON_WORDS = """
    department departments policy policies company section article form table note yes no staff employee employees
    team office group manager managers director directors president chapter appendix annex paragraph page document
    documents source sources the a an in on at for if when it they you your their this that these those all each
    every please internet web day days year years total human resources however also only level class step part
    answer question i mr mrs ms dr ok pdf csv url id ids vs etc am pm english chinese summary conclusion overview
"""
COMMON = frozenset(COMMON_WORDS.split())


def changed_beside(said: str, nearest: str) -> str:
    """What was exchanged, put in or left out where a sentence otherwise follows the source, in a word."""
    ours = tokens(said)
    if not ours or len(nearest) > _LONGEST * 5:
        return ""
    parts = [nearest[span.start : span.end] for span in sentences(nearest)]
    laid = [_beside(ours, part) for part in (parts if len(parts) > 1 else [])]
    # Where one sentence of the source says most of it, what the next one says is no excuse.
    best = max(laid, key=lambda one: one.close, default=None)
    if best is None or best.close < VERY_CLOSE:
        best = _beside(ours, nearest)
    if best.close < CLOSE or best.matched < 3:
        return ""
    if best.close >= VERY_CLOSE and polarity.requirement(said, best.text):
        return "negation"
    # A "not" that only stands elsewhere in the sentence was not put in or left out.
    denial = facts.denials(said) != facts.denials(best.text)
    excused = denial and polarity.excused(said, best.text)
    for kind, i1, i2, j1, j2 in best.steps:
        if kind != "equal" and (
            reason := _exchange(said, ours, i1, i2, best.text, best.tokens, j1, j2, best.close, denial, excused)
        ):
            told = accounted_for(said, nearest) if reason == "number" else []
            if any(start <= token.start < end for token in ours[i1:i2] for start, end in told):
                continue
            return "" if reason == "name" and belongs(said, nearest) else reason
    return ""


class _Beside(NamedTuple):
    """A sentence laid beside a part of the source: how much of it stands there in the same order."""

    text: str
    tokens: list[Token]
    steps: Sequence[tuple[str, int, int, int, int]]
    matched: int
    close: float


def _beside(ours: Sequence[Token], text: str) -> _Beside:
    theirs = tokens(text)
    if max(len(ours), len(theirs)) > _LONGEST:
        return _Beside(text, theirs, [], 0, 0.0)
    matcher = SequenceMatcher(None, [one.word for one in ours], [one.word for one in theirs], autojunk=False)
    matched = sum(block.size for block in matcher.get_matching_blocks())
    return _Beside(text, theirs, matcher.get_opcodes(), matched, matched / len(ours))


def _exchange(
    said: str,
    ours: Sequence[Token],
    i1: int,
    i2: int,
    nearest: str,
    theirs: Sequence[Token],
    j1: int,
    j2: int,
    close: float,
    denial: bool,
    excused: bool,
) -> str:
    mine, its = ours[i1:i2], theirs[j1:j2]
    here, there = _text(said, mine), _text(nearest, its)
    inside = j1 > 0 and j2 < len(theirs) and i1 > 0
    if len(mine) <= _SEGMENT and len(its) <= _SEGMENT:
        no_here = _denials(said, mine)
        no_there = _denials(nearest, _same_clause(nearest, theirs, j1, j2))
        if denial and no_here != no_there and (mine or inside):
            left_out = not mine and no_there
            bare = not (mine and its) and len(mine) + len(its) <= 2
            if (not left_out or len(its) <= 4) and (bare or not excused):
                return "negation"
        if mine and its and facts.opposed(_with_next(said, mine, here), _with_next(nearest, its, there)):
            return "comparative"
        if (
            mine
            and its
            and close >= VERY_CLOSE
            and any(contrasted(one, other) for one, other in _widened(said, mine, nearest, its))
        ):
            return "name"
    if close < VERY_CLOSE or not mine or not its:
        return ""
    for reason, sign in (("number", "#"), ("date", "@")):
        a = {one.word for one in mine if one.word[0] == sign}
        b = {one.word for one in its if one.word[0] == sign}
        if a and b and not a & b and not _rounds(here, there):
            return reason
    return "name" if _renamed(said, mine, nearest, its) else ""


def _rounds(here: str, there: str) -> bool:
    quantities = facts.read(there).quantities
    return any(agreement(one, quantities) in ("same", "rounded") for one in facts.read(here).quantities)


def _text(text: str, part: Sequence[Token]) -> str:
    return text[part[0].start : part[-1].end] if part else ""


def _with_next(text: str, part: Sequence[Token], own: str) -> str:
    """A changed piece with what follows it, which decides whether 不 denies, and whether "must" is "must not"."""
    return own + text[part[-1].end : part[-1].end + 4] if part else ""


def _denials(text: str, part: Sequence[Token]) -> int:
    """How often a changed piece says no. What follows it decides whether 不 denies, but is not counted."""
    if not part:
        return 0
    behind = text[part[-1].end : part[-1].end + 10]
    return max(0, facts.negations(_text(text, part) + behind) - facts.negations(behind))


def _same_clause(text: str, tokens: Sequence[Token], first: int, last: int) -> Sequence[Token]:
    """Of the tokens from `first` to `last` those that belong to the clauses around them: a clause of its own that a
    sentence leaves out was not changed."""
    part = tokens[first:last]
    breaks = [
        i
        for i in range(first, last + 1)
        if 0 < i < len(tokens) and _CLAUSE_MARK.search(text[tokens[i - 1].end : tokens[i].start])
    ]
    if not breaks:
        return part
    before = tokens[first : breaks[0]] if first > 0 else []
    after = tokens[breaks[-1] : last] if last < len(tokens) else []
    return [*before, *after]


def _renamed(said: str, mine: Sequence[Token], nearest: str, its: Sequence[Token]) -> bool:
    here, there = _text(said, mine), _text(nearest, its)
    if _HAN.search(here) and _HAN.search(there):
        return _renamed_in_chinese(said, mine, nearest, its)
    a, b = _capitals(said, mine), _capitals(nearest, its)
    return bool(
        a and b and not any(one in b or any(inflected(one, other) for other in b) for one in a) and (a - COMMON)
    )


def _capitals(text: str, part: Sequence[Token]) -> set[str]:
    return {one.word for one in part if text[one.start].isupper() and one.word not in COMMON}


def _renamed_in_chinese(said: str, mine: Sequence[Token], nearest: str, its: Sequence[Token]) -> bool:
    if not set(_text(said, mine)) - _GRAMMAR or not set(_text(nearest, its)) - _GRAMMAR:
        return False
    for here, there in _widened(said, mine, nearest, its):
        if here == there or (places(here) and places(here) == places(there)):
            continue
        if places(here) and places(there) and places(here) != places(there):
            return True
        if len(here) == len(there) == 1 and here in FAMILIES and there in FAMILIES:
            return True
        if here[:1] == there[:1] and len(here) != len(there):
            continue  # a name that keeps its family's sign keeps its length
        if len(here) > 1 and len(there) > 1 and is_chinese_name(here) and is_chinese_name(there):
            return True
    return False


def _widened(said: str, mine: Sequence[Token], nearest: str, its: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """A changed piece, and the same with up to two characters before or behind: a diff may cut a name in the middle."""
    for before, behind in ((0, 0), (0, 1), (1, 0), (0, 2), (2, 0), (1, 1)):
        yield (
            said[max(0, mine[0].start - before) : mine[-1].end + behind],
            nearest[max(0, its[0].start - before) : its[-1].end + behind],
        )


def inflected(name: str, word: str) -> bool:
    """Whether two words differ in their ending alone: German and Germany."""
    common = 0
    for one, other in zip(name, word, strict=False):
        if one != other:
            break
        common += 1
    return common >= 4 and name[common:] in _ENDINGS and word[common:] in _ENDINGS
