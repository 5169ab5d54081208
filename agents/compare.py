"""Whether a source says what a sentence says: its facts first, then its words; within and across languages. Pure.

Two looks are taken. One asks whether every number, date, name and limit of the sentence is in the source at all. The
other lays the sentence beside the part of the source that it follows most closely, and asks what was changed there: a
number that stands elsewhere in the source is no excuse for one that was exchanged.
"""

from __future__ import annotations

import re

from agents import facts, polarity
from agents.agreement import agreement, is_scaled, scales
from agents.beside import CLOSE, COMMON, changed_beside, inflected
from agents.bindings import exchanged, wrong_owner, wrong_row
from agents.citations import align
from agents.computed import accounted_for, as_often, is_computed
from agents.contrasts import contrasted_owners
from agents.dates import stated
from agents.doers import wrong_doer
from agents.events import Support
from agents.facts import Facts
from agents.frequencies import otherwise_often
from agents.language import tongue_of
from agents.parallels import crossed, turned_round
from agents.places import CHINESE
from agents.sentences import sentences
from agents.terms import terms
from agents.voices import done_by_another, literally_in, says_the_same
from llm.chinese import simplified

ENOUGH, LITTLE = 0.5, 0.25
SAME = 0.9
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_THAN = re.compile(r"\bthan\b|比")
_CLAUSE = re.compile(r"[,，;；。]|\b(?:but|and|while|whereas)\b|但是?|而且?|并且")
_CAPITALISED = re.compile(r"(?:\b[A-Z][a-z]+(?: (?:and|of|for|the))?[ ]){1,6}[A-Z][a-z]+\b")


def compare(said: str, source: str, around: str = "") -> tuple[Support, str]:
    """Whether `source` says what is said, and in a word what is missing or differs.

    `around` holds what may be said besides: titles, sections, computed results.
    """
    said, source, around = simplified(said), simplified(source), simplified(around)
    if says_the_same(said, source):
        return "supported", ""
    if done_by_another(said, source):
        return "unsupported", "name"
    whole = f"{source}\n{around}"
    ours, theirs = facts.read(said), facts.read(whole)
    if missing := _missing_number(said, ours, theirs, whole) or _missing_moment(ours, theirs):
        return missing
    abroad = tongue_of(said) != tongue_of(source)
    nearest = _nearest(said, source, abroad)
    share = 1.0 if abroad else _share(said, whole)
    if changed := changed_beside(said, nearest) if not abroad else "":
        return "unsupported", changed
    if reason := wrong_row(said, ours, source):
        return "unsupported", reason
    compared = _THAN.search(said) and not _THAN.search(source)
    if not abroad and (reason := ("" if compared else exchanged(said, nearest)) or wrong_owner(said, source)):
        return "unsupported", reason
    if not abroad and (crossed(said, source) or turned_round(said, source) or wrong_doer(said, source)):
        return "unsupported", "name"
    if missing := _missing_name(said, ours, whole, theirs, abroad, share):
        return missing
    if nearest and share >= ENOUGH:
        if facts.opposed(said, nearest) or (not abroad and _opposed_to_one(said, nearest)):
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
    known = share >= LITTLE or ours.anchors & theirs.anchors or accounted_for(said, whole)
    return ("weak" if known else "unsupported"), "terms"


def changed(said: str, passage: str) -> str:
    """What a sentence changes of the passage that it follows clause by clause, in a word."""
    said, passage = simplified(said), simplified(passage)
    if says_the_same(said, passage):
        return ""
    if reason := wrong_row(said, facts.read(said), passage):
        return reason
    if tongue_of(said) != tongue_of(passage):
        return ""
    if polarity.denies_prefix(said, passage):
        return "negation"
    if crossed(said, passage) or turned_round(said, passage) or wrong_doer(said, passage):
        return "name"
    for span in sentences(said):
        clause = said[span.start : span.end]
        if not literally_in(clause, passage) and (
            reason := changed_beside(clause, _nearest(clause, passage, abroad=False))
        ):
            return reason
    return wrong_owner(said, passage)


def figures_stand(said: str, source: str) -> bool:
    """Whether a source has every quantity and date that is said."""
    ours, theirs = facts.read(simplified(said)), facts.read(simplified(source))
    return not _missing_number(said, ours, theirs, source) and not _missing_moment(ours, theirs)


# "Up to 400 without approval; anything above needs it": both sides of one limit are spoken of.
_BEYOND = re.compile(
    r"\b(?:anything|everything|all|amounts?|those|beyond) (?:above|over|below|more|less)\b|\botherwise\b|"
    r"超出|超过的|其余|否则",
    re.IGNORECASE,
)


def _missing_number(said: str, ours: Facts, theirs: Facts, source: str) -> tuple[Support, str] | None:
    days = {one.day for one in theirs.moments}
    told = as_often(said, source)
    for one in ours.quantities:
        if any(start <= one.start < end for start, end in told):
            continue
        if one.soft or (not one.dimension and one.written in theirs.years and one.written >= 1800):
            continue
        if one.dimension == "ordinal" and one.written in days:
            continue
        match agreement(one, theirs.quantities):
            case "missing":
                if is_scaled(one, theirs.quantities, scales(source)):
                    continue
                if is_computed(said, one, theirs.quantities, source):
                    continue
                return "unsupported", "number"
            case "unit":
                if is_computed(said, one, theirs.quantities, source):
                    continue
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
        if name not in folded and name not in COMMON and not any(inflected(name, word) for word in words)
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


def _opposed_to_one(said: str, source: str) -> bool:
    """Whether the one sentence that says all the rest of it says the contrary, whatever the others say."""
    parts = [source[span.start : span.end] for span in sentences(source, clauses=False)]
    best = max(parts, key=lambda part: _share(said, part), default="")
    return len(parts) > 1 and _share(said, best) >= SAME and facts.opposed(said, best)


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
