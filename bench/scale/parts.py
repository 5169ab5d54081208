"""The two halves of a search as SQL alone: how long their statements take, and what the vectors' half misses."""

import time
from collections.abc import Sequence
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


def lexical(person: Person, question: str) -> float:
    """The seconds that the best passages by BM25 take; what comes before and after the statement does not count."""
    wanted = Wanted(timezone.localdate())
    with acting_as(person):
        ground = survey(question, wanted, None)
        started = time.perf_counter()
        candidates(ground, wanted, pool=POOL)
        return time.perf_counter() - started


def dense(person: Person, vector: np.ndarray[Any, np.dtype[np.float32]]) -> float:
    """The seconds that the nearest passages take."""
    return nearest(person, vector)[0]


def nearest(person: Person, vector: np.ndarray[Any, np.dtype[np.float32]]) -> tuple[float, list[Candidate]]:
    """The seconds, and the passages."""
    wanted, generation = Wanted(timezone.localdate()), active_generation()
    with acting_as(person):
        ground = survey("", wanted, generation)
        started = time.perf_counter()
        found = candidates(ground, wanted, pool=POOL, generation=generation, vector=vector, lexical=False)
        return time.perf_counter() - started, found


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
        found = sorted(nearest(person, library.asked[number])[1], key=lambda each: -each.similarity)[:10]
        shares.append(len(truth & {each.passage_id for each in found}) / max(len(truth), 1))
    return float(np.mean(shares))
