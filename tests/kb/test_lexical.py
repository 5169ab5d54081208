"""What counts as a term, and that documents and questions agree on it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import lexical
from kb.lexical import fold, question_terms, term_key, terms, weighted_terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The hotels are booked", ["hotel", "book"]),
        ("Rule HR-2024-017", ["rule", "hr-2024-017", "hr", "2024", "017"]),
        ("v2.1", ["v2.1", "2", "1"]),
        ("1,000,000.50 euros", ["1000000.50", "euro"]),
        ("20GB", ["20gb", "20", "gb"]),
        ("state-of-the-art", ["stateoftheart", "state", "art"]),
        ("e-mail", ["email", "mail"]),
        ("getUserName", ["getusernam", "get", "user", "name"]),
        ("Spain's hotels", ["spain", "hotel"]),
        ("C++ and C#", ["c++", "c#"]),
        ("café naïve", ["cafe", "naiv"]),
        ("ＡＢＣ１２３", ["abc123", "abc", "123"]),
        ("年假", ["年", "假", "年假"]),
        ("茶", ["茶"]),
        ("年假的天数", ["年", "假", "年假", "假的", "天", "的天", "数", "天数"]),
        ("カタカナ", ["カタ", "タカ", "カナ"]),
        ("연차 휴가", ["연차", "휴가"]),
        ("Adobe的OnLocation", ["adob", "onloc", "locat"]),
        ("…?! — ", []),
        ("", []),
    ],
)
def test_the_terms_of_a_text(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_traditional_and_simplified_are_one() -> None:
    assert terms("差旅報銷規定") == terms("差旅报销规定")
    assert fold("ﬁle Ｑ１") == "file Q1"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the hotel limit?", ["hotel", "limit"]),
        ("How many days of leave do I get?", ["day", "leav", "get"]),
        ("出差住宿标准是多少？", ["出", "差", "出差", "住", "差住", "宿", "住宿", "标", "宿标", "准", "标准", "准是"]),
        ("请问年假有几天？", ["年", "假", "年假", "有", "假有", "天"]),
        ("hotel hotel HOTELS", ["hotel"]),
    ],
)
def test_questions_leave_out_what_only_asks(question: str, expected: list[str]) -> None:
    assert question_terms(question) == expected


def test_a_question_of_asking_words_alone_keeps_them() -> None:
    assert question_terms("who what") == ["who", "what"]
    assert question_terms("多少") == ["多", "少", "多少"]


def test_fields_weigh() -> None:
    weights = weighted_terms([(terms("hotel in a hotel"), 1.0), (terms("Hotel"), 2.0), (terms("rules"), 0.5)])
    assert weights == {"hotel": 4.0, "rule": 0.5}


def test_keys_are_signed_64_bit_and_lasting() -> None:
    assert term_key("hotel") == term_key("hotel") != term_key("hotels")
    assert -(2**63) <= term_key("年假") < 2**63
    assert term_key("hotel") == 5036618202547314845


text = st.text(max_size=200)


@given(text)
def test_any_text_has_terms_or_none_but_never_fails(value: str) -> None:
    for term in terms(value):
        assert term
        assert len(term) <= 64 + 2
        assert term == term.lower() or not term.isascii()


@given(text)
def test_a_question_finds_its_own_words(value: str) -> None:
    """What a question looks for stands in a document with the same text, unless cutting words out joined others."""
    if not any("\u3400" <= character <= "\u9fff" for character in value):
        assert set(question_terms(value)) <= set(terms(value))


@given(text, text)
def test_a_new_line_parts_terms(first: str, second: str) -> None:
    assert terms(first + "\n" + second)[: len(terms(first))] == terms(first)


@given(st.lists(st.sampled_from(["hotel", "HR-2024-017", "年假规定", "20GB", "getUserName"]), max_size=6))
def test_order_and_repetition_are_kept(words: list[str]) -> None:
    assert terms(" ".join(words)) == [term for word in words for term in terms(word)]


def test_words_are_stemmed_alike_by_many_threads_at_once() -> None:
    words = [
        f"{start}{end}"
        for start in ("organ", "general", "relat", "hop")
        for end in ("ization", "ized", "ing", "ational")
    ]
    many = [f"{prefix}{word}" for prefix in map(chr, range(ord("a"), ord("z") + 1)) for word in words]
    with ThreadPoolExecutor(8) as threads:
        at_once = list(threads.map(lambda word: question_terms(word), many))
    lexical._stem.cache_clear()
    assert at_once == [question_terms(word) for word in many]
