"""Tables read off a document's rows: which there are, what their columns hold, and where each row stands."""

from collections.abc import Callable

import pytest

from kb.parsing import Parsed
from kb.tabular import Batch, Column, cells_of, tables
from tests.kb.parsing.conftest import parsed, sample  # noqa: F401  fixtures

Reader = Callable[..., Parsed]
MARKDOWN = """# Offices

Where we are.

| Office | Opened | Desks | Rent |
|:--|--:|--:|--:|
| **Berlin** | 2019-05-01 | 40 | €12,500.50 |
| Hangzhou | 2015-01-31 | 220 | €8,000 |
| Remote \\| none | | - | |

After the table.

## 部门

| 部门 | 人数 |
|---|---|
| 研发 | 12 |
| 财务 | 4 |
"""
CSV = 'Code;Note;Paid\n007;"two\nlines";TRUE\n008;plain;false\n'


def read(document: Parsed) -> list[tuple[str, list[str], list[list[str]]]]:
    """Each table's name, its columns as "name type unit", and its cells."""
    found: dict[int, tuple[str, list[str], list[list[str]]]] = {}
    for batch in tables(document.parts(), document.media_type):
        _, columns, rows = found.setdefault(batch.table.ordinal, (batch.table.name, [], []))
        rows += [row[2:] for row in batch.rows]
        if batch.last:
            columns += [" ".join(map(str, column.told().values())) for column in batch.table.columns]
    return list(found.values())


def test_tables_of_markdown(parsed: Reader) -> None:  # noqa: F811
    offices, departments = read(parsed("offices.md", MARKDOWN))
    assert offices[0] == "Offices"
    assert offices[1] == ["Office text", "Opened date", "Desks integer", "Rent number € 2"]
    assert offices[2][0] == ["Berlin", "2019-05-01", "40", "€12,500.50"]
    assert offices[2][2] == ["Remote | none", "", "-", ""]
    assert departments == ("部门", ["部门 text", "人数 integer"], [["研发", "12"], ["财务", "4"]])


def test_each_row_stands_where_it_says(parsed: Reader) -> None:  # noqa: F811
    for document in (parsed("offices.md", MARKDOWN), parsed("codes.csv", CSV)):
        batches = list(tables(document.parts(), document.media_type))
        for start, end, first, *_ in [row for batch in batches for row in batch.rows]:
            assert first.partition(" |")[0] in document.text[start:end]
            assert "\n\n" not in document.text[start:end]
        for table in [batch.table for batch in batches if batch.last]:
            assert document.text[table.header_start : table.header_end].strip() == table.header.strip()
            assert table.header_end < table.end <= len(document.text)


def test_values_of_csv_are_read_as_the_file_means_them(parsed: Reader) -> None:  # noqa: F811
    ((_, columns, rows),) = read(parsed("codes.csv", CSV))
    assert columns == ["Code text", "Note text", "Paid boolean"]
    assert rows == [["007", "two lines", "TRUE"], ["008", "plain", "false"]]


def test_a_long_sheet_comes_in_batches(parsed: Reader) -> None:  # noqa: F811
    lines = "".join(f"{number},name {number},{number / 4}\n" for number in range(1, 8_001))
    document = parsed("long.csv", "Number,Name,Share\n" + lines)
    batches: list[Batch] = list(tables(document.parts(), document.media_type))
    assert len(document.pages) > 1
    assert {batch.table.ordinal for batch in batches} == {0}
    assert max(len(batch.rows) for batch in batches) == 500
    assert [batch.first for batch in batches[:3]] == [1, 501, 1001]
    assert batches[-1].table.row_count == 8_000
    assert [column.type for column in batches[-1].table.columns] == ["integer", "text", "number"]


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["1", "2.50", ""], {"name": "x", "type": "number", "decimals": 2}),
        (["12 %", "7%"], {"name": "x", "type": "integer", "unit": "%"}),
        (["€5", "$5"], {"name": "x", "type": "text"}),
        (["1,234", "-5"], {"name": "x", "type": "integer"}),
        (["0012", "3"], {"name": "x", "type": "text"}),
        (["1234567890123456789"], {"name": "x", "type": "text"}),
        (["2026-01-02", "2026/1/31"], {"name": "x", "type": "date"}),
        (["2026-01-02 10:30"], {"name": "x", "type": "timestamp"}),
        (["N/A", "无"], {"name": "x", "type": "text"}),
        (["1", "one"], {"name": "x", "type": "text"}),
    ],
)
def test_what_a_column_holds(cells: list[str], told: dict[str, object]) -> None:
    column = Column("x")
    for cell in cells:
        column.see(cell)
    assert column.told() == told


def test_cells_of_a_row() -> None:
    assert cells_of("\tb\tc") == ["", "b", "c"]
    assert cells_of("| a | `b` |  |") == ["a", "b", ""]
    assert cells_of("a | b") == ["a", "b"]
    assert cells_of("alone") == ["alone"]


def test_names_are_unique(parsed: Reader) -> None:  # noqa: F811
    (table,) = tables(parsed("twice.csv", 'A,a,,"x ""y"""\n1,2,3,4\n').parts(), "text/csv")
    assert [column.name for column in table.table.columns] == ["A", "a 2", "column 3", "x y"]
