"""Questions about several versions of a document, or about a past day: which versions to read, and what each says."""

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass

from .conversation import Source
from .dates import month_number
from .decompose import Part, Task
from .features import make_query
from .ranking import Evidence, rank
from .text import question_terms, terms

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_VERSIONS = re.compile(
    r"\bversions?\b|\beditions?\b|\bprevious(?:ly)?\b|\bformer(?:ly)?\b|\bused to\b|\bold(?:er)? (?:policy|rule|one)|"
    r"\bchang(?:e|es|ed)\b|\bwhat(?:'s| is) new\b"
    r"|新旧|旧版|新版|上一版|两版|两个版本|版本|修订|变化|变更|改动|以前|原来|\d{4}\s*年?版",
    re.IGNORECASE,
)
_PAST = re.compile(
    r"\b(?:in force|valid|applied|applicable|effective|as of|back)\b|\bpolic(?:y|ies) (?:of|from)\b"
    r"|当时|的时候|那时|时的|施行|有效",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"(?P<month>[A-Z][a-z]{2,8}) (?P<y1>(?:19|20)\d\d)|(?P<y2>(?:19|20)\d\d)\s*年\s*(?:(?P<m2>\d{1,2})\s*月)?"
    r"|\bin (?P<y3>(?:19|20)\d\d)\b"
)
_NOISE = re.compile(
    r"\b(?:compare[ds]?|comparing|changes?|changed|differences?|differ|between|versions?|editions?|old|new|previous|"
    r"current|since|rules?|polic(?:y|ies))\b"
    r"|(?:19|20)\d\d\s*年?版?|与[^，,]{0,12}相比|新旧|新版|旧版|上一版|两个?版本?|版本|有(?:什么|哪些|何)?(?:变化|变更|改动|不同)"
    r"|变化|变更|方面|分别|相比|对比|比较",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a document that a search did not look into: from and to which day it is valid (ISO, or nothing)."""

    document: int
    valid_from: str
    valid_to: str

    @property
    def day(self) -> str:
        """A day on which this version is valid, or nothing when none is known."""
        return self.valid_from or self.valid_to


def about_versions(question: str) -> bool:
    """Whether a question sets versions of one document side by side."""
    return len(set(_YEAR.findall(question))) > 1 or _VERSIONS.search(question) is not None


def topic(question: str) -> str:
    """What a question about versions wants to know of each: without years and words of comparing."""
    text = re.sub(r"\s+", " ", _NOISE.sub(" ", question)).strip(" ，,。.?？")
    return text if question_terms(text) else question


def past_day(question: str, today: str) -> str:
    """The past day that a question asks about ("in force in June 2024"), ISO; nothing when it names none."""
    if not _PAST.search(question):
        return ""
    match = _WHEN.search(question)
    if match is None:
        return ""
    year = int(match["y1"] or match["y2"] or match["y3"])
    month = month_number(match["month"]) if match["month"] else int(match["m2"] or 0)
    if (match["month"] and not month) or month > 12:
        return ""
    day = f"{year}-{month:02}-{calendar.monthrange(year, month)[1]:02}" if month else f"{year}-12-31"
    return day if today and day < today else ""


def of_each_version(task: Task, sources: Sequence[Source]) -> list[tuple[Part, list[Evidence], tuple[Source, ...]]]:
    """For each version shown of the document that the question is about: a part, its evidence, its sources.

    Empty unless at least two versions of that document are at hand.
    """
    asked = topic(task.question)
    dated: dict[int, dict[str, list[Source]]] = {}
    for source in sources:
        dated.setdefault(source.document, {}).setdefault(source.date, []).append(source)
    several = {document: days for document, days in dated.items() if len(days) > 1}
    pool = [source for days in several.values() for shown in days.values() for source in shown]
    ranking = rank(make_query(asked), pool)
    if not ranking.evidence:
        return []
    days = several[_document(task.question, ranking.evidence, pool)]
    found = []
    for day in sorted(days):
        ranked = rank(make_query(asked), days[day]).evidence
        if ranked:
            found.append((Part(day[:4] or "?", asked), _telling(ranked), tuple(days[day])))
    return found


def _document(question: str, ranked: Sequence[Evidence], pool: Sequence[Source]) -> int:
    """The document whose title the question names best, else the one of the best evidence."""
    asked = set(terms(question))
    titles = {source.document: set(terms(source.title)) for source in pool}
    named = {document: len(said & asked) / len(said) for document, said in titles.items() if said}
    best = ranked[0].unit.source.document
    return max(named, key=lambda document: (named[document] > 0.6, document == best), default=best)


def _telling(ranked: Sequence[Evidence]) -> list[Evidence]:
    """The best unit and up to two close ones, of rows but one; without a number in them, a close one that has one."""
    rows = [e for e in ranked if e.unit.kind == "row"]
    apart = [e for e in ranked if e.unit.kind != "row" or e is rows[0]]
    best = [e for e in apart[:3] if e.score >= ranked[0].score - 4]
    if any(re.search(r"\d", e.unit.text) for e in best):
        return best
    numbered = [e for e in ranked[2:6] if re.search(r"\d", e.unit.text) and e.score >= best[0].score - 6]
    return [*numbered[:1], best[0]]
