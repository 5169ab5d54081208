"""A stretch of a document's text is shown as it is, with its quotes marked."""

from hypothesis import given
from hypothesis import strategies as st

from kb.display import Shown, display, pieces, pieces_of_markdown, with_header

TEXT = "# Title\n\nFirst line\nsecond line\n\nCity\tLimit\nBerlin\t150\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"


def words(block: Shown) -> str:
    if block.rows:
        return " / ".join(" ".join("".join(piece.text for piece in cell) for cell in row.cells) for row in block.rows)
    return "".join(piece.text for piece in block.pieces)


def test_headings_paragraphs_and_tables() -> None:
    blocks = display(TEXT, 0, {0: 1})
    assert [(block.kind, words(block)) for block in blocks] == [
        ("heading", "Title"),
        ("paragraph", "First line\nsecond line"),
        ("table", "City Limit / Berlin 150"),
        ("table", "a b / 1 2"),
    ]


def test_a_quote_is_marked_where_it_stands() -> None:
    offset = 1_000
    start = TEXT.index("line\nsecond")
    blocks = display(TEXT, offset, {}, [(offset + start, offset + start + len("line\nsecond"))])
    marked = [piece.text for block in blocks for piece in block.pieces if piece.marked]
    assert marked == ["line\nsecond"]


def test_a_quoted_row_is_marked_with_its_cells() -> None:
    start = TEXT.index("Berlin")
    table = display(TEXT, 0, {0: 1}, [(start, start + len("Berlin\t150"))])[2]
    assert [row.marked for row in table.rows] == [False, True]
    assert [piece.text for cell in table.rows[1].cells for piece in cell if piece.marked] == ["Berlin", "150"]


def test_lines_of_delimited_values_are_a_table() -> None:
    text = 'City,Hotel,"Limit, EUR"\nBerlin,"The ""Spree""",150\n柏林,,\n'
    start = text.index("Berlin")
    (table,) = display(text, 7, {}, [(7 + start, 7 + text.index("\n柏林"))], delimiter=",")
    assert words(table) == 'City Hotel Limit, EUR / Berlin The ""Spree"" 150 / 柏林  '
    assert [piece.text for cell in table.rows[1].cells for piece in cell if piece.marked] == [
        "Berlin", 'The ""Spree""', "150",
    ]  # fmt: skip
    assert table.first_mark is table.rows[1].cells[0][0]


def test_columns_of_amounts_are_known_under_a_header_or_their_first_row() -> None:
    text = "City\tLimit\tFrom\tShare\tPhone\nBerlin\t1,150.50\t2026-01-01\t12 %\t030 12 34\n柏林\t-20\t\t–\t110\n"
    (table,) = display(text, 0, {})
    assert table.numbers == {1, 3}
    assert with_header(table, [table]).numbers == {1, 3}
    (row,) = display("Berlin\t150\tEUR 150\t3万元\t1.2.3\n", 0, {})
    assert row.numbers == {1, 2, 3}
    assert display("A\tB\n\t\n", 0, {})[0].numbers == frozenset()


def test_what_markdown_calls_strong_is_strong_and_quotes_stay_in_their_place() -> None:
    text = "Up to **3 days per week**, 2 ** 3.\n"
    start = text.index("days")
    (block,) = display(text, 5, {}, [(5 + start, 5 + text.index("2"))], markdown=True)
    assert [(piece.text, piece.marked, piece.strong) for piece in block.pieces] == [
        ("Up to ", False, False),
        ("3 ", False, True),
        ("days per week", True, True),
        (", ", True, False),
        ("2 ** 3.", False, False),
    ]
    assert words(display(text, 5, {})[0]) == text.strip()
    (table,) = display("| **a** | b |\n", 0, {}, markdown=True)
    assert words(table) == "a b"


@given(st.text(alphabet="a*\n ", max_size=40), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=3))
def test_markdown_loses_nothing_but_its_asterisks(text: str, quotes: list[tuple[int, int]]) -> None:
    shown = "".join(piece.text for piece in pieces_of_markdown(text, 0, quotes))
    assert shown.replace("*", "") == text.replace("*", "")


@given(st.text(), st.integers(0, 50), st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), max_size=4))
def test_no_character_is_lost(text: str, offset: int, quotes: list[tuple[int, int]]) -> None:
    assert "".join(piece.text for piece in pieces(text, offset, quotes)) == text


@given(st.text(alphabet="a |\t\n#-", max_size=60))
def test_any_text_can_be_shown(text: str) -> None:
    for block in display(text, 0, {}, [(3, 9)]) + display(text, 0, {}, [(3, 9)], delimiter="|"):
        assert block.kind in ("heading", "paragraph", "table")


def test_a_row_of_endless_white_space_is_a_row() -> None:
    text = "a" + " " * 200_000 + "\tb\n"
    assert [words(block) for block in display(text, 0, {})] == ["a b"]
    assert words(display(" " * 200_000 + "a,b", 0, {}, delimiter=",")[0]) == "a b"
