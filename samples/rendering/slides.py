"""Slide decks: each second-level heading is a slide; a paragraph that starts with `Notes:` is the speaker's."""

from __future__ import annotations

from pathlib import Path

from pptx import Presentation
from pptx.presentation import Presentation as Deck
from pptx.slide import Slide
from pptx.util import Cm, Pt

from samples.rendering.archive import stop_clocks
from samples.rendering.blocks import Block

_TITLE, _CONTENT, _TITLE_ONLY = 0, 1, 5


def write_pptx(blocks: list[Block], target: Path) -> None:
    deck = Presentation()
    deck.core_properties.author = "Tidelark Instruments"
    deck.core_properties.title = blocks[0].text
    groups = _groups(blocks)
    first = deck.slides.add_slide(deck.slide_layouts[_TITLE])
    first.shapes.title.text = blocks[0].text
    first.placeholders[1].text = "\n".join(block.text for block in groups[0][1:])
    for group in groups[1:]:
        _add(deck, group)
    deck.save(str(target))
    stop_clocks(target)


def _groups(blocks: list[Block]) -> list[list[Block]]:
    groups: list[list[Block]] = []
    for block in blocks:
        if block.kind == "heading":
            groups.append([])
        groups[-1].append(block)
    return groups


def _add(deck: Deck, group: list[Block]) -> None:
    table = next((block for block in group if block.kind == "table"), None)
    slide = deck.slides.add_slide(deck.slide_layouts[_TITLE_ONLY if table else _CONTENT])
    slide.shapes.title.text = group[0].text
    lines: list[str] = []
    for block in group[1:]:
        if block.kind == "paragraph" and block.text.startswith("Notes:"):
            slide.notes_slide.notes_text_frame.text = block.text.removeprefix("Notes:").strip()
        elif block.kind != "table":
            lines.extend(block.items or (block.text,))
    if table:
        _add_table(slide, table)
    else:
        slide.placeholders[1].text = "\n".join(lines)


def _add_table(slide: Slide, block: Block) -> None:
    rows, columns = len(block.rows), len(block.rows[0])
    table = slide.shapes.add_table(rows, columns, Cm(1.5), Cm(4.5), Cm(22), Cm(1.1 * rows)).table
    for row, texts in enumerate(block.rows):
        for column, text in enumerate(texts):
            cell = table.cell(row, column)
            cell.text = text
            cell.text_frame.paragraphs[0].font.size = Pt(16)
