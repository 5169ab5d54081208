"""Workbooks: each second-level heading is a sheet, its table becomes cells, numbers become numbers."""

from __future__ import annotations

import re
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from samples.rendering.archive import stop_clocks
from samples.rendering.blocks import Block

_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def write_xlsx(blocks: list[Block], target: Path) -> None:
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    workbook.properties.creator = "Tidelark Instruments"
    workbook.properties.title = blocks[0].text
    sheet: Worksheet | None = None
    for block in blocks[1:]:
        if block.kind == "heading":
            sheet = workbook.create_sheet(block.text)
            continue
        if sheet is None:
            raise ValueError("A workbook's first block must be the heading of a sheet.")
        _add(sheet, block)
    workbook.save(target)
    stop_clocks(target)


def _add(sheet: Worksheet, block: Block) -> None:
    if block.kind == "paragraph":
        sheet.append([block.text])
        return
    for number, row in enumerate(block.rows):
        sheet.append([_value(text) for text in row])
        if number == 0:
            for cell in sheet[sheet.max_row]:
                cell.font = Font(bold=True)
    for column in "ABCDEFGH"[: len(block.rows[0])]:
        sheet.column_dimensions[column].width = 22


def _value(text: str) -> str | int | float | None:
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)
