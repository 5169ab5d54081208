"""Question sets in BEIR's layout, and how well ranked documents answer them. Pure but for reading the folder.

A folder holds `corpus.jsonl` (`_id`, `title`, `text`), `queries.jsonl` (`_id`, `text`, `metadata`) and
`qrels/test.tsv` (query, document, grade; after a line of headings).
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any


class BadSet(ValueError):
    """The folder is no question set; the message says what is wrong where."""


@dataclass(frozen=True, slots=True)
class SetDocument:
    """A document of the corpus."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class SetQuestion:
    """A question, the graded documents that answer it (none: it has no answer), and what else the set says of it."""

    id: str
    text: str
    relevant: Mapping[str, int]
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """A corpus with its questions."""

    name: str
    documents: Sequence[SetDocument]
    questions: Sequence[SetQuestion]

    @property
    def answerable(self) -> list[SetQuestion]:
        return [question for question in self.questions if question.relevant]

    @property
    def unanswerable(self) -> list[SetQuestion]:
        return [question for question in self.questions if not question.relevant]


def read_set(folder: Path) -> QuestionSet:
    """Read a BEIR folder.

    Raises:
        BadSet: a file is missing, or a line is not what it should be.
    """
    documents = [
        SetDocument(_text(row, "_id", place), _text(row, "title", place, ""), _text(row, "text", place))
        for place, row in _rows(folder / "corpus.jsonl")
    ]
    relevant = _judgements(folder / "qrels" / "test.tsv", {document.id for document in documents})
    questions = []
    for place, row in _rows(folder / "queries.jsonl"):
        pk = _text(row, "_id", place)
        questions.append(SetQuestion(pk, _text(row, "text", place), relevant.get(pk, {}), row.get("metadata") or {}))
    if not documents or not questions:
        raise BadSet(f"{folder} has no documents or no questions.")
    return QuestionSet(folder.resolve().name, documents, questions)


def read_judged_questions(folder: Path) -> list[SetQuestion]:
    """The questions of a BEIR folder whose documents are kept elsewhere: its corpus is not read.

    Raises:
        BadSet: a file is missing, or a line is not what it should be.
    """
    relevant = _judgements(folder / "qrels" / "test.tsv", None)
    return [
        SetQuestion(pk, _text(row, "text", place), relevant.get(pk, {}), row.get("metadata") or {})
        for place, row in _rows(folder / "queries.jsonl")
        if (pk := _text(row, "_id", place))
    ]


def spread(questions: Sequence[SetQuestion], count: int) -> list[SetQuestion]:
    """At most `count` questions, taken evenly over the whole list."""
    step = max(len(questions) / count, 1)
    return [questions[int(place * step)] for place in range(min(count, len(questions)))]


def sample(questions: QuestionSet, count: int) -> QuestionSet:
    """The set with at most `count` questions that have an answer, and as many that have none. All documents stay."""
    kept = [*spread(questions.answerable, count), *spread(questions.unanswerable, count)]
    return replace(questions, questions=kept)


def ndcg(ranked: Sequence[str], relevant: Mapping[str, int], k: int) -> float:
    """Normalised discounted cumulative gain at `k`, with linear gains (Järvelin and Kekäläinen 2002)."""
    gains = [relevant.get(pk, 0) / math.log2(place + 2) for place, pk in enumerate(ranked[:k])]
    best = sorted(relevant.values(), reverse=True)[:k]
    return sum(gains) / sum(grade / math.log2(place + 2) for place, grade in enumerate(best))


def recall(ranked: Sequence[str], relevant: Mapping[str, int], k: int) -> float:
    """The share of relevant documents among the first `k`."""
    return len(set(ranked[:k]) & set(relevant)) / len(relevant)


def reciprocal_rank(ranked: Sequence[str], relevant: Mapping[str, int], k: int) -> float:
    """One over the place of the first relevant document among the first `k`, 0 if there is none."""
    return next((1 / place for place, pk in enumerate(ranked[:k], start=1) if pk in relevant), 0.0)


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)] if ordered else 0.0


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield f"{path}, line {number}", _object(line, f"{path}, line {number}")
    except OSError as error:
        raise BadSet(f"{path} cannot be read ({error.strerror}). A BEIR folder has it.") from error
    except UnicodeDecodeError as error:
        raise BadSet(f"{path} is not UTF-8 text.") from error


def _object(line: str, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise BadSet(f"{place} is not JSON.") from error
    if not isinstance(row, dict):
        raise BadSet(f"{place} is not a JSON object.")
    return row


def _text(row: Mapping[str, Any], name: str, place: str, default: str | None = None) -> str:
    value = row.get(name, default)
    if value is None:
        raise BadSet(f"{place} has no {name}.")
    return str(value)


def _judgements(path: Path, documents: set[str] | None) -> dict[str, dict[str, int]]:
    relevant: dict[str, dict[str, int]] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()[1:]
    except OSError as error:
        raise BadSet(f"{path} cannot be read ({error.strerror}). A BEIR folder has it.") from error
    for number, line in enumerate(lines, start=2):
        columns = line.split("\t")
        if len(columns) != 3 or not columns[2].strip().lstrip("-").isdigit():
            raise BadSet(f"{path}, line {number} is not: question, document and grade with tabs between them.")
        question, document, grade = columns[0], columns[1], int(columns[2])
        if documents is not None and document not in documents:
            raise BadSet(f"{path}, line {number} names a document that the corpus does not have.")
        if grade > 0:
            relevant.setdefault(question, {})[document] = grade
    return relevant
