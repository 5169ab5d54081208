"""Which terms of a question are read to find passages, and which only score what others found."""

import pytest

from kb.candidates import READ_AT_MOST, READ_ENOUGH, Term, _rarest


def chosen(*terms: tuple[int, float]) -> int:
    """How many of the terms, given by the passages that hold them and their idf, are read."""
    return len(_rarest([Term(str(place), place, passages, idf) for place, (passages, idf) in enumerate(terms)]))


def test_all_terms_of_a_small_library_are_read() -> None:
    assert chosen((3, 8.0), (40, 6.0), (900, 3.0), (READ_ENOUGH - 1_000, 0.5)) == 4


def test_common_terms_are_not_read_where_rare_ones_tell_enough() -> None:
    assert chosen((10, 9.0), (500, 6.0), (30_000, 2.0)) == 2


def test_common_terms_are_read_where_the_others_tell_too_little() -> None:
    assert chosen((15_000, 3.0), (20_000, 2.7), (25_000, 2.5)) == 2
    assert chosen((10, 5.0), (30_000, 2.3)) == 2


@pytest.mark.parametrize("passages", [1, READ_AT_MOST + 1])
def test_one_term_is_always_read(passages: int) -> None:
    assert chosen((passages, 1.0)) == 1


def test_nobody_reads_more_than_is_bearable() -> None:
    assert chosen((READ_AT_MOST, 2.0), (READ_AT_MOST + 1, 1.9)) == 1
