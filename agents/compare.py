"""Whether a source says what a sentence says: its facts first, then its words; within and across languages. Pure.

Two looks are taken. One asks whether every number, date, name and limit of the sentence is in the source at all. The
other lays the sentence beside the part of the source that it follows most closely, and asks what was changed there: a
number that stands elsewhere in the source is no excuse for one that was exchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from agents import facts, polarity
from agents.agreement import agreement, is_scaled, scales
from agents.bindings import belongs, exchanged, wrong_owner, wrong_row
from agents.citations import align
from agents.contrasts import contrasted, contrasted_owners
from agents.dates import stated
from agents.events import Support
from agents.facts import Facts, Token, is_chinese_name, tokens
from agents.frequencies import otherwise_often
from agents.language import tongue_of
from agents.places import CHINESE, FAMILIES, places
from agents.sentences import sentences
from agents.terms import terms
from llm.chinese import simplified

ENOUGH, LITTLE = 0.5, 0.25
SAME = 0.9
CLOSE, VERY_CLOSE = 0.6, 0.75
"""How much of a sentence stands in the source in the same order when it is taken to follow it."""
_SEGMENT = 8
_LONGEST = 600
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_CLAUSE_MARK = re.compile(r"[,，;；。.:：!?！？]")
_CLAUSE = re.compile(r"[,，;；。]|\b(?:but|and|while|whereas)\b|但是?|而且?|并且")
_CAPITALISED = re.compile(r"(?:\b[A-Z][a-z]+(?: (?:and|of|for|the))?[ ]){1,6}[A-Z][a-z]+\b")
# Exchanged for each other, these change how a thing is said, not of whom.
_GRAMMAR = frozenset("是由的为在与和及等于任担以可乘要应须需能会将被把对向从到有权位交提给之所其也都均则即已还仍用做作")
_ENDINGS = frozenset(["", "s", "es", "n", "an", "ian", "ese", "ish", "y", "any", "a", "e", "ia", "ic", "ns"])
# Written with a capital though they name nobody in particular.
_COMMON_WORDS = """
    department departments policy policies company section article form table note yes no staff employee employees
    team office group manager managers director directors president chapter appendix annex paragraph page document
    documents source sources the a an in on at for if when it they you your their this that these those all each
    every please internet web day days year years total human resources however also only level class step part
    answer question i mr mrs ms dr ok pdf csv url id ids vs etc am pm english chinese summary conclusion overview
