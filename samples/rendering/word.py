"""Word files with real heading styles, lists and tables."""

from __future__ import annotations

from pathlib import Path

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.text import WD_BREAK
from docx.oxml.ns import qn

from samples.rendering.archive import stop_clocks
from samples.rendering.blocks import Block


def write_docx(blocks: list[Block], target: Path) -> None:
    document = Document()
    normal = document.styles["Normal"]
    normal.font.name = "Calibri"
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), "Noto Sans CJK SC")
    document.core_properties.author = "Tidelark Instruments"
    document.core_properties.title = blocks[0].text
    for block in blocks:
        _add(document, block)
    document.save(str(target))
    stop_clocks(target)


def _add(document: WordDocument, block: Block) -> None:
    match block.kind:
        case "heading":
            document.add_heading(block.text, level=block.level - 1)
        case "paragraph":
            document.add_paragraph(block.text)
        case "bullets" | "numbers":
            style = "List Bullet" if block.kind == "bullets" else "List Number"
            for item in block.items:
                document.add_paragraph(item, style=style)
        case "table":
            table = document.add_table(rows=0, cols=len(block.rows[0]), style="Table Grid")
            for row in block.rows:
                for cell, text in zip(table.add_row().cells, row, strict=True):
                    cell.text = text
            document.add_paragraph()
        case "page":
            document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
