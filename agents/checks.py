"""Does the source support the sentence? Pure: no model is asked.

Each sentence of an answer is held against the quotes it cites: its numbers, units, months, names and negation have to
be there, and enough of its words. What is not in the quote but elsewhere in the cited passage is weakly supported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agents import facts
from agents.citations import plain
from agents.events import Checked, Citation, Claim, Support, Verdict
from agents.language import language_of
from agents.prompts import REFUSALS
from agents.sentences import sentences
from agents.terms import terms

ENOUGH, LITTLE = 0.5, 0.25
LEAST_TERMS = 3
_NUMBERS = re.compile(r"\[(\d+)\]")
_FENCE = re.compile(r"(?:^|\n)(?:```|~~~).*?(?:\n(?:```|~~~)|\Z)", re.DOTALL)
_ITEM = re.compile(r"^\s*(?:[-*+•>]\s+|\d{1,2}[.)、]\s*|#+\s+)+")
_NO_CLAIM = re.compile(r"^\s*(?:#|\|[\s:|-]++$|>?\s*\*\*[^*]+\*\*\s*$)|[:：?？]\s*$")
_CLAUSES = re.compile("[;；]")
_REFUSAL = re.compile(
    r"^\W*(?:(?:the|these|our|your|provided|given) )*(?:documents?|sources?|passages?)\b[^.]*\b(?:do|does|did) ?n[o']t "
    r"(?:\w+ ){0,2}(?:answer|contain|mention|say|state|provide|include|specify|cover)|"
    r"^\W*(?:i (?:could|can|did) ?n[o']t find|there is no information|no information)|"
    r"^.{0,12}(?:文档|资料|来源|知识库)[^。]{0,12}(?:没有|未|无法|找不到)|^.{0,6}(?:没有找到|未找到|找不到)",
    re.IGNORECASE,
)
_DISAGREE = re.compile(
    r"\b(?:disagree|contradict|conflict|inconsistent|differ from each other)|不一致|相互?矛盾|互相矛盾|冲突|说法不同",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an answer rests on. `passages`: by citation number, the passage its quote is from.

    `computed`: what the sandbox gave, whose numbers no document has. What the question says may be said again.
    """

    citations: Sequence[Citation]
    passages: Mapping[int, str] = field(default_factory=dict)
    computed: str = ""
    question: str = ""


def check(answer: str, evidence: Evidence) -> Checked:
    """Every sentence of an answer against what it cites, and a verdict on the whole."""
    claims = tuple(_claims(answer, evidence))
    return Checked(claims, _verdict(answer, claims, evidence))


def refuses(answer: str) -> bool:
    """Whether an answer says that the documents do not answer."""
    text = answer.strip().lstrip("*_# ")
    return text.startswith(REFUSALS) or _REFUSAL.match(text) is not None


def _verdict(answer: str, claims: Sequence[Claim], evidence: Evidence) -> Verdict:
    cited = [claim for claim in claims if claim.citations]
    if not cited:
        return "not_in_documents" if refuses(answer) else "uncited"
    if _DISAGREE.search(answer) and len({(one.document, one.version) for one in evidence.citations}) > 1:
        return "disagree"
    if all(claim.support == "unsupported" for claim in cited):
        return "unsupported"
    return "good" if all(claim.support == "supported" for claim in claims) else "partly"


def _claims(answer: str, evidence: Evidence) -> Iterator[Claim]:
    by_number = {one.number: one for one in evidence.citations}
    refusal_end = len(answer.lstrip().partition("\n\n")[0]) if refuses(answer) else 0
    code = [match.span() for match in _FENCE.finditer(answer)]
    for start, end in sentences(answer, clauses=False):
        text = answer[start:end]
        cited = tuple(dict.fromkeys(int(number) for number in _NUMBERS.findall(text) if int(number) in by_number))
        said = _ITEM.sub("", plain(text)).strip()
        if any(first <= start < last for first, last in code) or _NO_CLAIM.search(said or text):
            continue
        # A refusal's advice ("Try other words.") claims nothing about documents.
        if not cited and (
            start < refusal_end or len(terms(said)) < LEAST_TERMS or text.startswith("|") or refuses(text)
        ):
            continue
        support, reason = _supported(said, [by_number[number] for number in cited], evidence)
        yield Claim(text, start, end, cited, support, reason)


def _supported(said: str, cited: Sequence[Citation], evidence: Evidence) -> tuple[Support, str]:
    if not cited:
        quoted = [one.quote for one in evidence.citations]
        anywhere = "\n".join([*evidence.passages.values(), *quoted, evidence.computed])
        return ("weak" if compare(said, anywhere)[0] == "supported" else "unsupported"), "uncited"
    titles = "\n".join(f"{one.title}\n{one.section}\n{one.date}" for one in cited)
    around = f"{titles}\n{evidence.computed}\n{evidence.question}"
    quotes = "\n".join(one.quote for one in cited)
    support, reason = compare(said, quotes, around)
    if support == "supported" or reason == "negation":
        return support, reason
    passages = "\n".join(evidence.passages.get(one.number, "") for one in cited)
    wider, _ = compare(said, f"{quotes}\n{passages}", around)
    return ("weak", reason) if wider == "supported" else (support, reason)


def compare(said: str, source: str, around: str = "") -> tuple[Support, str]:
    """Whether `source` says what is said, and in a word what is missing or differs.

    `around` holds what may be said besides: titles, sections, computed results.
    """
    if _literally_in(said, source):
        return "supported", ""
    whole = f"{source}\n{around}"
    if facts.numbers(said) - facts.numbers(whole):
        return "unsupported", "number"
    if not _units_agree(facts.units(said), facts.units(whole)):
        return "unsupported", "unit"
    if (there := facts.months(whole)) and facts.months(said) - there:
        return "unsupported", "date"
    if language_of(said) != language_of(source):
        # Words do not compare between languages; numbers and codes do.
        shared = facts.numbers(said) or facts.names(said) & facts.names(whole)
        return ("supported", "") if shared else ("weak", "terms")
    share = _share(said, whole)
    if missing := facts.names(said) - _words(whole):
        return ("unsupported" if len(missing) > 1 or share < ENOUGH else "weak"), "name"
    if share >= ENOUGH and (facts.negations(said) > 0) != (facts.negations(_nearest(said, source)) > 0):
        return "unsupported", "negation"
    if share >= ENOUGH:
        return "supported", ""
    return ("weak" if share >= LITTLE else "unsupported"), "terms"


def _literally_in(said: str, source: str) -> bool:
    """Whether `said` stands in `source` from the beginning of a clause on; white space differs between extractions."""
    words = "".join(said.split()).rstrip(".。;；!！")
    found = re.search(rf"(?<!\w){re.escape(words)}(?!\d)", "".join(source.split()))
    return found is not None and len(words) > 1


def _units_agree(said: Mapping[str, set[str]], there: Mapping[str, set[str]]) -> bool:
    return all(number not in there or units & there[number] for number, units in said.items())


def _share(said: str, source: str) -> float:
    wanted = terms(said)
    return len(wanted & terms(source)) / len(wanted) if wanted else 1.0


def _words(text: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Za-z]+-?\d*[\w-]*|\w+", text)} | facts.names(text)


def _nearest(said: str, source: str) -> str:
    """The sentence of the source that is most like what is said: its negation counts, not its neighbours'."""
    wanted = terms(said)
    parts = [source[span.start : span.end] for span in sentences(source, clauses=not _CLAUSES.search(said))]
    return max(parts, key=lambda part: len(wanted & terms(part)) / (3 + len(terms(part))), default=source)
