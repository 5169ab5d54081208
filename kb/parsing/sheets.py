"""Workbooks (XLSX, XLS, XLSB, ODS): each sheet in parts, a row a line of cells separated by tabs."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from pathlib import Path

import python_calamine
from python_calamine import CalamineWorkbook

from kb.parsing.composer import HEADER_CHARACTERS, Composer, row_text
from kb.parsing.encodings import clean
from kb.parsing.errors import ParseError

PROGRESS_ROWS = 2_000

Cell = int | float | str | bool | datetime.time | datetime.date | datetime.datetime | datetime.timedelta


def parse(path: Path, out: Composer) -> None:
    """Hand on every visible sheet that holds anything. Raises `ParseError`: encrypted or damaged."""
    try:
        workbook = CalamineWorkbook.from_path(path)
    except python_calamine.PasswordError as error:
        raise ParseError("encrypted") from error
    except python_calamine.CalamineError as error:
        raise ParseError("damaged") from error
    for sheet in workbook.sheets_metadata:
        if (
            sheet.visible != python_calamine.SheetVisibleEnum.Visible
            or sheet.typ != python_calamine.SheetTypeEnum.WorkSheet
        ):
            continue
        out.page(label=clean(sheet.name))
        header = ""
        for row in _rows(workbook, sheet.name, out):
            out.add("row", row, header=header)
            header = header or (row[:HEADER_CHARACTERS] if "\t" in row else "")
    out.flush()


def _rows(workbook: CalamineWorkbook, name: str, out: Composer) -> Iterator[str]:
    try:
        rows: Iterable[list[Cell]] = workbook.get_sheet_by_name(name).iter_rows()
    except python_calamine.CalamineError:
        out.warnings.append(f"Sheet “{name}” is damaged and was left out.")
        return
    for number, row in enumerate(rows, 1):
        if number % PROGRESS_ROWS == 0:
            out.progress(number, None, "rows")
        if row.count("") < len(row):  # a stray cell far down leaves a million empty rows above it
            yield row_text(clean(cell_text(cell)) for cell in row)


def cell_text(cell: Cell) -> str:
    """A cell's value as a person writes it: no `.0`, no midnight, TRUE and FALSE as the sheet shows them."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return f"{cell:.15g}"
    if isinstance(cell, datetime.datetime):
        return cell.strftime("%Y-%m-%d" if cell.time() == datetime.time() else "%Y-%m-%d %H:%M:%S")
    return str(cell)
