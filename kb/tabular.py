"""The tables of a document, read off its rows as they go by. Pure.

A table is a header row and the rows under it. Its cells are the text that stands there; what a column holds is told by
all of its cells. Rows come in batches, so that memory is bounded however long a sheet is; each says where it stands.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from kb.chunking import heading_text
from kb.parsing.delimited import delimiter_of
from kb.parsing.parsed import Block, ParsedPage, Part

BATCH_ROWS = 500
BATCH_CHARACTERS = 200_000
COLUMNS = 200
CELL_CHARACTERS = 4_000
NAME_CHARACTERS = 80
NOT_GIVEN = frozenset(("", "-", "–", "—", "/", "n/a", "na", "nil", "null", "none", "无", "暂无", "不适用"))
"""What a cell says that holds nothing; it tells nothing about its column."""

_BARS = re.compile(r"(?<!\\)\|")
_EMPHASIS = re.compile(r"(\*\*|__|`)(.+?)\1")
_NUMBER = re.compile(
    r"(?P<before>[¥￥€$£]|CNY|RMB|EUR|USD|GBP)?\s?[-+−]?(?:0|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d{0,14})(?:\.(?P<decimals>\d{1,9}))?"
    r"\s?(?P<after>[%％€]|CNY|RMB|EUR|USD|GBP|元)?"
)
_DATE = re.compile(r"(?:1[89]|20)\d\d([-/])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])")
_MOMENT = re.compile(r"(?:1[89]|20)\d\d-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?")
_TRUTH = frozenset(("true", "false"))

Row = list[Any]
"""A row as it is kept: where it begins and ends in the document's text, then its cells."""


@dataclass(slots=True)
class Column:
    """What the cells of a column have in common: "integer", "number", "date", "timestamp", "boolean" or "text"."""

    name: str
    type: str = ""
    unit: str | None = None
    decimals: int = 0

    def see(self, cell: str) -> None:
        """Take another cell into account."""
        if self.type == "text" or cell.lower() in NOT_GIVEN:
            return
        kind, unit, decimals = _kind(cell)
        if self.type in ("", kind) or {self.type, kind} == {"integer", "number"}:
            self.type = kind if self.type != "number" else "number"
        else:
            self.type = "text"
        if self.unit not in (None, unit):
            self.type = "text"  # euros and dollars do not add up
        self.unit = unit
        self.decimals = max(self.decimals, decimals)

    def told(self) -> dict[str, Any]:
        """The column as it is stored."""
        kept: dict[str, Any] = {"name": self.name, "type": self.type or "text"}
        if self.type in ("integer", "number") and self.unit:
            kept["unit"] = self.unit
        if self.type == "number":
            kept["decimals"] = self.decimals
        return kept


