"""What counts as a term, and that documents and questions agree on it."""

import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import lexical
from kb.lexical import alternative_terms, fold, question_terms, term_key, terms, weighted_terms
from llm.chinese import CHARACTERS, simplified


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
    ("written", "usual"),
    [
        ("隨著", "随着"),  # Taiwan
        ("隨着", "随着"),  # Hong Kong
        ("臺北市", "台北市"),
        ("裡面", "里面"),
        ("裏面", "里面"),
        ("衛生", "卫生"),
        ("衞生", "卫生"),
        ("瞭解", "了解"),
        ("答覆", "答复"),
        ("週年佈告", "周年布告"),
        ("僱員諮詢", "雇员咨询"),
        ("啓動", "启动"),
        ("線路、綫路", "线路、线路"),
    ],
)
def test_variant_characters_are_one(written: str, usual: str) -> None:
    assert terms(written) == terms(usual)


def test_no_variant_is_left_in_what_it_is_folded_to() -> None:
    for variant, usual in map(tuple, CHARACTERS.split()):
        assert fold(variant) == fold(usual) == usual


@pytest.mark.parametrize(
    ("question", "alternative"),
    [
        ("軟體怎麼更新？", "软件"),
        ("软件怎么更新？", "软体"),
        ("計程車費", "出租"),
        ("出租车费", "的士"),
        ("手機沒有網路", "网络"),
    ],
)
def test_words_of_other_regions_are_looked_for_too(question: str, alternative: str) -> None:
    assert alternative in alternative_terms(question)
    assert not set(alternative_terms(question)) & set(question_terms(question))


@pytest.mark.parametrize(
    ("question", "written"),
    [
        ("工牌丢了怎么办", "遗失"),
        ("識別證丟了怎麼辦", "遗失"),
        ("爷爷去世可以请几天假", "丧假"),
        ("谁没来开会", "缺席"),
    ],
)
def test_what_people_say_every_day_is_looked_for_as_rules_write_it(question: str, written: str) -> None:
    assert written in alternative_terms(question)


def test_what_rules_write_is_not_looked_for_in_everyday_words() -> None:
    assert "丢了" not in alternative_terms("遗失工牌如何补办？")


def test_most_questions_have_no_alternatives() -> None:
    assert alternative_terms("How many days of leave do I get?") == []
    assert alternative_terms("试用期多长？") == []


@pytest.mark.parametrize(
    ("question", "text", "missing"),
    [
        ("有給休暇は何日ありますか？", "年次有給休暇は20日です。", "給休"),
        ("ホテルの上限額", "ホテル代の上限額は一泊15000円です。", "限額"),
        ("연차휴가는 며칠입니까?", "직원의 연차휴가는 15일입니다.", "휴가"),
        ("출장 숙박비 한도", "출장시 숙박비의 한도는 하루 10만원", "박비"),
        ("วันลาพักร้อน", "พนักงานมีวันลาพักร้อน 10 วัน", "ลา"),
    ],
)
def test_words_without_spaces_are_found_by_pairs(question: str, text: str, missing: str) -> None:
    shared = set(question_terms(question)) & set(terms(text))
    assert fold(missing) in shared
    assert len(shared) >= 2


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the hotel limit?", ["hotel", "limit"]),
        ("How many days of leave do I get?", ["day", "leav", "get"]),
        ("出差住宿标准是多少？", ["出", "差", "出差", "住", "差住", "宿", "住宿", "标", "宿标", "准", "标准", "准是"]),
        ("请问年假有几天？", ["年", "假", "年假", "有", "假有", "天"]),
        ("hotel hotel HOTELS", ["hotel"]),
        ("年假幾多日？", ["年", "假", "年假", "日"]),
        ("年假是甚麼？", ["年", "假", "年假", "假是"]),
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


def test_folding_leaves_out_no_character() -> None:
    """What a text is looked through for before it is folded is not missed in any of them."""
    for code in range(0x80, 0x30000):
        folded = simplified(unicodedata.normalize("NFKC", chr(code)))
        assert fold(chr(code)) == "".join(_without_marks(character) for character in folded), hex(code)


def _without_marks(character: str) -> str:
    if not ("\u00c0" <= character <= "\u024f" or "\u1e00" <= character <= "\u1eff"):
        return character
    return "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))


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
