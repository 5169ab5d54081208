import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.local.dates import days
from llm.local.text import language_of, pieces, question_terms, sentences, terms


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Dr. Lee came. She left at 5 p.m. on Monday.", 2),
        ("The U.S. office opens at 9. It closes at 6.", 2),
        ("The rate is 3.5 percent. No more.", 2),
        ("年假最多结转5天。逾期作废！还有问题吗？", 3),
        ("他说：“可以。”然后走了。", 2),
        ("版本 2.1 已发布，见 example.com 网站。", 1),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, count: int) -> None:
    assert len(sentences(text)) == count


@given(st.text())
def test_no_character_is_lost_between_sentences(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


@given(st.text())
def test_pieces_joined_give_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


def test_pieces_are_about_a_word() -> None:
    assert pieces("The limit is 180 EUR.") == ["The", " limit", " is", " 180", " EUR."]
    assert len(pieces("住宿标准是每晚七百元")) == 5


def test_english_terms_are_stemmed_and_stop_words_left_out() -> None:
    assert set(terms("The reimbursed expenses")) == set(terms("reimburse expense"))
    assert "the" not in terms("the portal")


def test_chinese_terms_are_bigrams_and_single_characters() -> None:
    assert {"年假", "结转"} <= set(terms("年假结转"))


def test_single_capital_letters_are_terms_but_not_the_word_i() -> None:
    assert "=B" in terms("rating B")
    assert not terms("I")


def test_a_questions_terms_leave_out_the_asking() -> None:
    assert not {"多少", "什么"} & set(question_terms("住宿标准是多少？什么时候提高？"))
    assert question_terms("What is the limit?") == terms("limit")


@pytest.mark.parametrize("written", ["2026-05-18", "18 May 2026", "May 18, 2026", "2026年5月18日", "2026/5/18"])
def test_a_day_is_the_same_however_it_is_written(written: str) -> None:
    assert set(days(written)) == {"@05-18", "@2026-05-18"}


def test_a_day_without_a_year_and_what_is_no_day() -> None:
    assert list(days("on 3 June")) == ["@06-03"]
    assert list(days("2026-13-40, version 1.2.3")) == []


@pytest.mark.parametrize(
    ("text", "language"), [("Where is it?", "en"), ("在哪里？", "zh"), ("HG-3 网关在哪里", "zh"), ("", "en")]
)
def test_language(text: str, language: str) -> None:
    assert language_of(text) == language
