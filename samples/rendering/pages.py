"""Born-digital PDF files: headings, tables, page numbers, an outline and embedded Chinese type."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from samples.rendering.blocks import Block
from samples.rendering.fonts import CHINESE_FONT, is_chinese

_MARGIN = 22 * mm


def write_pdf(blocks: list[Block], target: Path) -> None:
    chinese = any(is_chinese(block.text) for block in blocks)
    template = _Template(
        str(target), pagesize=A4, leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN,
        bottomMargin=_MARGIN, title=blocks[0].text, author="Tidelark Instruments", invariant=1,
    )  # fmt: skip
    story = [flowable for block in blocks for flowable in _flowables(block, chinese)]

    def number(canvas: Canvas, _: SimpleDocTemplate) -> None:
        canvas.setFont(_regular(chinese), 8)
        canvas.drawCentredString(A4[0] / 2, 12 * mm, f"{blocks[0].text} · {canvas.getPageNumber()}")

    template.build(story, onFirstPage=number, onLaterPages=number)


class _Template(SimpleDocTemplate):  # type: ignore[misc]
    """A template that puts each heading into the outline."""

    def afterFlowable(self, flowable: Flowable) -> None:
        if isinstance(flowable, Paragraph) and flowable.style.name.startswith("h"):
            key = f"{self.page}-{id(flowable.style)}-{self.frame._y:.0f}"
            self.canv.bookmarkPage(key)
            level = int(flowable.style.name[1:]) - 1
            self.canv.addOutlineEntry(flowable.getPlainText(), key, level=level)


@lru_cache(maxsize=1)
def _register() -> str:
    pdfmetrics.registerFont(TTFont("Chinese", str(CHINESE_FONT)))
    return "Chinese"


def _regular(chinese: bool) -> str:
    return _register() if chinese else "Helvetica"


def _style(name: str, size: float, chinese: bool, bold: bool = False) -> ParagraphStyle:
    font = _regular(chinese) if chinese or not bold else "Helvetica-Bold"
    space = size * 0.7 if name.startswith("h") else 0
    return ParagraphStyle(
        name, fontName=font, fontSize=size, leading=size * 1.5, spaceBefore=space, spaceAfter=size * 0.5,
        keepWithNext=name.startswith("h"), wordWrap="CJK" if chinese else None,
    )  # fmt: skip


def _flowables(block: Block, chinese: bool) -> list[Flowable]:
    body = _style("body", 10.5, chinese)
    match block.kind:
        case "heading":
            style = _style(f"h{block.level}", {1: 19, 2: 14, 3: 11.5}[block.level], chinese, bold=True)
            return [Paragraph(escape(block.text), style)]
        case "paragraph":
            return [Paragraph(escape(block.text), body)]
        case "bullets" | "numbers":
            marks = ("•" if block.kind == "bullets" else f"{n}." for n in range(1, len(block.items) + 1))
            pairs = zip(marks, block.items, strict=True)
            return [Paragraph(f"{mark} {escape(item)}", body) for mark, item in pairs]
        case "table":
            return [_table(block, chinese), Spacer(0, 4 * mm)]
        case "page":
            return [PageBreak()]


def _table(block: Block, chinese: bool) -> Table:
    style = _style("cell", 9, chinese)
    cells = [[Paragraph(escape(text), style) for text in row] for row in block.rows]
    lines = [
        ("GRID", (0, 0), (-1, -1), 0.4, colors.grey),
        ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
    return Table(cells, repeatRows=1, hAlign="LEFT", style=TableStyle(lines))
