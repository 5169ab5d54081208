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

Box = tuple[float, float, float, float]
_HAN = r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]"
_HAN_END, _HAN_START = re.compile(_HAN + "$"), re.compile("^" + _HAN)
_ITEM = re.compile(r"^(?:[-*•·‣▪●○■□◆➢✓]\s*|\(?\d{1,3}[.)、]\s*|[a-z][.)]\s+|[（(][一二三四五六七八九十\d]+[)）]\s*)\S")
_SENTENCE_END = re.compile(r"[.!?。！？；;:：…]['\"”’)）】]*$")
_NUMBERED = re.compile(r"^(\d{1,2}(?:\.\d{1,2}){0,3})\.?\s+\S")
HEADING_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A line as printed: box in fractions of the page (origin top left), font size in points (0: unknown)."""

    text: str
    box: Box
    size: float = 0
    bold: bool = False
    cells: bool = False  # whether wide gaps part the line, as in a table

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A page's text, the spans of its lines and its blocks, all relative to the page."""

    text: str
    lines: tuple[Line, ...]
    blocks: tuple[Block, ...]


def lay_out(lines: Sequence[PrintedLine], body_size: float = 0, titles: Mapping[str, int] | None = None) -> LaidOut:
    """Order and group `lines`. `body_size` is the font size of running text; `titles` are the
    headings that the document's outline knows of this page, normalised by `title_key`, with their levels; None when the
    document has no outline."""
    text = ""
    spans: list[Line] = []
    blocks: list[Block] = []
    for group in _paragraphs(reading_order(_joined_fragments(lines))):
        text += "\n\n" if text else ""
        start, first = len(text), len(spans)
        for number, line in enumerate(group):
            text += _glue(group[number - 1], line, group) if number else ""
            spans.append(Line(len(text), len(text) + len(line.text), line.box))
            text += line.text
        kind, level = _kind(group, text[start:], body_size, titles)
        if kind == "row":
            header = group[0].text if len(group) > 2 else ""
            blocks += [
                Block("row", line.start, line.end, header=header if number else "")
                for number, line in enumerate(spans[first:])
            ]
        else:
            blocks.append(Block(kind, start, len(text), level))
    return LaidOut(text + "\n" if text else "", tuple(spans), tuple(blocks))


def beside(lines: Sequence[PrintedLine], values: Sequence[PrintedLine]) -> list[PrintedLine]:
    """The lines with each value of a form field after the line to its left, or at the end where there is none."""
    placed = list(lines)
    for value in values:
        left = [line for line in placed if _same_base_line(line, value) and line.box[0] < value.box[0]]
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
        if not line.text.strip():
            continue
        line = replace(line, text=line.text.strip())
        before = joined[-1] if joined else None
        if before and _same_base_line(before, line) and line.box[0] - before.box[2] + 0.01 >= 0:
            gap = (line.box[0] - before.box[2]) / max(before.height, line.height, 1e-6)
            space = "\t" if gap > 3 else "" if gap < 0.1 or _both_han(before.text, line.text) else " "
            box = _union(before.box, line.box)
            size = max(before.size, line.size)
            cells = before.cells or line.cells or space == "\t"
            joined[-1] = PrintedLine(before.text + space + line.text, box, size, before.bold and line.bold, cells)
        else:
            joined.append(line)
    return joined


def _same_base_line(one: PrintedLine, other: PrintedLine) -> bool:
    overlap = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
    return overlap > 0.5 * min(one.height, other.height)


def _union(one: Box, other: Box) -> Box:
    return (min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3]))


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
        _same_base_line(one, other) and (one.box[2] <= other.box[0] or other.box[2] <= one.box[0])
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
