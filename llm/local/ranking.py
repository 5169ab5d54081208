"""Which units of the sources answer a question best, and how much of the question they cover."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .conversation import Source
from .embedder import embedder, word_vector
from .questions import AnswerType, answer_type, holds_answer
from .text import language_of, question_terms, surfaces, terms
from .units import Unit, units

Array = NDArray[np.float64]

# A word counts as another way to say a question's word from this likeness of their vectors on: "wrote" for "author".
_ALIKE = 0.45


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


FEATURES = ("own", "over", "near", "passage", "rarest", "pairs", "alike", "passage_alike", "typed", "first", "short", "long")


def rank(query: Query, sources: Sequence[Source]) -> list[Evidence]:
    """All units of the sources, best first."""
    pool = [unit for source in sources for unit in units(source) if unit.kind != "heading"]
    if not pool:
        return []
    table = features(query, pool, sources)
    scores = table @ WEIGHTS
    covered = table[:, :3].sum(axis=1)
    order = np.argsort(-scores, kind="stable")
    return [Evidence(pool[i], float(scores[i]), float(covered[i])) for i in order]


WEIGHTS: Array = np.array([1, 0.6, 0.35, 0, 0, 0, 0.3, 0, 0.12, 0.1, -0.1, 0.0])


def features(query: Query, pool: Sequence[Unit], sources: Sequence[Source]) -> Array:
    """One row a unit, one column for each of FEATURES."""
    asked = list(query.weights)
    texts = [unit.text for unit in pool]
    over_texts = [_over(unit) for unit in pool]
    own, over = _matches(query, asked, texts), _matches(query, asked, over_texts)
    weights = _weigh(query, asked, own)
    near = _neighbours(own, pool)
    held_by = {source.number: np.zeros(len(asked)) for source in sources}
    for unit, row, above in zip(pool, own, over, strict=True):
        held_by[unit.source.number] = np.maximum(held_by[unit.source.number], np.maximum(row, above))
    vectors = embedder().embed([query.text, *texts])
    alike = vectors[1:] @ vectors[0]
    best_alike: dict[int, float] = {}
    for unit, value in zip(pool, alike, strict=True):
        best_alike[unit.source.number] = max(best_alike.get(unit.source.number, 0.0), float(value))
    order = {source.number: position for position, source in enumerate(sources)}
    table = np.zeros((len(pool), len(FEATURES)))
    table[:, 0] = own @ weights
    over_gain = np.clip(over - own, 0, 1)
    table[:, 1] = over_gain @ weights
    table[:, 2] = np.clip(near - np.maximum(own, over), 0, 1) @ weights
    table[:, 3] = [held_by[unit.source.number] @ weights for unit in pool]
    if asked:
        table[:, 4] = own[:, int(np.argmax(weights))]
    table[:, 5] = _pairs(query.text, texts)
    table[:, 6] = alike
    table[:, 7] = [best_alike[unit.source.number] for unit in pool]
    table[:, 8] = [holds_answer(text, query.kind, query.text) for text in texts]
    table[:, 9] = [1 / (1 + order[unit.source.number]) for unit in pool]
    table[:, 10] = [len(text) < 12 for text in texts]
    table[:, 11] = [math.log(10 + len(text)) for text in texts]
    return table


def _over(unit: Unit) -> str:
    source = unit.source
    return " ".join((source.title, source.section, source.date[:4], unit.heading, unit.lead, *unit.header))


def _matches(query: Query, asked: Sequence[str], texts: Sequence[str]) -> Array:
    """How well each text holds each term of the question, 0 to 1: 1 for the term, less for a word like it."""
    bags = [frozenset(terms(text)) for text in texts]
    found = np.array([[term in bag for term in asked] for bag in bags], dtype=np.float64).reshape(len(texts), len(asked))
    words = surfaces(query.text)
    latin = [(column, word_vector(words[term])[0]) for column, term in enumerate(asked) if term in words and term.isalpha()]
    if not latin:
        return found
    vocabulary: dict[str, int] = {}
    members = [[vocabulary.setdefault(word, len(vocabulary)) for term, word in surfaces(text).items() if term.isalpha()] for text in texts]
    if not vocabulary:
        return found
    likeness = np.stack([word_vector(word)[0] for word in vocabulary]) @ np.stack([vector for _, vector in latin]).T
    likeness[likeness < _ALIKE] = 0
    for row, inside in enumerate(members):
        if inside:
            best = likeness[inside].max(axis=0)
            for (column, _), value in zip(latin, best, strict=True):
                found[row, column] = max(found[row, column], float(value))
    return found


def _weigh(query: Query, asked: Sequence[str], own: Array) -> Array:
    """Each term's share of the question's weight: rare among the units at hand, and telling by its vector's length."""
    count = len(own)
    frequency = (own >= 1).sum(axis=0)
    weights = np.log(1 + (count - frequency + 0.5) / (frequency + 0.5))
    weights *= [query.weights[term] for term in asked]
    words = surfaces(query.text)
    weights *= [min(word_vector(words[term])[1], 25.0) / 12 if term in words else 1.0 for term in asked]
    total = weights.sum()
    shares: Array = weights / total if total else weights
    return shares


def _neighbours(own: Array, pool: Sequence[Unit]) -> Array:
    near = np.zeros_like(own)
    for index in range(len(pool) - 1):
        if pool[index].source.number == pool[index + 1].source.number:
            near[index] = np.maximum(near[index], own[index + 1])
            near[index + 1] = np.maximum(near[index + 1], own[index])
    return near


def _pairs(question: str, texts: Sequence[str]) -> list[float]:
    """The share of the question's neighbouring terms that are neighbours in each text."""
    said = terms(question)
    asked = set(zip(said, said[1:], strict=False))
    if not asked:
        return [0.0] * len(texts)
    return [len(asked & set(zip(t := terms(text), t[1:], strict=False))) / len(asked) for text in texts]
