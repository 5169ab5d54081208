"""Marks in a stream cut anywhere, and the literal words behind a sentence."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agents.citations import Mark, MarkReader, align, plain

ANSWER = (
    "Annual leave is 15 days [3]. It carries over.[1][2] See `a[1]` and\n```py\nx[1] ``\n[2]\n```\nok 【4】。"
    "第二条：年假十五天[^2]。"
    " [5](http://x) list[0] and\n~~~\n[3]\n~~~\n- item [1, 2]\n| a | 5 [3] |\n``b[1]`` e.g. this [1，2]\n"
    "So it is [Source 3], [来源：1] and 【2†Leave 2024】. [x] is open, [Source of all] not.\n"
)


def read(pieces: list[str]) -> list[str | Mark]:
    reader = MarkReader()
    items = [item for piece in pieces for item in reader.feed(piece)] + list(reader.end())
    joined: list[str | Mark] = []
    for item in items:
        if isinstance(item, str) and joined and isinstance(joined[-1], str):
            joined[-1] += item
        else:
            joined.append(item)
    return joined


def test_every_way_to_cite_is_read() -> None:
    marks = [item for item in read([ANSWER]) if isinstance(item, Mark)]
    assert [mark.sources for mark in marks] == [
        (3,), (1,), (2,), (4,), (2,), (0,), (1, 2), (3,), (1, 2), (3,), (1,), (2,),
    ]  # fmt: skip
    assert [mark.sentence for mark in marks[:4]] == [
        "Annual leave is 15 days", "It carries over.", "It carries over.", "ok",
    ]  # fmt: skip
    assert marks[4].sentence == "第二条：年假十五天"
    assert marks[7].sentence == "| a | 5"


def test_code_and_links_keep_their_brackets() -> None:
    text = "".join(item for item in read([ANSWER]) if isinstance(item, str))
    for kept in ("`a[1]`", "x[1] ``\n[2]", "[5](http://x)", "~~~\n[3]\n~~~", "``b[1]``", "[x]", "[Source of all]"):
        assert kept in text
    assert "15 days. It" in text


def test_images_are_let_through_as_links_alone() -> None:
    text = "So it is![1] ![x](https://evil.example/?d=1) `v![x](y)` and ![2](z)![r][s] end!"
    items = [item for cut in (1, 3, 200) for item in [read([text[i : i + cut] for i in range(0, len(text), cut)])]]
    kept = ["".join(item for item in one if isinstance(item, str)) for one in items]
    assert set(kept) == {"So it is! [x](https://evil.example/?d=1) `v![x](y)` and [2](z)[r][s] end!"}


@given(st.lists(st.integers(0, len(ANSWER)), max_size=40))
def test_it_does_not_matter_where_the_stream_is_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(ANSWER)]
    assert read([ANSWER[start:end] for start, end in pairwise(places)]) == read([ANSWER])


@example("【1\n】", 1)
@example("\n\n【``[1\n`a[1]`", 2)
@given(st.text(alphabet="a1! [](),，【】`~\n.。^:†", max_size=60), st.integers(1, 7))
def test_no_text_is_lost_and_cuts_change_nothing(text: str, size: int) -> None:
    whole = read([text])
    assert read([text[start : start + size] for start in range(0, len(text), size)]) == whole
    kept = "".join(item for item in whole if isinstance(item, str))
    remaining = iter(text)
    assert all(char in remaining for char in kept)


def test_a_mark_after_a_line_break_belongs_to_the_line_before() -> None:
    (mark,) = (item for item in read(["It is so.\nIt carries over.\n[1]"]) if isinstance(item, Mark))
    assert mark.sentence == "It carries over."


def test_a_mark_behind_several_clauses_stands_for_all_that_were_not_cited() -> None:
    text = (
        "City: Tokyo; peak limit: 24000; months: April [1]\n婚假13天；陪产假20天[1]。Meals are paid [2]; taxis not [3]."
    )
    marks = [item.sentence for item in read([text]) if isinstance(item, Mark)]
    assert marks == [
        "City: Tokyo; peak limit: 24000; months: April", "婚假13天；陪产假20天", "Meals are paid", "taxis not",
    ]  # fmt: skip


def test_of_a_row_with_labels_the_values_are_quoted() -> None:
    table = "City\tCountry\tLimit per night\tPeak limit\nBerlin\tGermany\t150\nHamburg\tGermany\t145"
    span = align("City: Berlin; Country: Germany; Limit per night: 150", table)
    assert table[span.start : span.end] == "Berlin\tGermany\t150"


def test_a_reader_may_begin_in_the_middle_of_an_answer() -> None:
    reader = MarkReader("Annual leave is 15 days [1]. It carr")
    items = list(reader.feed("ies over [2]")) + list(reader.end())
    assert items[-1] == Mark((2,), "It carries over", " ")


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("You have fifteen days of annual leave", "Annual leave is 15 days a year."),
        ("Up to 5 days carry over", "Unused leave of up to 5 days carries over."),
        ("年假15天", "Annual leave is 15 days a year."),
        ("Up to 5 days carry over; ask HR by mail", "Unused leave of up to 5 days carries over. Ask HR."),
    ],
)
def test_the_sentence_a_claim_rests_on_is_found(sentence: str, quote: str) -> None:
    passage = "Staff get leave. Annual leave is 15 days a year. Unused leave of up to 5 days carries over. Ask HR."
    span = align(sentence, passage)
    assert passage[span.start : span.end] == quote


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("年假为15天", "员工每年享有十五天年假。"),
        ("结转最多五天", "未休年假最多可结转5天。"),
        ("Nothing in common at all", "员工每年享有十五天年假。未休年假最多可结转5天。请联系人力资源部。"),
    ],
)
def test_chinese_sentences_are_found(sentence: str, quote: str) -> None:
    passage = "员工每年享有十五天年假。未休年假最多可结转5天。请联系人力资源部。"
    span = align(sentence, passage)
    assert passage[span.start : span.end] == quote


def test_a_row_of_a_table_is_quoted_alone() -> None:
    passage = "| City | Limit |\n| --- | --- |\n| Berlin | 180 |\n| Paris | 220 |\n"
    span = align("In Paris up to 220 euros are paid", passage)
    assert passage[span.start : span.end] == "| Paris | 220 |"


@given(st.text(max_size=80), st.text(max_size=200))
def test_a_quote_is_always_a_part_of_its_passage(sentence: str, passage: str) -> None:
    span = align(sentence, passage)
    assert 0 <= span.start <= span.end <= len(passage)


def test_an_answer_without_its_marks() -> None:
    assert plain("It is 15 days [1][2]. 是【3】。 See [4](x).") == "It is 15 days. 是。 See [4](x)."


@pytest.mark.parametrize(
    ("written", "leaves"),
    [
        ("See ![x](https://evil.example/p.png).", "See [x](https://evil.example/p.png)."),
        ("<img src=https://evil.example/p.png>", "&lt;img src=https://evil.example/p.png>"),
        ("a ` ![x](y) <svg/onload=z>", "a ` [x](y) &lt;svg/onload=z>"),
        ("a ` b\n\n![x](y) ` c", "a ` b\n\n[x](y) ` c"),
        ("```a`b ![x](y)", "```a`b [x](y)"),
        ("Write `![x](y)` or `<b>`.", "Write `![x](y)` or `<b>`."),
        ("```html\n<img src=x>\n```\n<!-- c -->", "```html\n<img src=x>\n```\n&lt;!-- c -->"),
        ("3 < 4, x <= y and <https://example.com/a>", "3 < 4, x <= y and <https://example.com/a>"),
        ("如果 x<y，则为 <b>真</b>。", "如果 x&lt;y，则为 &lt;b>真&lt;/b>。"),
        ("` " + "x" * 1200 + " <img src=x>", "` " + "x" * 1200 + " &lt;img src=x>"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 5, 10_000])
def test_nothing_leaves_that_loads_by_itself(written: str, leaves: str, size: int) -> None:
    reader = MarkReader()
    pieces = [written[at : at + size] for at in range(0, len(written), size)]
    said = [one for piece in pieces for one in reader.feed(piece)] + list(reader.end())
    assert "".join(map(str, said)) == leaves
