from llm.local.conversation import Source
from llm.local.grid import grid

ROTA = Source(
    1,
    "日期,名称,青岛,巴黎\n2026-01-01,元旦,休,休\n2026-02-17,春节,休,班\n2026-05-01,劳动节,休,休\n2026-07-14,国庆日,班,休\n2026-10-01,国庆节,休,班",
)
TOOLS = Source(2, "Tool\tLab\tOffice\nsaw\tyes\tno\nlamp\tyes\tyes\ncart\tno\tyes\nfan\tyes\tyes")


def test_marked_rows_are_counted_for_each_column() -> None:
    table = grid("2026年青岛和巴黎各有多少天放假？", [ROTA])
    assert table is not None
    assert {name: len(rows) for name, rows in table.columns.items()} == {"青岛": 4, "巴黎": 3}


def test_rows_marked_in_all_columns_are_shared() -> None:
    table = grid("Which holidays are days off in both offices?", [ROTA])
    assert table is not None
    assert [row.cells[0] for row in table.shared] == ["2026-01-01", "2026-05-01"]
    table = grid("Which tools are there in every place?", [TOOLS])
    assert table is not None
    assert [row.cells[0] for row in table.shared] == ["lamp", "fan"]


def test_other_questions_need_no_grid() -> None:
    assert grid("When is New Year?", [ROTA]) is None
    assert grid("How many people work in Oslo?", [ROTA, TOOLS]) is None
