"""How a stretch of a document's text is shown: headings, paragraphs and tables, with quotes marked. Pure.

Nothing here changes what the text says: every shown character stands in the document, and the marks of headings, of
table cells and, in Markdown, of what is strong are the only ones left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby
from typing import Literal

Span = tuple[int, int]
_LINE = re.compile(r"[^\n]*\n?")
_HEADING_MARKS = re.compile(r"\s*#{1,6}\s+")
# An amount with its sign, currency or per cent; no date, telephone number or code.
_NUMBER = re.compile(
    r"[-+−±~≈<>≤≥]?\s?(?:[A-Z]{3}\s?|[€$£¥￥]\s?)?[-+−]?"
    r"(?:\d{1,3}(?:[,\u00a0\u202f' ]\d{3})+|\d+)(?:[.,]\d+)?\s?(?:%|‰|％|[€$£¥￥元]|万元?|亿元?|[A-Z]{3})?"
)
_STRONG = re.compile(r"\*\*(?=\S)([^\n]{1,500}?)(?<=\S)\*\*")
_NOTHING = {"", "-", "–", "—", "/", "n/a"}
_RULE_ROW = re.compile(r"\s*+(?:\|\s*+)?:?-{2,}+:?\s*+(?:\|\s*+:?-{2,}+:?\s*+)*+\|?\s*$")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some characters, marked as part of a quote or not; `strong` where Markdown says so."""

    text: str
    marked: bool = False
    strong: bool = False


Cut = Callable[[str, int, Sequence[Span]], tuple[Piece, ...]]


@dataclass(frozen=True, slots=True)
class Row:
    """A table's row; `marked` when a quote touches it."""

    cells: tuple[tuple[Piece, ...], ...]
    marked: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """One block of the page. `level` counts for headings, `rows` and `header` for tables, `pieces` for the others."""

    kind: Literal["heading", "paragraph", "table"]
    pieces: tuple[Piece, ...] = ()
    rows: tuple[Row, ...] = ()
    header: Row | None = None
    level: int = 0
    start: int = 0

    @property
    def marked(self) -> bool:
        """Whether a quote touches this block."""
        return self.first_mark is not None

    @property
    def first_mark(self) -> Piece | None:
        """The first piece here that is part of a quote."""
        rows = (self.header, *self.rows) if self.header else self.rows
        inside = chain(self.pieces, *(cell for row in rows for cell in row.cells))
        return next((piece for piece in inside if piece.marked), None)

    @property
    def numbers(self) -> frozenset[int]:
        """The columns of a table that hold amounts; the first row may name them."""
        body = self.rows if self.header or len(self.rows) == 1 else self.rows[1:]
        columns: dict[int, list[str]] = {}
        for row in body:
            for index, cell in enumerate(row.cells):
                text = "".join(piece.text for piece in cell).strip()
                if text.lower() not in _NOTHING:
                    columns.setdefault(index, []).append(text)
        return frozenset(i for i, texts in columns.items() if all(_NUMBER.fullmatch(text) for text in texts))


def display(
    text: str,
    offset: int,
    headings: Mapping[int, int],
    quotes: Sequence[Span] = (),
    *,
    delimiter: str = "",
    markdown: bool = False,
) -> list[Shown]:
    """The blocks of `text`, which stands at `offset` in the document.

    `headings` gives the level of the heading that begins at an offset, `quotes` are spans; both count characters of the
    whole document. With a `delimiter`, every line is a row of cells that it parts, as in CSV.
    """
    cut: Cut = pieces_of_markdown if markdown else pieces
    lines = list(_lines(text, offset))
    blocks: list[Shown] = []
    for kind, group in groupby(lines, key=lambda line: _kind(line, headings, delimiter)):
        members = list(group)
        if kind == "heading":
            blocks.extend(_heading(start, line, headings.get(start, 2), quotes, cut) for start, line in members)
        elif kind == "row":
            row = _delimited(delimiter) if delimiter else _row
            rows = tuple(row(start, line, quotes, cut) for start, line in members if not _RULE_ROW.match(line))
            blocks.append(Shown("table", rows=rows, start=members[0][0]))
        elif kind == "paragraph":
            start = members[0][0]
            body = "".join(line for _, line in members).rstrip("\n")
            blocks.append(Shown("paragraph", pieces=cut(body, start, quotes), start=start))
    return blocks


