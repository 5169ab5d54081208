"""The two halves of a search as SQL alone: how long their statements take, and what the vectors' half misses."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils import timezone

from accounts.models import Person
from kb.access import acting_as
from kb.candidates import Candidate, Wanted, candidates, survey
from kb.generations import active_generation
from kb.search import POOL

if TYPE_CHECKING:
    from bench.scale.library import Library

Vector = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True, slots=True)
class Taken:
    """The seconds that a half takes: its statement that finds the best passages, and all its SQL, which tells whose
    rights count and, for words, how rare each is, besides."""

    statement: float
    whole: float


def lexical(person: Person, question: str) -> Taken:
    """How long the best passages by BM25 take."""
    return _asked(person, question, None)[0]


def dense(person: Person, vector: Vector) -> Taken:
    """How long the nearest passages take."""
    return _asked(person, "", vector)[0]


def _asked(person: Person, question: str, vector: Vector | None) -> tuple[Taken, list[Candidate]]:
    wanted, generation = Wanted(timezone.localdate()), active_generation() if vector is not None else None
    begun = time.perf_counter()
    with acting_as(person):
        ground = survey(question, wanted, generation)
        started = time.perf_counter()
        found = candidates(ground, wanted, pool=POOL, generation=generation, vector=vector, lexical=generation is None)
        statement = time.perf_counter() - started
    return Taken(statement, time.perf_counter() - begun), found


def recall(
    library: "Library", person: Person, readable: np.ndarray[Any, np.dtype[np.bool_]], numbers: Sequence[int]
) -> float:
    """The share of the ten nearest passages, by comparing all, that the search's own vectors' part finds as its ten."""
    rows = np.flatnonzero(readable)
    asked = library.asked[list(numbers)]
    scores = np.concatenate(
        [asked @ library.vectors[part].astype(np.float32).T for part in np.array_split(rows, len(rows) // 20_000 + 1)],
        axis=1,
    )
    shares = []
    for number, similarities in zip(numbers, scores, strict=True):
        closest = np.argpartition(-similarities, 10)[:10] if len(rows) > 10 else np.arange(len(rows))
        truth = set(library.passage_ids[rows[closest]].tolist())
        found = sorted(_asked(person, "", library.asked[number])[1], key=lambda each: -each.similarity)[:10]
        shares.append(len(truth & {each.passage_id for each in found}) / max(len(truth), 1))
    return float(np.mean(shares))
