"""What changed between two texts: nothing lost, words and characters marked, bounded work."""

import random
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from kb.differences import Change, Paragraph, compare, paragraphs, words

OLD = "# Travel\n\nHotels are paid up to 150 euros.\n\nTrains run in second class.\n\nAsk your manager.\n"
NEW = "# Travel\n\nHotels are paid up to 180 euros.\n\nAsk your manager.\n\nFlights need a form.\n"


def changes(old: str, new: str) -> list[Change]:
    return compare(list(paragraphs(old, headings={0: 1})), list(paragraphs(new, headings={0: 1})))


def told(found: list[Change]) -> list[tuple[str, str]]:
    return [(change.kind, change.paragraph.text) for change in found]


def marked(old: str, new: str) -> str:
    signs = {"": "{}", "added": "+{}+", "removed": "-{}-"}
    return "".join(signs[piece.mark].format(piece.text) for piece in words(old, new))


def test_paragraphs_come_go_and_are_reworded() -> None:
    found = changes(OLD, NEW)
    assert told(found) == [
        ("same", "# Travel"),
        ("changed", "Hotels are paid up to 180 euros."),
        ("removed", "Trains run in second class."),
        ("same", "Ask your manager."),
        ("added", "Flights need a form."),
    ]
    assert found[0].paragraph.level == 1
    assert [(piece.mark, piece.text) for piece in found[1].pieces] == [
        ("", "Hotels are paid up to "),
        ("removed", "150"),
        ("added", "180"),
        ("", " euros."),
    ]


def test_chinese_is_compared_by_characters() -> None:
    assert marked("未休完的年休假最多可结转3天。", "未休完的年休假最多可结转5天，须于次年6月30日前休完。") == (
        "未休完的年休假最多可结转-3-+5+天+，须于次年6月30日前休完+。"
    )


def test_words_stay_whole() -> None:
    assert marked("Pay 1,200.50 by 2026-01-31", "Pay 1,300.50 by 2026-02-28") == (
        "Pay -1,200.50-+1,300.50+ by -2026-01-31-+2026-02-28+"
    )
    assert marked("don't go there", "do go there") == "-don't-+do+ go there"


def test_lines_broken_elsewhere_are_no_change() -> None:
    old, new = paragraphs("One long\nsentence here."), paragraphs("One long sentence\nhere.")
    assert [change.kind for change in compare(list(old), list(new))] == ["same"]


def test_each_row_of_a_table_is_compared() -> None:
    found = changes("City\tLimit\nBerlin\t150\nOslo\t170", "City\tLimit\nBerlin\t180\nOslo\t170")
    assert [change.kind for change in found] == ["same", "changed", "same"]


def test_the_same_text_has_no_changes() -> None:
    assert {change.kind for change in changes(OLD, OLD)} == {"same"}
    assert compare([], []) == []
    assert told(changes("", "One.")) == [("added", "One.")]


@given(st.lists(st.sampled_from("abcdefgh"), max_size=30), st.lists(st.sampled_from("abcdefgh"), max_size=30))
def test_every_paragraph_of_both_stands_there_once_in_order(old: list[str], new: list[str]) -> None:
    found = compare([Paragraph(text, place) for place, text in enumerate(old)], [Paragraph(text, 0) for text in new])
    assert [change.old.text for change in found if change.old] == old
    assert [change.new.text for change in found if change.new] == new


@given(st.text(max_size=60), st.text(max_size=60))
def test_the_pieces_say_both_wordings(old: str, new: str) -> None:
    found = words(old, new)
    assert "".join("".join(piece.text for piece in found if piece.mark != "added").split()) == "".join(old.split())
    assert "".join("".join(piece.text for piece in found if piece.mark != "removed").split()) == "".join(new.split())


@given(st.text(alphabet="ab\n\t #|", max_size=80))
def test_paragraphs_lose_nothing_and_know_their_place(text: str) -> None:
    found = list(paragraphs(text, 5, {5: 1}))
    assert "".join(chain.from_iterable(one.text.split() for one in found)) == "".join(text.split())
    assert all(text[one.start - 5 :].startswith(one.text) for one in found)


def test_large_texts_with_much_repeated_are_compared_in_bounded_work() -> None:
    chance = random.Random(7)
    old = [Paragraph(f"Line {chance.randrange(50)} says so", 0) for _ in range(20_000)]
    new = [one for one in old if chance.random() > 0.1] + [Paragraph("The end", 0)]
    found = compare(old, new)
    assert sum(change.new is not None for change in found) == len(new)
    long = "word " * 5_000
    assert [piece.mark for piece in words(long, long + "x")] == ["removed", "added"]
