"""Printed lines with their boxes become paragraphs, headings and rows in reading order. Serves PDF pages and scans."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from kb.parsing.parsed import Block, BlockKind, Line
from kb.parsing.plain import heading_level
from kb.parsing.printed import PrintedLine, Rule, around, gap_between, same_base_line
from kb.parsing.printed_tables import with_tables

_HAN = r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]"
_HAN_END, _HAN_START = re.compile(_HAN + "$"), re.compile("^" + _HAN)
_ITEM = re.compile(r"^(?:[-*•·‣▪●○■□◆➢✓]\s*|\(?\d{1,3}[.)、]\s*|[a-z][.)]\s+|[（(][一二三四五六七八九十\d]+[)）]\s*)\S")
_SENTENCE_END = re.compile(r"[.!?。！？；;:：…]['\"”’)）】]*$")
_NUMBERED = re.compile(r"^(\d{1,2}(?:\.\d{1,2}){0,3})\.?\s+\S")
HEADING_CHARACTERS = 120
NEAR_EDGE = 0.3  # of the page: a table that goes on overleaf stands there, with a running title before it perhaps
SHARED_WIDTH = 0.8
CELLS_GAP = 2.2  # heights; white space wider than any between words


@dataclass(frozen=True, slots=True)
class OpenTable:
    """A table that reaches down to the end of its page, and may go on at the top of the next one."""

    header: str
    columns: int
    left: float
    right: float

    def goes_on_in(self, table: PrintedLine) -> bool:
        """Whether a table of the next page is the rest of this one."""
        shared = min(table.box[2], self.right) - max(table.box[0], self.left)
        whole = max(table.box[2], self.right) - min(table.box[0], self.left)
        return table.box[1] < NEAR_EDGE and shared > SHARED_WIDTH * whole and len(table.rows[0]) == self.columns


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A page's text, the spans of its lines and its blocks, all relative to the page."""

    text: str
    lines: tuple[Line, ...]
    blocks: tuple[Block, ...]
    open_table: OpenTable | None = None


def lay_out(
    lines: Sequence[PrintedLine],
    body_size: float = 0,
    titles: Mapping[str, int] | None = None,
    rules: Sequence[Rule] = (),
    above: OpenTable | None = None,
) -> LaidOut:
    """Order and group `lines`.

    `body_size` is the font size of running text; `titles` are the headings that the document's outline knows of this
    page, normalised by `title_key`, with their levels; None when the document has no outline. `rules` are the straight
    lines drawn on the page, `above` is the table that the page before left open.
    """
    page = _Page(above)
    for group in _paragraphs(reading_order(_joined_fragments(with_tables(_visible(lines), rules)))):
        if group[0].rows:
            page.add_table(group[0])
        else:
            page.add_group(group, body_size, titles)
    return LaidOut(page.text + "\n" if page.text else "", tuple(page.spans), tuple(page.blocks), page.open_table)


class _Page:
    """The text of a page as it grows, with its lines and blocks."""

    def __init__(self, above: OpenTable | None) -> None:
        self.text = ""
        self.spans: list[Line] = []
        self.blocks: list[Block] = []
        self.above = above
        self.open_table: OpenTable | None = None

    def add_group(self, group: Sequence[PrintedLine], body_size: float, titles: Mapping[str, int] | None) -> None:
        """Write a paragraph, a heading, or rows that are parted by wide gaps."""
        self._part("\n\n")
        start, first = len(self.text), len(self.spans)
        for number, line in enumerate(group):
            self.text += _glue(group[number - 1], line, group) if number else ""
            self._write(line)
        kind, level = _kind(group, self.text[start:], body_size, titles)
        if kind == "row":
            header = group[0].text if len(group) > 2 else ""
            self.blocks += [
                Block("row", line.start, line.end, header=header if number else "")
                for number, line in enumerate(self.spans[first:])
            ]
        else:
            self.blocks.append(Block(kind, start, len(self.text), level))

    def add_table(self, table: PrintedLine) -> None:
        """Write a row on each line, with tabs between its cells."""
        self._part("\n\n")
        header = self.above.header if self.above and self.above.goes_on_in(table) else ""
        for number, row in enumerate(table.rows):
            self._part("\n" if number else "")
            start = len(self.text)
            for place, cell in enumerate(row):
                self.text += "\t" if place else ""
                for before, line in zip((None, *cell), cell, strict=False):
                    self.text += _space(before, line) if before else ""
                    self._write(line)
            is_header = self.text[start:] == header
            self.blocks.append(Block("row", start, len(self.text), header="" if is_header else header))
            header = header or self.text[start:]
        self.above = None
        left, _, right, bottom = table.box
        ends_low = bottom > 1 - NEAR_EDGE
        self.open_table = OpenTable(header, len(table.rows[0]), left, right) if ends_low else None

    def _part(self, space: str) -> None:
        self.text += space if self.text else ""

    def _write(self, line: PrintedLine) -> None:
        self.spans.append(Line(len(self.text), len(self.text) + len(line.text), line.box))
        self.text += line.text


def _visible(lines: Sequence[PrintedLine]) -> list[PrintedLine]:
    return [replace(line, text=line.text.strip()) for line in lines if line.text.strip()]


def beside(lines: Sequence[PrintedLine], values: Sequence[PrintedLine]) -> list[PrintedLine]:
    """The lines with each value of a form field after the line to its left, or at the end where there is none."""
    placed = list(lines)
    for value in values:
        left = [line for line in placed if same_base_line(line, value) and line.box[0] < value.box[0]]
        label = max(left, key=lambda line: line.box[0], default=None)
        placed.insert(placed.index(label) + 1 if label else len(placed), value)
    return placed


