"""Which units of the sources answer a question best, and how much of the question they cover."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .conversation import Source
from .embedder import embedder
from .questions import AnswerType, answer_type, holds_answer
from .text import language_of, question_terms, terms
from .units import Unit, units


@dataclass(frozen=True, slots=True)
class Query:
    """A question made ready for ranking: its text, the terms it must find with their importance, its answer's type."""

    text: str
    weights: dict[str, float]
    kind: AnswerType


@dataclass(frozen=True, slots=True)
class Evidence:
    """A unit with its score, and the share (0 to 1) of the question's weight that it and its surroundings cover."""

    unit: Unit
    score: float
    coverage: float
    direct: float


def make_query(question: str, before: str = "", emphasis: str = "") -> Query:
    """A query from a question; `before` is the question it follows up, whose terms then count by half.

    The terms of `emphasis` count double: what one part of a comparison is about.
    """
    weights = dict.fromkeys(question_terms(question), 1.0)
    for term in question_terms(emphasis):
        weights[term] = 2.0
    for term in question_terms(before):
        weights.setdefault(term, 0.5)
    for term in weights:
        if "\u3400" <= term[0] <= "\u9fff" and len(term) == 1:
            weights[term] *= 0.4
    return Query(question, weights, answer_type(question, language_of(question)))


def rank(query: Query, sources: Sequence[Source]) -> list[Evidence]:
    """All units of the sources, best first. A unit's idf is taken over the units at hand."""
    pool = [unit for source in sources for unit in units(source) if unit.kind != "heading"]
    if not pool:
        return []
    bags = [frozenset(terms(unit.text)) for unit in pool]
    weights = _weighted(query, bags)
    total = sum(weights.values()) or 1.0
    similar = _similarities(query.text, pool)
    order = {source.number: position for position, source in enumerate(sources)}
    found = []
    for index, unit in enumerate(pool):
        direct = sum(w for term, w in weights.items() if term in bags[index]) / total
        context = _context(index, pool, bags, weights) / total
        score = (
            direct
            + context
            + 0.3 * float(similar[index])
            + (0.12 if holds_answer(unit.text, query.kind, query.text) else 0.0)
            + 0.1 / (1 + order[unit.source.number])
            - 0.1 * (len(unit.text) < 12)
        )
        found.append(Evidence(unit, score, direct + context, direct))
    found.sort(key=lambda evidence: -evidence.score)
    return found


def _weighted(query: Query, bags: Sequence[frozenset[str]]) -> dict[str, float]:
    frequency = Counter(term for bag in bags for term in bag if term in query.weights)
    count = len(bags)
    return {
        term: weight * math.log(1 + (count - frequency[term] + 0.5) / (frequency[term] + 0.5))
        for term, weight in query.weights.items()
    }


def _context(index: int, pool: Sequence[Unit], bags: Sequence[frozenset[str]], weights: dict[str, float]) -> float:
    """What the unit's title, headings and neighbours add, each term counted once at its best."""
    unit = pool[index]
    over = frozenset(
        terms(
            " ".join(
                (unit.source.title, unit.source.section, unit.source.date[:4], unit.heading, unit.lead, *unit.header)
            )
        )
    )
    near: set[str] = set()
    for other in (index - 1, index + 1):
        if 0 <= other < len(pool) and pool[other].source == unit.source:
            near |= bags[other]
    gained = 0.0
    for term, weight in weights.items():
        if term not in bags[index]:
            gained += weight * (0.6 if term in over else 0.35 if term in near else 0.0)
    return gained


def _similarities(question: str, pool: Sequence[Unit]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    vectors = embedder().embed([question, *(unit.text for unit in pool)])
    similar: np.ndarray[tuple[int], np.dtype[np.float32]] = vectors[1:] @ vectors[0]
    return similar
