"""BM25 scores and cosine similarities → one score. Pure.

BM25 adds up log-odds: each term of the question that a passage holds makes it so much likelier to answer. A similarity
becomes log-odds too, once it is counted in standard deviations above what passages usually show for this question and
multiplied by what such a deviation is worth with this embedding model. So the two add up, and each question is judged
by itself: where rare terms match, BM25 outweighs everything; where hardly a term does, similarity decides.

What a deviation is worth is not told but measured (`kb.calibration`): how often each method finds a passage by a
sentence cut out of it.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]

USUAL_WORTH = 1.7
USUAL_ODDS = 0.8
STEEPNESS = 1.75
LEAST_WORTH, MOST_WORTH = 0.1, 25.0
PRIOR_SAMPLES = 20
LEAST_NATIVE = 8


@dataclass(frozen=True, slots=True)
class Reliability:
    """How well both methods find a passage by a sentence cut out of it: mean reciprocal ranks over `samples` tries."""

    lexical: float = 0.0
    dense: float = 0.0
    samples: int = 0


def worth_of_deviation(measured: Reliability) -> float:
    """BM25 points that one standard deviation of similarity is worth.

    It grows with the odds of the dense method over those of the lexical one. Few samples count little against what
    is usual. The constants were set on seven public question sets with a weak and a strong embedding model.
    """
    ratio = math.log(_odds(measured.dense) / _odds(measured.lexical))
    usual = math.log(USUAL_ODDS)
    shrunk = (measured.samples * ratio + PRIOR_SAMPLES * usual) / (measured.samples + PRIOR_SAMPLES)
    worth = USUAL_WORTH * math.exp(STEEPNESS * (shrunk - usual))
    return min(max(worth, LEAST_WORTH), MOST_WORTH)


def fuse(
    lexical: Scores, similarity: Scores, measured: Reliability, foreign: NDArray[np.bool_] | None = None
) -> Scores:
    """One score for each candidate, in BM25 points; higher is better.

    Args:
        lexical: BM25 scores, 0 where no term occurs. Shape (candidates,).
        similarity: cosine similarities, NaN where a candidate has no vector. Shape (candidates,).
        foreign: which candidates are in another language than the question. Their words cannot match, so a score of
            0 says nothing about them; they are given what passages as similar as they are score on average.
    """
    known = ~np.isnan(similarity)
    if not known.any():
        return lexical
    mean, spread = float(similarity[known].mean()), float(similarity[known].std())
    if spread < 1e-6:
        return lexical
    deviations = np.where(known, (similarity - mean) / spread, 0.0)
    if foreign is not None and foreign.any():
        lexical = np.where(
            foreign & known, np.maximum(lexical, _usual_score(lexical, deviations, known & ~foreign)), lexical
        )
    return lexical + worth_of_deviation(measured) * deviations


def _usual_score(lexical: Scores, deviations: Scores, native: NDArray[np.bool_]) -> Scores:
    """What candidates with these deviations score on average, by a line through the native ones; 0 if they are few."""
    if native.sum() < LEAST_NATIVE or deviations[native].std() < 1e-6:
        return np.zeros_like(lexical)
    slope, level = np.polyfit(deviations[native], lexical[native], 1)
    line: Scores = level + max(float(slope), 0.0) * deviations
    return np.clip(line, 0.0, float(lexical[native].max()))


def order(scores: Scores) -> NDArray[np.intp]:
    """Positions of the scores, best first; equals keep their order."""
    return np.argsort(-scores, kind="stable")


def _odds(reciprocal_rank: float) -> float:
    bounded = min(max(reciprocal_rank, 0.01), 0.99)
    return bounded / (1 - bounded)
