"""Fused lists are no worse than the better of both, whichever it is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.fusion import LEAST_WORTH, MOST_WORTH, Reliability, fuse, order, worth_of_deviation

PASSAGES, QUESTIONS = 150, 300


def found_at_first(scores: np.ndarray, right: np.ndarray) -> float:
    """The mean reciprocal rank of the right passages."""
    own = scores[np.arange(len(scores)), right][:, None]
    return float(np.mean(1 / (1 + (scores > own).sum(axis=1))))


def simulated(quality: float, chance: np.random.Generator, right: np.ndarray) -> np.ndarray:
    """Normal noise in which the right passage stands out by `quality` standard deviations, more or less."""
    scores = chance.normal(size=(QUESTIONS, PASSAGES))
    scores[np.arange(QUESTIONS), right] += chance.normal(quality, 1, QUESTIONS)
    return scores


@pytest.mark.parametrize("lexical_quality", [0.0, 1.5, 3.0, 5.0])
@pytest.mark.parametrize("dense_quality", [0.0, 1.5, 3.0, 5.0])
def test_fused_is_no_worse_than_the_better_half(lexical_quality: float, dense_quality: float) -> None:
    chance = np.random.default_rng(7)
    right = chance.integers(PASSAGES, size=QUESTIONS)
    lexical = 10 + 2.5 * simulated(lexical_quality, chance, right)
    dense = 0.3 + 0.09 * simulated(dense_quality, chance, right)
    alone = found_at_first(lexical, right), found_at_first(dense, right)
    measured = Reliability(*alone, samples=160)
    fused = np.array([fuse(words, near, measured) for words, near in zip(lexical, dense, strict=True)])
    assert found_at_first(fused, right) >= max(alone) - 0.02


def test_a_better_model_weighs_more() -> None:
    worths = [worth_of_deviation(Reliability(0.5, dense, 160)) for dense in (0.05, 0.3, 0.45, 0.6, 0.9)]
    assert worths == sorted(worths)
    assert worths[0] < 0.5 < 1.5 < worths[2] < worths[3] < worths[4] <= MOST_WORTH


def test_unmeasured_models_weigh_as_usual_and_few_samples_little() -> None:
    usual = worth_of_deviation(Reliability())
    assert usual == pytest.approx(1.7)
    assert usual < worth_of_deviation(Reliability(0.3, 0.9, 2)) < worth_of_deviation(Reliability(0.3, 0.9, 100))


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 10_000))
def test_the_worth_is_bounded(lexical: float, dense: float, samples: int) -> None:
    assert LEAST_WORTH <= worth_of_deviation(Reliability(lexical, dense, samples)) <= MOST_WORTH


def test_where_no_term_matches_similarity_decides() -> None:
    fused = fuse(np.zeros(3), np.array([0.1, 0.7, 0.4]), Reliability())
    assert list(order(fused)) == [1, 2, 0]


def test_without_vectors_words_decide() -> None:
    lexical = np.array([1.0, 3.0, 2.0])
    assert list(order(fuse(lexical, np.full(3, np.nan), Reliability()))) == [1, 2, 0]
    assert list(order(fuse(lexical, np.full(3, 0.5), Reliability()))) == [1, 2, 0]


def test_a_passage_without_a_vector_is_judged_by_its_words() -> None:
    fused = fuse(np.array([9.0, 2.0, 1.0]), np.array([np.nan, 0.3, 0.2]), Reliability())
    assert order(fused)[0] == 0


def test_rare_words_outweigh_likeness() -> None:
    """An identifier that stands in one passage alone makes that one the first, however alike others are."""
    fused = fuse(np.array([14.0, 0.5, 0.5]), np.array([0.2, 0.6, 0.55]), Reliability(0.5, 0.5, 160))
    assert order(fused)[0] == 0


def test_nothing_found_is_nothing_fused() -> None:
    assert len(fuse(np.array([]), np.array([]), Reliability())) == 0


def test_a_passage_in_another_language_is_judged_by_its_meaning() -> None:
    """Its words cannot match; it counts like a passage of the question's language that is as similar."""
    lexical = np.array([6.0, 5.0, 5.0, 4.0, 4.0, 3.0, 3.0, 2.0, 0.0])
    similarity = np.array([0.5, 0.45, 0.44, 0.4, 0.39, 0.35, 0.34, 0.3, 0.9])
    foreign = np.array([False] * 8 + [True])
    assert order(fuse(lexical, similarity, Reliability(), foreign))[0] == 8
    assert fuse(lexical, similarity, Reliability(), foreign)[8] > fuse(lexical, similarity, Reliability())[8]
    dull = np.append(similarity[:8], 0.31)
    assert order(fuse(lexical, dull, Reliability(), foreign))[0] == 0


def test_with_few_passages_in_the_own_language_nothing_is_given() -> None:
    lexical, similarity = np.array([6.0, 5.0, 0.0]), np.array([0.5, 0.4, 0.45])
    foreign = np.array([False, False, True])
    assert list(fuse(lexical, similarity, Reliability(), foreign)) == list(fuse(lexical, similarity, Reliability()))