def with_header(block: Shown, header: Sequence[Shown]) -> Shown:
    """A part of a table under the header row of the whole, which `header` shows; a header that it has is set apart."""
    rows = [row for one in header for row in one.rows]
    if block.kind != "table" or not rows:
        return block
    begins = block.start == header[0].start
    return replace(block, header=block.rows[0] if begins else rows[0], rows=block.rows[1:] if begins else block.rows)


def pieces(text: str, offset: int, quotes: Sequence[Span]) -> tuple[Piece, ...]:
    """`text`, which stands at `offset`, cut where quotes begin and end."""
    found: list[Piece] = []
    reached = 0
    for start, end in sorted(quotes):
        first, last = max(start - offset, reached), min(end - offset, len(text))
        if first >= last:
            continue
        if first > reached:
            found.append(Piece(text[reached:first]))
        found.append(Piece(text[first:last], marked=True))
        reached = last
    if reached < len(text):
        found.append(Piece(text[reached:]))
    return tuple(found)


def pieces_of_markdown(text: str, offset: int, quotes: Sequence[Span]) -> tuple[Piece, ...]:
    """The same of Markdown, where what stands between two pairs of asterisks is strong and these are left out."""
    found: list[Piece] = []
    reached = 0
    for match in _STRONG.finditer(text):
        found.extend(pieces(text[reached : match.start()], offset + reached, quotes))
        inside = pieces(match[1], offset + match.start(1), quotes)
        found.extend(replace(piece, strong=True) for piece in inside)
        reached = match.end()
    found.extend(pieces(text[reached:], offset + reached, quotes))
    return tuple(found)


def _lines(text: str, offset: int) -> Iterator[tuple[int, str]]:
    for match in _LINE.finditer(text):
        if match[0]:
            yield offset + match.start(), match[0]


def _kind(line: tuple[int, str], headings: Mapping[int, int], delimiter: str) -> str:
    start, text = line
    if start in headings:
        return "heading"
    stripped = text.strip()
    if not stripped:
        return "gap"
    if delimiter or "\t" in stripped or (len(stripped) > 2 and stripped[0] == stripped[-1] == "|"):
        return "row"
    return "paragraph"


def _heading(start: int, line: str, level: int, quotes: Sequence[Span], cut: Cut) -> Shown:
    marks = _HEADING_MARKS.match(line)
    skipped = marks.end() if marks else 0
    return Shown("heading", cut(line[skipped:].rstrip(), start + skipped, quotes), level=level, start=start)


def _delimited(delimiter: str) -> Callable[[int, str, Sequence[Span], Cut], Row]:
    """A reader of rows whose cells may stand in quotation marks, which are not shown."""
    cell = re.compile(
        rf'\s*(?:"(?P<quoted>(?:[^"]|"")*)"?\s*|(?P<plain>[^{re.escape(delimiter)}]*))(?P<end>{re.escape(delimiter)}|$)'
    )

    def row(start: int, line: str, quotes: Sequence[Span], cut: Cut) -> Row:
        cells: list[tuple[Piece, ...]] = []
        position, line = 0, line.rstrip()
        while position <= len(line) and (match := cell.match(line, position)):
            name = "plain" if match["quoted"] is None else "quoted"
            text = match[name].rstrip()
            cells.append(cut(text, start + match.start(name), quotes) if text else ())
            position = match.end() if match["end"] else len(line) + 1
        return Row(tuple(cells), any(piece.marked for one in cells for piece in one))

    return row


def _row(start: int, line: str, quotes: Sequence[Span], cut: Cut) -> Row:
    line = line.rstrip("\n")
    separator = "\t"
    if "\t" not in line.strip():
        separator = "|"
        start += len(line) - len(line.lstrip()) + 1
        line = line.strip()[1:-1]
    cells: list[tuple[Piece, ...]] = []
    for cell in line.split(separator):
        stripped = cell.strip()
        cells.append(cut(stripped, start + len(cell) - len(cell.lstrip()), quotes) if stripped else ())
        start += len(cell) + 1
    return Row(tuple(cells), any(piece.marked for cell in cells for piece in cell))
