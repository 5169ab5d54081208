"""Texts that repeat one character without end: read in one go, where a careless pattern would take hours."""

import pytest

from agents import facts
from agents.checks import Evidence, check
from agents.citations import MarkReader, plain
from agents.language import language_of
from agents.router import route
from agents.sentences import sentences
from agents.terms import numbers

MANY = 100_000


@pytest.mark.parametrize("row", [".", "…", "?", "a.", "[", "*"])
def test_a_row_of_stops_is_one_sentence(row: str) -> None:
    text = row * (MANY // len(row)) + "x"
    assert [text[start:end] for start, end in sentences(text)] == [text]


@pytest.mark.parametrize("before", [" ", "\t", "`"])
def test_a_mark_is_found_behind_a_long_row(before: str) -> None:
    text = f"a{before * MANY}b [1]"
    assert plain(text) == text.removesuffix(" [1]")


def test_a_stream_of_white_space_is_read() -> None:
    reader = MarkReader()
    parts = [*reader.feed("a" + " " * MANY + "b"), *reader.end()]
    assert "".join(str(part) for part in parts) == "a" + " " * MANY + "b"


@pytest.mark.parametrize("digit", ["1", "1,", "十", "百万"])
def test_rows_of_digits_are_no_amount(digit: str) -> None:
    assert len(facts.read(digit * MANY + "x").quantities) <= 1000
    assert len(numbers(digit * MANY + "x")) < 2


def test_numbers_are_read_whole() -> None:
    (days,), (yuan,) = facts.read("1,200.5 days").quantities, facts.read("二十万元").quantities
    assert (float(days.written), days.dimension) == (1200.5, "time")
    assert (int(yuan.value), yuan.dimension) == (200_000, "yuan")
    assert numbers("三百五十天") == {"350"}


@pytest.mark.parametrize("word", ["who ", "什么，", "“", "A-"])
def test_any_question_has_a_road(word: str) -> None:
    question = word * 5_000
    assert route(question)[0] in ("fast", "thinking")
    assert language_of(question) in ("en", "zh")


def test_a_row_of_table_marks_claims_nothing() -> None:
    answer = "|" + " " * MANY + "x"
    assert check(answer, Evidence(())).verdict == "uncited"
