"""Passages: literal, complete, along the document's structure, and of a useful size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.chunking import WIDE, PassageDraft, heading_text, passages
from kb.parsing import Block, ParsedPage, Part
from kb.parsing.composer import Composer
from kb.parsing.parsed import BlockKind

Item = tuple[BlockKind, str, int]


def document(*pages: Sequence[Item], numbered: bool = False, labels: Sequence[str] = ()) -> list[Part]:
    """Pages of blocks as a parser composes them."""
    parts: list[Part] = []
    out = Composer(parts.append)
    for index, items in enumerate(pages):
        out.page(index + 1 if numbered else None, labels[index] if labels else "")
        for kind, text, level in items:
            out.add(kind, text, level)
    out.flush()
    return parts


def full_text(parts: Sequence[Part]) -> str:
    return "".join(page.text for page, _ in parts)


def size(text: str) -> float:
    return sum(WIDE if "\u2e80" <= character <= "\uffef" else 1 for character in text)


def para(text: str) -> Item:
    return ("paragraph", text, 0)


def head(text: str, level: int = 1) -> Item:
    return ("heading", text, level)


KINDS: tuple[BlockKind, ...] = ("heading", "paragraph", "list_item", "code", "row")
WORDS = st.text(st.sampled_from("abc XYZ.,;\n\t年假规定。，！\u3000é𠮟"), max_size=400)
ITEMS = st.lists(st.tuples(st.sampled_from(KINDS), WORDS, st.integers(1, 6)), max_size=12)


@settings(max_examples=150, deadline=None)
@given(st.lists(ITEMS, max_size=4), st.booleans(), st.integers(20, 300))
def test_passages_are_literal_complete_and_bounded(pages: list[list[Item]], numbered: bool, target: int) -> None:
    parts = document(*pages, numbered=numbered)
    full, maximum = full_text(parts), target * 3 // 2
    drafts = list(passages(parts, target, maximum))
    reached = 0
    for number, draft in enumerate(drafts):
        assert draft.ordinal == number
        assert draft.text == full[draft.start : draft.end] == draft.text.strip() != ""
        assert draft.start >= reached
        assert not full[reached : draft.start].strip()
        assert size(draft.text) <= maximum + 2
        reached = draft.end
    assert not full[reached:].strip()


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=600), st.lists(st.tuples(st.integers(0, 600), st.integers(0, 600)), max_size=6))
def test_text_that_no_block_covers_is_not_lost(text: str, spans: list[tuple[int, int]]) -> None:
    blocks = tuple(Block("paragraph", min(span), max(span)) for span in spans if max(span) <= len(text))
    drafts = list(passages([(ParsedPage(1, "", text), blocks)], 80, 120))
    assert "".join("".join(draft.text.split()) for draft in drafts) == "".join(text.split())


def test_passages_begin_at_headings_and_carry_those_above() -> None:
    parts = document(
        [
            head("Travel"),
            head("Hotels", 2),
            para("Up to 150 a night."),
            head("Trains", 2),
            para("First class."),
            head("Leave"),
            para("Twenty days."),
        ]
    )
    drafts = list(passages(parts))
    assert [draft.heading_path for draft in drafts] == [("Travel", "Hotels"), ("Travel", "Trains"), ("Leave",)]
    assert drafts[0].text == "Travel\n\nHotels\n\nUp to 150 a night."


def test_long_sections_are_cut_between_paragraphs_at_the_target() -> None:
    sentence = "The policy says what people may spend on a trip. "
    parts = document([head("Rules"), *(para(sentence * 6) for _ in range(20))])
    drafts = list(passages(parts, 900, 1400))
    assert all(draft.text.endswith("trip.") and draft.heading_path == ("Rules",) for draft in drafts)
    assert all(500 <= len(draft.text) <= 1400 for draft in drafts)


def test_a_long_paragraph_is_cut_at_sentences() -> None:
    parts = document([para("This sentence is one of very many sentences. " * 100)])
    drafts = list(passages(parts))
    assert len(drafts) > 3
    assert all(draft.text.startswith("This") and draft.text.endswith("sentences.") for draft in drafts)


def test_chinese_passages_have_fewer_characters() -> None:
    parts = document([para("员工出差住宿费用按照城市等级报销，超过标准的部分由个人承担。" * 60)])
    drafts = list(passages(parts))
    assert all(400 <= len(draft.text) <= 600 and draft.text.endswith("。") for draft in drafts)


def test_a_short_rest_joins_its_section() -> None:
    parts = document([para("a " * 420), para("The rest."), head("Next"), para("Short.")])
    drafts = list(passages(parts, 850, 1400))
    assert drafts[0].text.endswith("The rest.")
    assert [draft.text for draft in drafts[1:]] == ["Next\n\nShort."]


def test_pages_are_not_crossed() -> None:
    parts = document([para("First page.")], [para("Second page.")], numbered=True)
    assert [(draft.page_from, draft.page_to) for draft in passages(parts)] == [(1, 1), (2, 2)]


@pytest.mark.parametrize(
    ("first", "second"),
    [("The sentence goes on", "and ends here."), ("员工出差的住宿费用按照", "城市等级报销。")],
)
def test_a_paragraph_may_cross_its_page(first: str, second: str) -> None:
    (draft,) = passages(document([para(first)], [para(second)], numbered=True))
    assert (draft.page_from, draft.page_to) == (1, 2)
    assert draft.text.split() == f"{first} {second}".split()


def test_headings_at_a_page_end_do_not_swallow_the_next_page() -> None:
    parts = document([head("Last line of a page")], [para("next page")], numbered=True)
    assert [draft.text for draft in passages(parts)] == ["Last line of a page", "next page"]


def test_sheets_and_attachments_start_afresh() -> None:
    parts = document([head("Mail"), para("Body.")], [para("Attached.")], labels=["", "notes.txt"])
    drafts = list(passages(parts))
    assert [(draft.label, draft.heading_path) for draft in drafts] == [("", ("Mail",)), ("notes.txt", ())]


def table(rows: int) -> list[Part]:
    parts: list[Part] = []
    out = Composer(parts.append)
    out.add("paragraph", "Limits by city:")
    out.table([["City", "Limit"], *([f"City number {number}", str(number)] for number in range(rows))])
    out.flush()
    return parts


def test_a_small_table_stays_with_its_introduction() -> None:
    (draft,) = passages(table(3))
    assert draft.kind == "text"
    assert draft.context == ""


def test_parts_of_a_long_table_carry_its_header() -> None:
    first, *others = passages(table(300))
    assert first.context == ""
    assert all(draft.kind == "table" and draft.context == "City\tLimit" for draft in others)
    assert all("City\tLimit" not in draft.text for draft in others)


def test_code_is_told_apart() -> None:
    parts = document([("code", "x = 1\n" * 400, 0)])
    drafts: list[PassageDraft] = list(passages(parts))
    assert {draft.kind for draft in drafts} == {"code"}
    assert all(draft.text.endswith("x = 1") for draft in drafts)


def test_blocks_may_come_unsorted() -> None:
    page, blocks = document([para("one"), para("two")])[0]
    shuffled = [(page, tuple(replace(block) for block in reversed(blocks)))]
    assert [draft.text for draft in passages(shuffled)] == ["one\n\ntwo"]


def test_an_empty_document_has_no_passages() -> None:
    assert list(passages([])) == []
    assert list(passages([(ParsedPage(1, "", " \n"), ())])) == []


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("## **The** [rules](a.md) ##", "The rules"),
        ("Title\n=====", "Title"),
        ("# Name {#name}", "Name"),
        ("C# and F#", "C# and F#"),
        ("snake_case_name", "snake_case_name"),
        ("第一章  总则", "第一章 总则"),
    ],
)
def test_heading_text(text: str, heading: str) -> None:
    assert heading_text(text) == heading


@pytest.mark.parametrize("row", [" ", "[", "{#", "*"])
def test_a_chapter_marked_as_a_heading_is_read_too(row: str) -> None:
    assert heading_text("Terms " + row * 500_000 + "x").startswith("Terms")
