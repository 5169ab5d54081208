"""Is the evidence of a quick answer good enough? Pure: what was found, said and checked decides, no model is asked.

`weakness` gives one word, or none where the answer may stand. The words are stored and shown, so they are for ever:
"unsupported" (no source carries the answer), "weak_quotes" (some sentences are not carried), "uncited" (the sources
speak of it, the answer names none), "part_missing" (a part of the question stays open), "conflict" (the sources
disagree, and what the answer says of it is not carried), "hops" (one thing had to be found by another).
"""

from __future__ import annotations

from collections.abc import Sequence

from agents.checks import refuses
from agents.events import Checked
from agents.language import language_of, tongue_of
from agents.sentences import sentences
from agents.terms import terms

COVERED = 0.5
"""Share of a question's words that the found passages hold, from which on they speak of its subject."""
FULLY_COVERED = 0.8
WEAK_SHARE = 0.5
"""Share of an answer's sentences that may be weakly supported before a second look pays."""


def coverage(question: str, passages: Sequence[str]) -> float:
    """How much of a question's words the passages in its language hold together; 1 where there are none in it."""
    wanted, language = terms(question), language_of(question)
    ours = [terms(passage) for passage in passages if passage and tongue_of(passage) == language]
    if not wanted or not ours:
        return 1.0 if any(passages) else 0.0
    return len(wanted.intersection(frozenset().union(*ours))) / len(wanted)


def weakness(question: str, answer: str, checked: Checked, passages: Sequence[str], *, chained: bool = False) -> str:
    """Why a quick answer should be looked at again, in a word; empty when it may stand.

    A question that the documents plainly do not answer is not asked twice: a declined one is looked at again only
    where it is `chained` (it describes what has to be found first) and the passages hold a part of it.
    """
    if checked.verdict == "not_in_documents":
        return "hops" if chained and COVERED <= coverage(question, passages) < FULLY_COVERED else ""
    unsupported = [claim for claim in checked.claims if claim.support == "unsupported"]
    if checked.verdict == "uncited":
        return "uncited" if unsupported and coverage(question, passages) >= FULLY_COVERED else ""
    if checked.verdict == "unsupported":
        return "unsupported"
    if checked.verdict == "disagree":
        return "conflict" if unsupported else ""
    if checked.verdict == "partly":
        weak = [claim for claim in checked.claims if claim.support != "supported"]
        if unsupported or len(weak) > WEAK_SHARE * len(checked.claims):
            return "weak_quotes"
    return "part_missing" if _leaves_open(answer) else ""


def _leaves_open(answer: str) -> bool:
    """Whether a sentence after the first says that the documents do not answer."""
    parts = [answer[start:end] for start, end in sentences(answer, clauses=False)]
    return any(refuses(part) for part in parts)