@dataclass(slots=True)
class TableDraft:
    """A table before it is stored, as far as it has been read. Offsets count from the document's beginning."""

    ordinal: int
    name: str
    page: int | None
    label: str
    header: str
    header_start: int
    header_end: int
    columns: list[Column]
    end: int = 0
    row_count: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a table, the first of which has the number `first` (from 1); `last` ends the table."""

    table: TableDraft
    first: int
    rows: list[Row] = field(default_factory=list)
    last: bool = False


def tables(parts: Iterable[Part], media_type: str = "") -> Iterator[Batch]:
    """The tables of a document given as its pages with their blocks, in order, batch by batch."""
    reader = TableReader(media_type)
    for page, blocks in parts:
        yield from reader.take(page, blocks)
    yield from reader.close()


class TableReader:
    """Walks through a document and keeps the table that is open, and the row that may become the next one's header."""

    def __init__(self, media_type: str = "") -> None:
        self.is_delimited = media_type == "text/csv"
        self.cut: Callable[[str], list[str]] | None = None
        self.length = 0
        self.ordinal = 0
        self.heading = ""
        self.label: str | None = None
        self.pending: tuple[str, int, int, int | None, str] | None = None
        self.opened: tuple[str, int, int, int | None, str] | None = None
        self.table: TableDraft | None = None
        self.rows: list[Row] = []
        self.characters = 0

    def take(self, page: ParsedPage, blocks: Iterable[Block]) -> Iterator[Batch]:
        """Walk on through the next page; the batches that are full."""
        start, self.length = self.length, self.length + len(page.text)
        if page.label != self.label:
            yield from self.close()
            self.label, self.heading, self.opened = page.label, "", None
        if self.is_delimited and self.cut is None:
            self.cut = _by_delimiter(delimiter_of(page.text[:20_000]) or ",")
        for block in blocks:
            text = page.text[block.start - start : block.end - start]
            if block.kind == "row":
                yield from self.row(page, block, text)
                continue
            yield from self.close()
            if block.kind == "heading":
                self.heading = heading_text(text)

    def row(self, page: ParsedPage, block: Block, text: str) -> Iterator[Batch]:
        if self.table is not None and block.header == self.table.header[: len(block.header)] != "":
            yield from self.add(block, text)
        elif self.table is not None and not block.header and text.strip() == self.table.header.strip():
            return  # the header again, at the top of another page
        elif not block.header:
            yield from self.close()
            self.pending = (text, block.start, block.end, page.number, page.label)
        elif self.pending is not None and self.pending[0].strip().startswith(block.header.strip()):
            yield from self.close(keep_pending=True)
            self.open()
            yield from self.add(block, text)
        elif self.opened is not None and self.opened[0] == block.header:
            # The table goes on after something else, such as the foot of a page.
            yield from self.close()
            self.pending = self.opened
            self.open()
            yield from self.add(block, text)

    def open(self) -> None:
        assert self.pending is not None
        text, start, end, number, label = self.pending
        header = self.cut(text) if self.is_delimited and self.cut else cells_of(text)
        columns = [Column(name) for name in _names(header)]
        self.table = TableDraft(self.ordinal, self.heading, number, label, text, start, end, columns)
        self.opened, self.pending = self.pending, None

    def add(self, block: Block, text: str) -> Iterator[Batch]:
        table = self.table
        assert table is not None
        cells = (self.cut(text) if self.is_delimited and self.cut else cells_of(text))[:COLUMNS]
        if len(cells) < 2 <= len(table.columns):
            return  # a note, or a title over a group of rows
        for place in range(len(table.columns), len(cells)):
            table.columns.append(Column(f"column {place + 1}"))
        for column, cell in zip(table.columns, cells, strict=False):
            column.see(cell)
        self.rows.append([block.start, block.end, *cells])
        self.characters += len(text)
        table.row_count += 1
        table.end = block.end
        if len(self.rows) == BATCH_ROWS or self.characters > BATCH_CHARACTERS:
            yield self.batch(last=False)

    def batch(self, last: bool) -> Batch:
        assert self.table is not None
        rows, self.rows, self.characters = self.rows, [], 0
        return Batch(self.table, self.table.row_count - len(rows) + 1, rows, last)

    def close(self, keep_pending: bool = False) -> Iterator[Batch]:
        """End the table that is open; its last batch."""
        if not keep_pending:
            self.pending = None
        if self.table is not None and self.table.row_count and len(self.table.columns) > 1:
            yield self.batch(last=True)
            self.ordinal += 1
        self.table, self.rows, self.characters = None, [], 0


def cells_of(text: str) -> list[str]:
    """The cells of a row as parsers write it: parted by tabs, or by the bars of Markdown."""
    if "\t" in text:
        return [cell.strip()[:CELL_CHARACTERS] for cell in text.split("\t")]
    line = text.strip()
    if "|" not in line:
        return [line[:CELL_CHARACTERS]]
    cells = _BARS.split(line)
    if line.startswith("|"):
        cells = cells[1:]
    if cells and not cells[-1].strip():
        cells = cells[:-1]
    return [_EMPHASIS.sub(r"\2", cell).replace("\\|", "|").strip()[:CELL_CHARACTERS] for cell in cells]


def _by_delimiter(delimiter: str) -> Callable[[str], list[str]]:
    def cut(text: str) -> list[str]:
        try:
            record = next(csv.reader([text], delimiter=delimiter), [])
        except csv.Error:  # a field longer than the module takes
            record = text.split(delimiter)
        return [" ".join(cell.split())[:CELL_CHARACTERS] for cell in record]

    return cut


def _names(header: list[str]) -> list[str]:
    """A name for each column, none of them twice, whatever their case."""
    names: list[str] = []
    taken = {"_row"}
    for place, cell in enumerate(header[:COLUMNS], 1):
        wanted = name = " ".join(cell.replace('"', "").split())[:NAME_CHARACTERS] or f"column {place}"
        number = 1
        while name.casefold() in taken:
            number += 1
            name = f"{wanted} {number}"
        taken.add(name.casefold())
        names.append(name)
    return names


def _kind(cell: str) -> tuple[str, str, int]:
    """What a cell holds, the unit that stands with a number, and how many decimals it has."""
    if number := _NUMBER.fullmatch(cell):
        before, after = number["before"] or "", number["after"] or ""
        if not (before and after):
            decimals = len(number["decimals"] or "")
            return ("number" if decimals else "integer"), before or after, decimals
    if _DATE.fullmatch(cell):
        return "date", "", 0
    if _MOMENT.fullmatch(cell):
        return "timestamp", "", 0
    return ("boolean" if cell.lower() in _TRUTH else "text"), "", 0
