"""Does the source support the sentence? Pure: no model is asked.

Each sentence of an answer is held against the quotes it cites: its numbers, units, months, names and negation have to
be there, and enough of its words. What is not in the quote but elsewhere in the cited passage is weakly supported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agents.agreement import stated_scales
from agents.citations import plain
from agents.compare import changed, compare
from agents.events import Checked, Citation, Claim, Support, Verdict
from agents.language import language_of
from agents.prompts import REFUSALS
from agents.sentences import sentences
from agents.table_rows import tells_row
from agents.terms import terms

LEAST_TERMS = 3
_NUMBERS = re.compile(r"\[(\d+)\]")
_FENCE = re.compile(r"(?:^|\n)(?:```|~~~).*?(?:\n(?:```|~~~)|\Z)", re.DOTALL)
_ITEM = re.compile(r"^\s*(?:[-*+•>]\s+|#+\s+)*(?:\d{1,2}[.)、](?!\d)\s*)?(?:#+\s+)?")
_NO_CLAIM = re.compile(r"^\s*(?:#|\|[\s:|-]++$|>?\s*\*\*[^*]+\*\*\s*$)|[:：?？]\s*$")
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
    return Checked(claims, verdict_of(answer, claims, evidence))


def refuses(answer: str) -> bool:
    """Whether an answer says that the documents do not answer."""
    text = answer.strip().lstrip("*_# ")
    return text.startswith(REFUSALS) or _REFUSAL.match(text) is not None


def verdict_of(answer: str, claims: Sequence[Claim], evidence: Evidence) -> Verdict:
    """The word for a whole answer whose sentences have been judged."""
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
    # A table's head says that its amounts are in thousands; the quote may be one row of it.
    heads = " ".join(stated_scales("\n".join(evidence.passages.get(one.number, "") for one in cited)))
    around = f"{titles}\n{heads}\n{evidence.computed}\n{evidence.question}"
    quotes = "\n".join(one.quote for one in cited)
    if any(tells_row(said, one.quote, evidence.passages.get(one.number, "")) for one in cited):
        return "supported", ""
    support, reason = compare(said, quotes, around)
    if reason == "negation" and language_of(said) == language_of(quotes):
        return support, reason
    if len(cited) == 1 and (change := changed(said, evidence.passages.get(cited[0].number, ""))):
        return "unsupported", change
    if support == "supported":
        return support, reason
    passages = "\n".join(evidence.passages.get(one.number, "") for one in cited)
    wider, _ = compare(said, f"{quotes}\n{passages}", around)
    return ("weak", reason) if wider == "supported" else (support, reason)
