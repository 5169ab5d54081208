"""How good answers are, held against a question set: the figures of `evaluate --answers`. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from agents.citations import plain
from agents.sentences import sentences
from kb.beir import SetQuestion, percentile

SENTENCES = 3
"""An answer may be so long and still be a hit: one that copies the whole passage is none."""
EVIDENCE = 10
"""Documents that count as found, of a search as of a run of the Thinking agent."""
_SMOOTH = 5


@dataclass(frozen=True, slots=True)
class Answered:
    """One question and what came back. Documents are named as in the set."""

    question: SetQuestion
    answer: str = ""
    declined: bool = False
    cited: tuple[str, ...] = ()
    unsupported_citations: int = 0
    looks: tuple[tuple[str, ...], ...] = ()
    """What each tool call found, the first search first."""
    road: str = ""
    milliseconds: float = 0.0
    failure: str = ""

    @property
    def gold(self) -> list[str]:
        return [str(answer) for answer in self.question.metadata.get("answers", ())]

    @property
    def answer_hit(self) -> bool:
        """Whether a gold answer stands in an answer of few sentences."""
        text = plain(self.answer)
        short = sum(1 for _ in sentences(text, clauses=False)) <= SENTENCES
        return short and any(says(text, gold) for gold in self.gold)

    @property
    def citation_hit(self) -> bool:
        """Whether the first citation is of a document that answers."""
        return bool(self.cited) and self.cited[0] in self.question.relevant

    @property
    def read(self) -> list[str]:
        """The documents found: the cited ones, then by reciprocal rank over all looks, the question's own twice."""
        worth: dict[str, float] = {}
        for number, look in enumerate(self.looks):
            for place, document in enumerate(look):
                worth[document] = worth.get(document, 0.0) + (1 if number else 2) / (_SMOOTH + place)
        ranked = sorted(worth, key=lambda document: -worth[document])
        return list(dict.fromkeys([*self.cited, *ranked]))[:EVIDENCE]


def says(text: str, gold: str) -> bool:
    """Whether a text holds a gold answer; case, widths, spaces and punctuation do not count.

    A number does not stand inside another one.
    """
    wanted = normal(gold)
    if not wanted:
        return False
    before = r"(?<!\d)" if wanted[0].isdigit() else ""
    after = r"(?!\d)" if wanted[-1].isdigit() else ""
    return re.search(before + re.escape(wanted) + after, normal(text)) is not None


def normal(text: str) -> str:
    """Letters and digits alone. What separates two numbers is kept as a space."""
    text = re.sub(r"(?<=\d)[,，](?=\d{3})", "", unicodedata.normalize("NFKC", text).casefold())
    text = re.sub(r"[\W_]+", " ", text)
    return re.sub(r"(?<!\d) | (?!\d)", "", text)


def figures(asked: Sequence[Answered], foreign: Sequence[Answered]) -> dict[str, Any]:
    """The figures of a set's own questions and of those of another one. Questions that failed count as unanswered."""
    answerable = [one for one in asked if one.question.relevant]
    unanswerable = [one for one in asked if not one.question.relevant]
    everything = [*asked, *foreign]
    times = [one.milliseconds for one in everything if not one.failure]
    found = {
        "answer_hit": share(answerable, lambda one: one.answer_hit, only=lambda one: bool(one.gold)),
        "citation_hit": share(answerable, lambda one: one.citation_hit),
        "refused_answerable": share(answerable, lambda one: one.declined),
        "refused_unanswerable": share([*unanswerable, *foreign], lambda one: one.declined),
        "unsupported_citations": sum(one.unsupported_citations for one in everything),
        "thinking": share(everything, lambda one: one.road == "thinking"),
        "failed": sum(1 for one in everything if one.failure),
        "answer_ms": {"p50": round(percentile(times, 0.5), 1), "p95": round(percentile(times, 0.95), 1)},
    }
    if foreign:
        found["refused_foreign"] = share(foreign, lambda one: one.declined)
    return found


def share(
    answered: Iterable[Answered],
    holds: Callable[[Answered], bool],
    only: Callable[[Answered], bool] = lambda one: True,
) -> float | None:
    """The share for which something holds; None of none."""
    counted = [holds(one) for one in answered if only(one)]
    return round(sum(counted) / len(counted), 4) if counted else None
