"""Wording is found whatever its case, widths, forms and line breaks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.matching import folded, occurrences, part_of_line


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        ("Annual leave is 30 days.", "annual LEAVE", "Annual leave"),
        ("The limit\n  is 180 euros", "limit is 180", "limit\n  is 180"),
        ("每晚不超过\n一百八十欧元。", "不超过一百八十欧元", "不超过\n一百八十欧元"),
        ("员工 ＡＢＣ－１２３ 号", "abc-123", "ＡＢＣ－１２３"),
        ("the ﬁnal oﬃce", "final office", "ﬁnal oﬃce"),
        ("soft\u00adhyphen", "softhyphen", "soft\u00adhyphen"),
        ("cafe\u0301 au lait", "caf\u00e9 au", "cafe\u0301 au"),
        ("nbsp\u00a0here", "nbsp here", "nbsp\u00a0here"),
        ("KPI达成率 80%", "kpi达成率80%", "KPI达成率 80%"),
    ],
)
def test_wording_is_found_in_its_own_writing(text: str, wanted: str, found: str) -> None:
    assert [text[start:end] for start, end in occurrences(text, wanted)] == [found]


@pytest.mark.parametrize(("text", "wanted"), [("the rapist", "therapist"), ("abc", "abd"), ("anything", " ")])
def test_other_wording_is_not(text: str, wanted: str) -> None:
    assert list(occurrences(text, wanted)) == []


def test_every_place_is_found_once() -> None:
    assert list(occurrences("aaaa a a", "aa")) == [(0, 2), (2, 4)]


@given(st.text(max_size=60), st.data())
def test_what_is_found_says_the_same(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    part = text[start : data.draw(st.integers(start, len(text)))]
    spans = list(occurrences(text, part))
    assert all(folded(part) == folded(text[first:last]) for first, last in spans)


def test_a_place_in_a_line_follows_the_widths_of_its_characters() -> None:
    assert part_of_line("abcd", 1, 3) == (0.25, 0.75)
    assert part_of_line("中ab", 1, 3) == (0.5, 1.0)
    assert part_of_line("", 0, 0) == (0.0, 1.0)
