"""Short forms of a question find what a text spells out, and nothing else that has the same letters."""

import pytest

from llm.local.abbreviations import IN_ORDER, SPELLED_OUT, abbreviated
from llm.local.glossary import translated


@pytest.mark.parametrize(
    ("question", "text", "worth"),
    [
        ("Who runs the IPCC?", "The Intergovernmental Panel on Climate Change is in Geneva.", SPELLED_OUT),
        ("What does R&D cost?", "Research and Development costs 2 million.", SPELLED_OUT),
        ("能开专票吗", "可以开具增值税专用发票。", IN_ORDER),
    ],
)
def test_what_spells_a_short_form_out_counts_for_it(question: str, text: str, worth: float) -> None:
    assert max((one for pattern, one in abbreviated(question).values() if pattern.search(text)), default=0) == worth


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Who runs the IPCC?", "It places people closely."),
        ("能开专票吗", "专家的意见以投票决定。"),
    ],
)
def test_the_same_letters_elsewhere_do_not(question: str, text: str) -> None:
    assert not any(pattern.search(text) for pattern, _ in abbreviated(question).values())


def test_words_that_share_a_stem_are_translated_each_by_its_own() -> None:
    assert "火车" not in translated("How large is the training budget?")
    assert "培训" in translated("How large is the training budget?")
    assert "火车" in translated("May I take the train to Hamburg?")