"""
_COMMON = frozenset(_COMMON_WORDS.split())


def compare(said: str, source: str, around: str = "") -> tuple[Support, str]:
    """Whether `source` says what is said, and in a word what is missing or differs.

    `around` holds what may be said besides: titles, sections, computed results.
    """
    said, source, around = simplified(said), simplified(source), simplified(around)
    if any(literally_in(one, source) for one in (said, *_turned(said))):
        return "supported", ""
    if _done_by_another(said, source):
        return "unsupported", "name"
    whole = f"{source}\n{around}"
    ours, theirs = facts.read(said), facts.read(whole)
    if missing := _missing_number(ours, theirs, whole) or _missing_moment(ours, theirs):
        return missing
    abroad = tongue_of(said) != tongue_of(source)
    nearest = _nearest(said, source, abroad)
    share = 1.0 if abroad else _share(said, whole)
    if changed := _changed(said, nearest) if not abroad else "":
        return "unsupported", changed
    if reason := wrong_row(said, ours, source):
        return "unsupported", reason
    if not abroad and (reason := exchanged(said, nearest) or wrong_owner(said, source)):
        return "unsupported", reason
    if missing := _missing_name(said, ours, whole, theirs, abroad, share):
        return missing
    if nearest and share >= ENOUGH:
        if facts.opposed(said, nearest):
            return "unsupported", "comparative"
        if _denied(said, nearest, source, abroad):
            return "unsupported", "negation"
        if not abroad and (polarity.denied(said, nearest) or polarity.denies_prefix(said, source)):
            return "unsupported", "negation"
        if contrasted_owners(said, nearest):
            return "unsupported", "name"
        same_tone = facts.negations(said) == facts.negations(nearest)
        if (
            not abroad
            and same_tone
            and _share(said, nearest) >= CLOSE
            and _otherwise_bounded(ours, facts.read(nearest))
        ):
            return "unsupported", "comparative"
    if not abroad and polarity.permitted(said, source):
        return "unsupported", "negation"
    if facts.runs_backwards(said):
        return "unsupported", "comparative"
    if nearest and otherwise_often(said, nearest, whole):
        return "unsupported", "unit"
    if abroad:
        # Words do not compare between languages; numbers, dates and codes do.
        return ("supported", "") if ours.anchors & theirs.anchors else ("weak", "terms")
    if share >= ENOUGH:
        return "supported", ""
    # Other words for the same numbers, days and codes may well say the same.
    return ("weak" if share >= LITTLE or ours.anchors & theirs.anchors else "unsupported"), "terms"


def changed(said: str, passage: str) -> str:
    """What a sentence changes of the passage that it follows clause by clause, in a word."""
    said, passage = simplified(said), simplified(passage)
    if literally_in(said, passage):
        return ""
    if reason := wrong_row(said, facts.read(said), passage):
        return reason
    if tongue_of(said) != tongue_of(passage):
        return ""
    if polarity.denies_prefix(said, passage):
        return "negation"
    for span in sentences(said):
        clause = said[span.start : span.end]
        if not literally_in(clause, passage) and (reason := _changed(clause, _nearest(clause, passage, abroad=False))):
            return reason
    return wrong_owner(said, passage)


def figures_stand(said: str, source: str) -> bool:
    """Whether a source has every quantity and date that is said."""
    ours, theirs = facts.read(simplified(said)), facts.read(simplified(source))
    return not _missing_number(ours, theirs, source) and not _missing_moment(ours, theirs)


_DOES = "负责|审批|批准|管理|主持|审核|签发|签署|保管|处理|提供|承担"
_WHO, _WHAT = "[\u4e00-\u9fff]{2,8}", "[\u4e00-\u9fffA-Za-z0-9]{2,30}"
_ACTIVE = re.compile(rf"(?P<who>{_WHO}?)(?P<does>{_DOES})(?P<what>{_WHAT})[。.]?")
_PASSIVE = re.compile(rf"(?P<what>{_WHAT}?)由(?P<who>{_WHO})(?P<does>{_DOES})[。.]?")


def _turned(said: str) -> list[str]:
    """The same in the other voice: 施蕾负责常州中心 is 常州中心由施蕾负责, and the other way."""
    if passive := _PASSIVE.fullmatch(said):
        return [f"{passive['who']}{passive['does']}{passive['what']}"]
    active = _ACTIVE.fullmatch(said)
    return [f"{active['what']}由{active['who']}{active['does']}"] if active else []


def _done_by_another(said: str, source: str) -> bool:
    """Whether the very thing that somebody is said to do is done by another, in either voice."""
    told = _PASSIVE.fullmatch(said) or _ACTIVE.fullmatch(said)
    if not told:
        return False
    does, what = told["does"], re.escape(told["what"])
    voices = rf"{what}由({_WHO}?){does}|(?<![\w])({_WHO}?){does}{what}(?!\w)"
    doers = {next(filter(None, found)) for found in re.findall(voices, "".join(source.split()))}
    return bool(doers) and not any(told["who"] in doer or doer in told["who"] for doer in doers)


def literally_in(said: str, source: str) -> bool:
    """Whether `said` stands in `source` from the beginning of a clause on; white space differs between extractions."""
    words = "".join(said.split()).rstrip(".。;；!！")
    found = re.search(rf"(?<!\w){re.escape(words)}(?!\d)", "".join(source.split()))
    return found is not None and len(words) > 1


# "Up to 400 without approval; anything above needs it": both sides of one limit are spoken of.
_BEYOND = re.compile(
    r"\b(?:anything|everything|all|amounts?|those|beyond) (?:above|over|below|more|less)\b|\botherwise\b|"
    r"超出|超过的|其余|否则",
    re.IGNORECASE,
)


def _missing_number(ours: Facts, theirs: Facts, source: str) -> tuple[Support, str] | None:
    days = {one.day for one in theirs.moments}
    for one in ours.quantities:
        if one.soft or (not one.dimension and one.written in theirs.years and one.written >= 1800):
            continue
        if one.dimension == "ordinal" and one.written in days:
            continue
        match agreement(one, theirs.quantities):
            case "missing":
                if is_scaled(one, theirs.quantities, scales(source)):
                    continue
                return "unsupported", "number"
            case "unit":
                return "unsupported", "unit"
            case "bound" if not _BEYOND.search(source):
                return "unsupported", "comparative"
    return None


def _missing_moment(ours: Facts, theirs: Facts) -> tuple[Support, str] | None:
    bare = {one.written for one in theirs.quantities}
    for one in ours.moments:
        if stated(one, theirs.moments, theirs.years):
            continue
        if one.day and not one.month and one.day in bare:
            continue
        return "unsupported", "date"
    return None


def _missing_name(
    said: str, ours: Facts, whole: str, theirs: Facts, abroad: bool, share: float
) -> tuple[Support, str] | None:
    words = set(re.findall(r"[a-z0-9][\w-]*", whole.lower()))
    folded = whole.lower()
    missing = {
        name
        for name in ours.names - theirs.names
        if name not in folded and name not in _COMMON and not any(_inflected(name, word) for word in words)
    }
    missing -= _spelt_out(said, words) | {name for name in missing if _is_short_for(name, whole)}
    if abroad:
        missing = {name for name in missing if not _HAN.search(name)}
    if not missing:
        return None
    if abroad and tongue_of(said) == "en":
        # A Chinese source writes names in characters; only those that are known in both languages compare.
        known = {name for name in missing if name in _ENGLISH_PLACES or re.search(r"\d", name)}
        return ("unsupported", "name") if known else None
    return "unsupported", "name"


_ENGLISH_PLACES = frozenset(CHINESE.values())


def _inflected(name: str, word: str) -> bool:
    """Whether two words differ in their ending alone: German and Germany."""
    common = 0
    for one, other in zip(name, word, strict=False):
        if one != other:
            break
        common += 1
    return common >= 4 and name[common:] in _ENDINGS and word[common:] in _ENDINGS


def _otherwise_bounded(ours: Facts, theirs: Facts) -> bool:
    """Whether a limit of the source is said to be one to the other side."""
    return any(agreement(one, theirs.quantities) == "bound" for one in ours.quantities if not one.soft)


def _spelt_out(said: str, words: set[str]) -> set[str]:
    """The words of names that the source abbreviates: Human Resources for HR."""
    found: set[str] = set()
    for match in _CAPITALISED.finditer(said):
        parts = match[0].split()
        for first in range(len(parts)):
            initials = "".join(part[0] for part in parts[first:] if part[0].isupper()).lower()
            if len(initials) > 1 and initials in words:
                found |= {part.lower() for part in parts[first:]}
    return found


def _is_short_for(name: str, whole: str) -> bool:
    if not 2 <= len(name) <= 6 or not name.isalpha():
        return False
    initials = r"\w*\W{1,2}(?:(?:and|of|for|the)\W)?".join(re.escape(char) for char in name)
    return re.search(rf"\b{initials}", whole, re.IGNORECASE) is not None


def _share(said: str, source: str) -> float:
    wanted = terms(said)
    return len(wanted & terms(source)) / len(wanted) if wanted else 1.0


def _nearest(said: str, source: str, abroad: bool) -> str:
    """The part of the source that a sentence follows: up to three sentences or rows."""
    if not abroad:
        span = align(said, source)
        return source[span.start : span.end]
    parts = [source[span.start : span.end] for span in sentences(source)]
    anchors = facts.read(said).anchors
    if len(parts) < 2 or not anchors:
        return source if len(parts) < 2 else ""
    best = max(parts, key=lambda part: len(anchors & facts.read(part).anchors))
    return best if anchors & facts.read(best).anchors else ""


def _changed(said: str, nearest: str) -> str:
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
        a and b and not any(one in b or any(_inflected(one, other) for other in b) for one in a) and (a - _COMMON)
    )


def _capitals(text: str, part: Sequence[Token]) -> set[str]:
    return {one.word for one in part if text[one.start].isupper() and one.word not in _COMMON}


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


def _sharing(said: str, source: str) -> list[str]:
    """The clauses of a source that have a number, day or code of what is said."""
    anchors = facts.read(said).anchors
    return [clause for clause in _CLAUSE.split(source) if clause and facts.read(clause).anchors & anchors]


def _denied(said: str, nearest: str, source: str, abroad: bool) -> bool:
    """Whether one says no where the other does not, as far as both speak of the same."""
    if polarity.requirement(said, nearest):
        return True
    ours, theirs = facts.negations(said), facts.negations(nearest)
    if ours == theirs or polarity.excused(said, nearest):
        return False
    if abroad and any(bool(facts.negations(clause)) == bool(ours) for clause in _sharing(said, source)):
        return False
    if abroad and ours and not theirs and len(_CLAUSE.split(said)) > 1 and facts.negations(source):
        return False
    if ours and theirs:
        # One more "not" in the very same words is one that was put in or left out.
        return not abroad and abs(ours - theirs) == 1 and min(_share(said, nearest), _share(nearest, said)) >= SAME
    if abroad:
        return not re.search(
            r"\b(?:only|unless|except|free|exempt|without)\b|[仅只除免]|除非|方可|才", f"{said} {nearest}"
        )
    with_no, other = (said, nearest) if ours else (nearest, said)
    wanted = terms(other)
    for clause in _CLAUSE.split(with_no):
        words = terms(clause)
        if facts.negations(clause) and words and len(words & wanted) >= 0.6 * len(words):
            return True
    return bool(ours) and len(_CLAUSE.split(said)) == 1
