"""Tables in PDFs come as rows of cells, with or without lines around them; what only stands in columns does not."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

from kb.parsing.layout import lay_out
from kb.parsing.parsed import Parsed
from kb.parsing.printed import PrintedLine
from kb.tabular import tables
from tests.kb.parsing.conftest import Reader, shapes

STYLE = getSampleStyleSheet()["BodyText"]
GRID = ("GRID", (0, 0), (-1, -1), 0.5, "black")
FIGURES = [
    ["Segment", "Revenue 2025 (EUR m)", "Revenue 2024 (EUR m)"],
    ["Contract logistics", "412.8", "371.0"],
    ["Freight forwarding", "289.5", "268.2"],
    ["Terminals", "140.3", ""],
    ["Total", "842.6", "756.4"],
]


def _pdf(*story: Any) -> bytes:
    file = io.BytesIO()
    SimpleDocTemplate(file).build(list(story))
    return file.getvalue()


def _rows(document: Parsed) -> list[list[str]]:
    return [text.split("\t") for kind, text in shapes(document) if kind == "row"]


def test_cells_between_lines_are_kept_apart_however_narrow(parsed: Reader) -> None:
    document = parsed(
        "a.pdf", _pdf(Paragraph("Segments", STYLE), Table(FIGURES, style=[GRID, ("PADDING", (0, 0), (-1, -1), 1)]))
    )
    assert _rows(document) == FIGURES
    header = "\t".join(FIGURES[0])
    assert [block.header for block in document.blocks if block.kind == "row"] == ["", *[header] * 4]


def test_columns_without_lines_are_a_table_too(parsed: Reader) -> None:
    assert _rows(parsed("a.pdf", _pdf(Table(FIGURES)))) == FIGURES


def test_a_title_between_rows_stays_in_the_table(parsed: Reader) -> None:
    figures = [
        ["", "2025", "2024"],
        ["Assets", "", ""],
        ["Cash", "12", "14"],
        ["Stock", "7", "6"],
        ["Debts", "9", "11"],
    ]
    found = _rows(
        parsed("a.pdf", _pdf(Table(figures, colWidths=[150, 80, 80], style=[("ALIGN", (0, 0), (0, -1), "LEFT")])))
    )
    assert found[-4:] == [["Assets", "", ""], ["Cash", "12", "14"], ["Stock", "7", "6"], ["Debts", "9", "11"]]


def test_the_lines_of_a_wrapped_cell_stay_together_and_each_has_its_box(parsed: Reader) -> None:
    long = Paragraph("Laptops and telephones of people who work outside of the office", STYLE)
    document = parsed(
        "a.pdf", _pdf(Table([["Item", "Limit"], [long, "900"], ["Bags", "40"]], colWidths=[120, 60], style=[GRID]))
    )
    assert _rows(document) == [
        ["Item", "Limit"],
        ["Laptops and telephones of people who work outside of the office", "900"],
        ["Bags", "40"],
    ]
    [page] = document.pages
    wrapped = [
        line for line in page.lines if page.text[line.start : line.end].split()[0] in ("Laptops", "who", "people", "of")
    ]
    assert len(wrapped) > 1
    assert len({line.box[1] for line in wrapped}) == len(wrapped)


def test_cells_put_together_count_once(parsed: Reader) -> None:
    figures = [["Hotel limits", "", ""], ["City", "Low", "High"], ["Berlin", "120", "180"], ["Munich", "130", "210"]]
    document = parsed("a.pdf", _pdf(Table(figures, style=[GRID, ("SPAN", (0, 0), (2, 0))])))
    assert _rows(document)[0] == ["Hotel limits", "", ""]
    assert _rows(document)[2] == ["Berlin", "120", "180"]


def test_a_table_goes_on_overleaf_under_the_same_header(parsed: Reader) -> None:
    rows = [["Room", "Floor", "Seats"], *[[f"R{number}", str(number % 9), str(number)] for number in range(70)]]
    document = parsed("a.pdf", _pdf(Paragraph("Rooms", STYLE), Table(rows, colWidths=[90, 90, 90], style=[GRID])))
    assert len(document.pages) > 1
    assert {block.header for block in document.blocks if block.kind == "row"} == {"", "Room\tFloor\tSeats"}
    batches = list(tables(document.parts()))
    assert sum(len(batch.rows) for batch in batches) == 70
    assert {tuple(column.name for column in batch.table.columns) for batch in batches} == {("Room", "Floor", "Seats")}


def test_prose_in_two_columns_and_justified_prose_are_no_tables(parsed: Reader) -> None:
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4)
    for left in (60, 320):
        for line in range(20):
            canvas.drawString(left, 760 - 14 * line, f"Words of line {line} run on in this column of")
    canvas.showPage()
    canvas.save()
    document = parsed("a.pdf", file.getvalue())
    assert _rows(document) == []
    assert document.text.index("line 19") < document.text.index("line 1 ", document.text.index("line 19"))
    justified = getSampleStyleSheet()["BodyText"].clone("justified", alignment=4)
    prose = "Extraordinarily long designations characterise administrative correspondence everywhere. " * 6
    assert _rows(parsed("b.pdf", _pdf(Table([[Paragraph(prose, justified)]], colWidths=[190]), Spacer(1, 5)))) == []


def test_what_a_scan_shows_in_columns_is_a_table() -> None:
    def line(text: str, left: float, top: float) -> PrintedLine:
        return PrintedLine(text, (left, top, left + 0.012 * len(text), top + 0.015))

    texts: Sequence[tuple[str, str, str]] = [
        ("办公室", "司龄", "天数"),
        ("杭州", "不满3年", "10天"),
        ("柏林", "不分", "28天"),
    ]
    lines = [
        line(cell, left, 0.2 + 0.03 * number)
        for number, row in enumerate(texts)
        for cell, left in zip(row, (0.1, 0.4, 0.7), strict=True)
    ]
    assert lay_out(lines).text == "办公室\t司龄\t天数\n杭州\t不满3年\t10天\n柏林\t不分\t28天\n"
