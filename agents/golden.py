"""Golden questions: asked as the people they name, judged by the facts in the answer and the files it cites.

A file of golden questions holds one JSON object a line (`samples/README.md` explains the fields). Judging is pure;
asking goes through the same runs as everybody's questions.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import PurePosixPath
from typing import Any, Literal

Kind = Literal["simple", "complex", "absent"]
# An entry is met by its text, or by any one of a list of texts.
Alternatives = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GoldenQuestion:
    """One question, who asks it, and what its answer must hold and cite."""

    id: str
    question: str
    lang: str
    kind: Kind
    person: str
    answer_contains: tuple[Alternatives, ...]
    sources: tuple[Alternatives, ...]
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back for a golden question."""

    answer: str
    cited_files: tuple[str, ...]
    road: str
    tools: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """`sources`: every file that must be cited is; `facts`: every fact is there; `declined`: nothing is cited."""

    question: GoldenQuestion
    outcome: Outcome
    sources: bool
    facts: bool
    declined: bool

    @property
    def right(self) -> bool:
        return self.declined if self.question.kind == "absent" else self.sources and self.facts


@dataclass(slots=True)
class Tally:
    """Counts over one kind of question."""

    asked: int = 0
    sources: int = 0
    facts: int = 0
    declined: int = 0
    thinking: int = 0
    tools: int = 0
    seconds: list[float] = field(default_factory=list)


def parse(lines: Iterable[str]) -> list[GoldenQuestion]:
    """Golden questions from JSON lines.

    Raises:
        ValueError: for a line that is no such object, with its number.
    """
    questions = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
            questions.append(
                GoldenQuestion(
                    id=str(data["id"]),
                    question=str(data["question"]),
                    lang=str(data["lang"]),
                    kind=data["kind"],
                    person=str(data["person"]),
                    answer_contains=_alternatives(data["answer_contains"]),
                    sources=_alternatives(data["sources"]),
                    as_of=date.fromisoformat(data["as_of"]) if data.get("as_of") else None,
                )
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"Line {number} is not a golden question: {error!r}") from error
    return questions


def judge(question: GoldenQuestion, outcome: Outcome) -> Judgement:
    """Whether the answer holds the facts and cites the files; for an absent one, whether it declines."""
    text = _normal(outcome.answer)
    cited = {PurePosixPath(name).name for name in outcome.cited_files}
    return Judgement(
        question,
        outcome,
        sources=all(any(PurePosixPath(name).name in cited for name in entry) for entry in question.sources),
        facts=all(any(_normal(fact) in text for fact in entry) for entry in question.answer_contains),
        declined=not cited,
    )


def tally(judgements: Sequence[Judgement]) -> dict[str, Tally]:
    """Counts by kind of question."""
    counts: dict[str, Tally] = {}
    for judgement in judgements:
        count = counts.setdefault(judgement.question.kind, Tally())
        count.asked += 1
        count.sources += judgement.sources
        count.facts += judgement.facts
        count.declined += judgement.declined
        count.thinking += judgement.outcome.road == "thinking"
        count.tools += bool(judgement.outcome.tools)
        count.seconds.append(judgement.outcome.seconds)
    return counts


def as_json(counts: dict[str, Tally]) -> dict[str, Any]:
    """The counts as data, with the median time instead of all times."""
    return {
        kind: {**asdict(count), "seconds": round(sorted(count.seconds)[len(count.seconds) // 2], 3)}
        for kind, count in sorted(counts.items())
    }


def _alternatives(entries: Sequence[str | list[str]]) -> tuple[Alternatives, ...]:
    return tuple((entry,) if isinstance(entry, str) else tuple(entry) for entry in entries)


def _normal(text: str) -> str:
    """Case, spaces, and thousands' separators do not count."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"\s+", "", re.sub(r"(?<=\d),(?=\d{3})", "", text))