def title_key(text: str) -> str:
    """A heading's text as it is compared: letters and digits alone."""
    return "".join(character for character in text.casefold() if character.isalnum())


def _joined_fragments(lines: Sequence[PrintedLine]) -> list[PrintedLine]:
    """Fragments that follow one another on one base line become one line; a wide gap is a tab."""
    joined: list[PrintedLine] = []
    for line in lines:
        before = joined[-1] if joined else None
        beside = before and not (before.rows or line.rows) and same_base_line(before, line)
        if before and beside and line.box[0] - before.box[2] + 0.01 >= 0:
            gap = gap_between(before, line)
            space = "\t" if gap > 3 else "" if gap < 0.1 or (gap < 0.5 and _both_han(before.text, line.text)) else " "
            box = around(before.box, line.box)
            size = max(before.size, line.size)
            cells = before.cells or line.cells or gap > CELLS_GAP
            joined[-1] = PrintedLine(before.text + space + line.text, box, size, before.bold and line.bold, cells)
        else:
            joined.append(line)
    return joined


def _space(before: PrintedLine, line: PrintedLine) -> str:
    """What stands between two lines of a cell."""
    return "" if _both_han(before.text, line.text) else " "


def _both_han(before: str, after: str) -> bool:
    return bool(_HAN_END.search(before) and _HAN_START.search(after))


def reading_order(lines: list[PrintedLine]) -> list[PrintedLine]:
    """The order of the file, which writers of columns keep well, unless one column was written out of order."""
    jumps = sum(after.box[1] < before.box[1] - before.height for before, after in pairwise(lines))
    if not jumps or _has_columns(lines):
        return lines
    return sorted(lines, key=lambda line: (round(line.box[1], 3), line.box[0]))


def _has_columns(lines: Sequence[PrintedLine]) -> bool:
    """Whether lines stand side by side in more than a few places."""
    ordered = sorted(lines, key=lambda line: line.box[1])
    beside = sum(
        same_base_line(one, other) and (one.box[2] <= other.box[0] or other.box[2] <= one.box[0])
        for one, other in pairwise(ordered)
    )
    return beside > 0.15 * len(lines)


def _paragraphs(lines: Sequence[PrintedLine]) -> list[list[PrintedLine]]:
    groups: list[list[PrintedLine]] = []
    pitch = _pitch(lines)
    for line in lines:
        if groups and _continues(groups[-1], line, pitch):
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def _pitch(lines: Sequence[PrintedLine]) -> float:
    """The usual distance from line to line, but no more than double spacing."""
    if not lines:
        return 0
    steps = [after.box[3] - before.box[3] for before, after in pairwise(lines)]
    height = median(line.height for line in lines)
    return min(median([step for step in steps if step > 0] or [height]), 3 * height)


def _continues(group: Sequence[PrintedLine], line: PrintedLine, pitch: float) -> bool:
    """Whether `line` goes on with the paragraph of `group`."""
    before = group[-1]
    if before.rows or line.rows:
        return False
    step = line.box[3] - before.box[3]
    if not 0 < step <= 1.35 * max(pitch, before.height) or line.box[0] > before.box[2] or line.box[2] < before.box[0]:
        return False
    if line.bold != before.bold or (line.size and before.size and abs(line.size - before.size) > 0.12 * before.size):
        return False
    if _ITEM.match(line.text) or heading_level(line.text) or line.cells != before.cells:
        return False
    width = max(part.box[2] for part in group) - min(part.box[0] for part in group)
    indented = len(group) > 1 and line.box[0] - group[-1].box[0] > 0.015 and _SENTENCE_END.search(before.text)
    short = max(part.box[2] for part in group) - before.box[2] > 0.2 * width
    return not (indented or (short and _SENTENCE_END.search(before.text)))


def _glue(before: PrintedLine, line: PrintedLine, group: Sequence[PrintedLine]) -> str:
    """What stands between two lines of a paragraph: nothing in Chinese, a line break after a hyphen or a short line."""
    right = max(part.box[2] for part in group)
    width = right - min(part.box[0] for part in group)
    if before.text.endswith("-") or before.cells or right - before.box[2] > 0.25 * width:
        return "\n"
    return "" if _both_han(before.text, line.text) else " "


def _kind(
    group: Sequence[PrintedLine], text: str, body_size: float, titles: Mapping[str, int] | None
) -> tuple[BlockKind, int]:
    if titles and (level := titles.get(title_key(text), 0)):
        return "heading", level
    if level := heading_level(text):
        return "heading", level
    if group[0].cells:
        return "row", 0
    if titles is None and (level := _printed_level(group, text, body_size)):
        return "heading", level
    return ("list_item", 0) if _ITEM.match(text) else ("paragraph", 0)


def _printed_level(group: Sequence[PrintedLine], text: str, body_size: float) -> int:
    """The level of a heading told by its print: larger than the running text, or a bold line of its own."""
    letters = sum(character.isalpha() for character in text)
    if len(group) > 3 or len(text) > HEADING_CHARACTERS or letters < 2 or text.endswith(("。", "；", ";", ",", "，")):
        return 0
    ratio = group[0].size / body_size if body_size else 0
    if ratio >= 1.15:
        return 1 if ratio >= 1.7 else 2 if ratio >= 1.35 else 3
    if group[0].bold and len(group) == 1 and ratio > 0.9 and not text.endswith((".", ":", "：")):
        numbered = _NUMBERED.match(text)
        return min(6, 3 + numbered[1].count(".")) if numbered else 4
    return 0


def usual_size(sizes: Counter[float]) -> float:
    """The font size of most characters: that of running text."""
    return max(sizes, key=lambda size: sizes[size]) if sizes else 0
