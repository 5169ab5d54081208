"""What is printed on a page: lines of text and ruled lines with their places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Box: TypeAlias = tuple[float, float, float, float]
"""x0, y0, x1, y1 in fractions of the page, from its top left."""
Cell: TypeAlias = tuple["PrintedLine", ...]
Row: TypeAlias = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A line as printed, or a part of one between wide gaps; font size in points (0: unknown).

    A table stands as one "line" without text among the others: its rows hold the lines that are in each cell.
    """

    text: str
    box: Box
    size: float = 0
    bold: bool = False
    cells: bool = False  # whether wide gaps part the line, as in a table
    rows: tuple[Row, ...] = ()

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line drawn from left to right or from top to bottom."""

    box: Box
    is_horizontal: bool


def same_base_line(one: PrintedLine, other: PrintedLine) -> bool:
    """Whether two lines stand beside one another."""
    overlap = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
    return overlap > 0.5 * min(one.height, other.height)


def around(one: Box, other: Box) -> Box:
    """The smallest box that holds both."""
    return (min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3]))


def gap_between(before: PrintedLine, line: PrintedLine) -> float:
    """The white between two parts of a line, in heights of the line."""
    return (line.box[0] - before.box[2]) / max(before.height, line.height, 1e-6)
