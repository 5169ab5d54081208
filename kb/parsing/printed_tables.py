"""Tables as they are printed: told by the lines drawn around the cells, or by how texts stand below one another."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import pairwise
from statistics import median

from kb.parsing.printed import Box, PrintedLine, Row, Rule, around, gap_between, same_base_line

TOLERANCE = 0.004  # of the page: two to three points
MOST_RULES = 1500  # a page with more is a drawing
FEWEST_ROWS = 3
CELL_GAP = 0.8  # heights; between words of justified text there is less
ROW_STEP = 3.0  # heights from a row to the next, at most
CELL_CHARACTERS = 40  # the usual cell is shorter; longer ones are columns of prose
ALIGNED = 0.7  # of a column's cells begin, end or are centred at one place


def with_tables(lines: Sequence[PrintedLine], rules: Sequence[Rule] = ()) -> list[PrintedLine]:
    """The lines in their order, those of each table as one, where its first one stood."""
    told = list(lines)
    if len(rules) <= MOST_RULES:
        for grid in _grids(rules):
            told = _ruled(told, grid)
    return _aligned(told)


class _Grid:
    """Lines that cross one another: the places of the columns' and rows' edges, and which of the edges are drawn."""

    def __init__(self, across: Sequence[Rule], down: Sequence[Rule]) -> None:
        self.across, self.down = across, down
        self.xs = _places([rule.box[0] for rule in down] + [x for rule in across for x in rule.box[::2]])
        self.ys = _places([rule.box[1] for rule in across] + [y for rule in down for y in rule.box[1::2]])

    @property
    def is_table(self) -> bool:
        return len(self.xs) > 2 and len(self.ys) > 2

    @property
    def box(self) -> Box:
        return (self.xs[0], self.ys[0], self.xs[-1], self.ys[-1])

    def cell_of(self, line: PrintedLine) -> tuple[int, int] | None:
        """The row and column of the cell that a line stands in: of the first one, where several are one."""
        x, y = line.box[0] + 0.25 * (line.box[2] - line.box[0]), (line.box[1] + line.box[3]) / 2
        if not (self.xs[0] < x < self.xs[-1] and self.ys[0] < y < self.ys[-1]):
            return None
        column, row = bisect_right(self.xs, x) - 1, bisect_right(self.ys, y) - 1
        while column and not _is_drawn(self.down, 0, self.xs[column], y):
            column -= 1
        while row and not _is_drawn(self.across, 1, self.ys[row], x):
            row -= 1
        return row, column


def _is_drawn(rules: Sequence[Rule], axis: int, place: float, at: float) -> bool:
    """Whether a line stands at `place` (x for axis 0, y for axis 1) where the other coordinate is `at`."""
    other = 1 - axis
    return any(
        abs(rule.box[axis] - place) <= TOLERANCE
        and rule.box[other] - TOLERANCE <= at <= rule.box[other + 2] + TOLERANCE
        for rule in rules
    )


def _places(values: Sequence[float]) -> list[float]:
    """The values in order, those that are nearly the same once."""
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > TOLERANCE:
            found.append(value)
    return found


def _grids(rules: Sequence[Rule]) -> Iterator[_Grid]:
    """Groups of lines that cross one another, from the smallest on, so that a table in a frame is found first."""
    across = [rule for rule in rules if rule.is_horizontal]
    down = [rule for rule in rules if not rule.is_horizontal]
    group = list(range(len(across) + len(down)))

    def root(number: int) -> int:
        while group[number] != number:
            group[number] = number = group[group[number]]
        return number

    for first, horizontal in enumerate(across):
        for second, vertical in enumerate(down, len(across)):
            if _cross(horizontal.box, vertical.box):
                group[root(first)] = root(second)
    members: dict[int, tuple[list[Rule], list[Rule]]] = {}
    for number, rule in enumerate((*across, *down)):
        members.setdefault(root(number), ([], []))[0 if rule.is_horizontal else 1].append(rule)
    grids = [_Grid(*found) for found in members.values() if all(found)]
    yield from sorted((grid for grid in grids if grid.is_table), key=lambda grid: _area(grid.box))


def _cross(across: Box, down: Box) -> bool:
    return (
        across[0] - TOLERANCE <= down[0] <= across[2] + TOLERANCE
        and down[1] - TOLERANCE <= across[1] <= down[3] + TOLERANCE
    )


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _ruled(lines: list[PrintedLine], grid: _Grid) -> list[PrintedLine]:
    """The lines with those that stand in the grid as one table; as they were when hardly anything stands in it."""
    inside: dict[int, tuple[int, int]] = {}
    for number, line in enumerate(lines):
        if not line.rows and (cell := grid.cell_of(line)):
            inside[number] = cell
    filled = set(inside.values())
    columns = sorted({column for _, column in filled})
    ordinals = sorted({row for row, _ in filled})
    if len(filled) < 4 or len(columns) < 2 or len(ordinals) < 2:
        return lines
    held: dict[tuple[int, int], list[PrintedLine]] = {}
    for number, cell in inside.items():
        held.setdefault(cell, []).append(lines[number])
    rows = tuple(tuple(tuple(held.get((row, column), ())) for column in columns) for row in ordinals)
    return _replaced(lines, set(inside), rows, grid.box)


def _replaced(lines: list[PrintedLine], taken: set[int], rows: tuple[Row, ...], box: Box) -> list[PrintedLine]:
    """The lines with a table in the place of those that are taken."""
    first = min(taken)
    size = median(lines[number].size for number in taken)
    kept: list[PrintedLine] = []
    for number, line in enumerate(lines):
        if number == first:
            kept.append(PrintedLine("", box, size, rows=rows))
        if number not in taken:
            kept.append(line)
    return kept


def _aligned(lines: list[PrintedLine]) -> list[PrintedLine]:
    """The lines with those that stand in columns, three rows or more, as tables."""
    told: list[PrintedLine] = []
    for block in _blocks(_printed_rows(lines)):
        rows = _in_columns(block)
        flat = [line for row in block for line in row]
        told += (
            _replaced(flat, set(range(len(flat))), rows, reduce(around, (line.box for line in flat))) if rows else flat
        )
    return told


def _printed_rows(lines: Sequence[PrintedLine]) -> list[list[PrintedLine]]:
    """Lines that follow one another from left to right on one base line."""
    rows: list[list[PrintedLine]] = []
    for line in lines:
        before = rows[-1][-1] if rows else None
        if before and not (before.rows or line.rows) and same_base_line(before, line) and before.box[2] <= line.box[0]:
            rows[-1].append(line)
        else:
            rows.append([line])
    return rows


def _blocks(rows: Sequence[list[PrintedLine]]) -> Iterator[list[list[PrintedLine]]]:
    """Rows in groups that may be tables, each other row alone. A title between rows stays with them."""
    block: list[list[PrintedLine]] = []
    for number, row in enumerate(rows):
        following = rows[number + 1] if number + 1 < len(rows) else []
        is_title = bool(block) and _has_cells(following) and _is_title(row, following) and _follows(row, following)
        if (_has_cells(row) or is_title) and (not block or _follows(block[-1], row)):
            block.append(row)
            continue
        if block:
            yield block
        block = [row]
        if not _has_cells(row):
            yield block
            block = []
    if block:
        yield block


def _has_cells(row: Sequence[PrintedLine]) -> bool:
    return any(gap_between(before, line) >= CELL_GAP for before, line in pairwise(row))


def _is_title(row: Sequence[PrintedLine], following: Sequence[PrintedLine]) -> bool:
    """Whether a row is the title of a group of rows: short, and where their first column begins."""
    return len(row) == 1 and len(row[0].text) <= CELL_CHARACTERS and abs(row[0].box[0] - following[0].box[0]) < 0.03


def _follows(before: Sequence[PrintedLine], row: Sequence[PrintedLine]) -> bool:
    height = max(line.height for line in (*before, *row))
    return 0 < row[0].box[3] - before[0].box[3] <= ROW_STEP * height and not before[0].rows and not row[0].rows


def _in_columns(block: Sequence[Sequence[PrintedLine]]) -> tuple[Row, ...]:
    """The block's rows cut into the columns that its fullest rows show; empty when they show none."""
    counts = Counter(len(row) for row in block)
    width = max((count for count, rows in counts.items() if count > 1 and rows >= max(2, 0.3 * len(block))), default=0)
    if not width or sum(len(row) > 1 for row in block) < FEWEST_ROWS:
        return ()
    full = [row for row in block if len(row) == width]
    columns = [
        (min(line.box[0] for line in column), max(line.box[2] for line in column)) for column in zip(*full, strict=True)
    ]
    if any(before[1] >= after[0] for before, after in pairwise(columns)):
        return ()
    if median(len(line.text) for row in full for line in row) > CELL_CHARACTERS:
        return ()
    if not all(_is_aligned(column) for column in zip(*full, strict=True)):
        return ()
    return tuple(_cut(row, columns) for row in block)


def _is_aligned(column: Sequence[PrintedLine]) -> bool:
    edges = ([line.box[0] for line in column], [line.box[2] for line in column])
    centres = [(line.box[0] + line.box[2]) / 2 for line in column]
    return any(
        sum(abs(place - median(places)) <= 3 * TOLERANCE for place in places) >= ALIGNED * len(places)
        for places in (*edges, centres)
    )


def _cut(row: Sequence[PrintedLine], columns: Sequence[tuple[float, float]]) -> Row:
    """The row's lines, each in the column that it shares most with; in the nearest one when it shares with none."""
    cells: list[list[PrintedLine]] = [[] for _ in columns]
    for line in row:
        shared = [min(line.box[2], right) - max(line.box[0], left) for left, right in columns]
        cells[max(range(len(columns)), key=shared.__getitem__)].append(line)
    return tuple(tuple(cell) for cell in cells)
