"""Two ranked lists → one, judged for each question. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Question:
    """What is known before fusing: the idf of each of the question's terms, and how well vectors do in general."""

    idfs: tuple[float, ...]
    dense_reliability: float = 0.5


def fuse(lexical: Scores, dense: Scores, question: Question) -> Scores:
    """One score for each candidate from its BM25 score and its cosine similarity; higher is better.

    Args:
        lexical: BM25 scores, 0 where no term occurs. Shape (candidates,).
        dense: cosine similarities, NaN where a candidate has no vector. Shape (candidates,).
    """
    if not len(lexical) or np.isnan(dense).all():
        return lexical
    if not lexical.any():
        return np.nan_to_num(dense, nan=-1.0)
    weight = 0.3
    return (1 - weight) * _scaled(lexical) + weight * _scaled(np.nan_to_num(dense, nan=np.nanmin(dense)))


def _scaled(scores: Scores) -> Scores:
    low, high = float(scores.min()), float(scores.max())
    return (scores - low) / (high - low) if high > low else np.zeros_like(scores)


def order(scores: Sequence[float] | Scores) -> NDArray[np.intp]:
    """Positions of the scores, best first; equals keep their order."""
    return np.argsort(-np.asarray(scores), kind="stable")
