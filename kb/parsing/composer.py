"""Where parsers put text: it keeps offsets, makes parts of bounded size and hands each on at once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from kb.parsing.errors import ParseError
from kb.parsing.languages import count_scripts
from kb.parsing.limits import ParseLimits
from kb.parsing.parsed import Block, BlockKind, ParsedPage, Part
from kb.parsing.recognized import Pictures

PART_CHARACTERS = 50_000
HEADER_CHARACTERS = 2_000
ITEM = re.compile(r"\s*(?:[-*•·‣▪●○]|\(?\d{1,3}[.)、]|[（(][一二三四五六七八九十\d]+[)）])\s*\S")
_CUT = re.compile(r"[\n。！？；]|[.!?;]\s|\s")


def _ignore_progress(done: int, total: int | None, unit: str) -> None:
    return None


@dataclass
class Composer:
    """Collects blocks into the current page and emits it when the next one starts.

    `emit` receives every finished part. `progress(done, total, unit)` is the parser's sign of life.
    OCR reads what `pictures` do not know yet.
    Raises `ParseError("too_large")` when the text or the number of pages passes the limits.
    """

    emit: Callable[[Part], None]
    limits: ParseLimits = field(default_factory=ParseLimits)
    progress: Callable[[int, int | None, str], None] = _ignore_progress
    filename: str = ""
    pictures: Pictures = field(default_factory=Pictures)
    title: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    scripts: Counter[str] = field(default_factory=Counter)
    first_heading: str = ""
    offset: int = 0
    parts: int = 0
    _page: ParsedPage = field(default_factory=lambda: ParsedPage(None, "", ""))
    _texts: list[str] = field(default_factory=list)
    _blocks: list[Block] = field(default_factory=list)
    _length: int = 0

    def page(self, number: int | None = None, label: str = "") -> None:
        """Start a page; what was collected before is handed on."""
        self.flush()
        self._page = ParsedPage(number, label, "")

    def add(self, kind: BlockKind, text: str, level: int = 0, header: str = "") -> None:
        """Append one block with the white space that separates it from the one before."""
        text = text.strip("\n") if kind in ("code", "row") else text.strip()
        if not text.strip():
            return
        if kind == "list_item" and not ITEM.match(text):
            text = f"- {text}"  # or nobody could tell items that stand one below the other from one sentence
        for piece in _pieces(text):
            if self._length + len(piece) > PART_CHARACTERS and self._page.number is None:
                self.flush()
            self._append(kind, piece, level, header)

    def _append(self, kind: BlockKind, text: str, level: int, header: str) -> None:
        if self._blocks:
            self._write("\n" if kind in ("row", "list_item") and self._blocks[-1].kind == kind else "\n\n")
        start = self._length
        self._write(text)
        self._blocks.append(Block(kind, start, self._length, level, header))

    def _write(self, text: str) -> None:
        self._texts.append(text)
        self._length += len(text)

    def table(self, rows: Iterable[Iterable[str]]) -> None:
        """Append a table, cells separated by tabs; the first row of several cells is the header of the others."""
        header = ""
        for cells in rows:
            texts = list(cells)
            row = row_text(texts[:1] if len(texts) > 2 and len(set(texts)) == 1 else texts)
            self.add("row", row, header=header)
            header = header or (row[:HEADER_CHARACTERS] if "\t" in row else "")

    def verbatim(self, text: str, blocks: Iterable[Block]) -> None:
        """Hand on source text as it is, cut between blocks into parts; `blocks` are sorted spans of `text`."""
        self.flush()
        start = 0
        waiting: list[Block] = []
        for block in blocks:
            if waiting and block.end - start > PART_CHARACTERS:
                self._put_slice(text, start, block.start, waiting)
                start, waiting = block.start, []
            waiting.append(block)
        self._put_slice(text, start, len(text), waiting)

    def _put_slice(self, text: str, start: int, end: int, blocks: list[Block]) -> None:
        if text[start:end].strip():
            shifted = [replace(block, start=block.start - start, end=block.end - start) for block in blocks]
            self.put(replace(self._page, text=text[start:end]), shifted)

    def flush(self) -> None:
        """Hand on the page as far as it is collected."""
        if self._blocks:
            self._write("\n")
            page = replace(self._page, text="".join(self._texts))
            blocks, self._texts, self._blocks, self._length = self._blocks, [], [], 0
            self.put(page, blocks)

    def put(self, page: ParsedPage, blocks: Iterable[Block]) -> None:
        """Hand on a finished page whose blocks are spans of its own text."""
        placed = []
        for block in blocks:
            if block.kind == "heading" and not self.first_heading:
                self.first_heading = page.text[block.start : block.end]
            placed.append(replace(block, start=block.start + self.offset, end=block.end + self.offset))
        self.offset += len(page.text)
        self.parts += 1
        if self.offset > self.limits.characters or self.parts > self.limits.pages:
            raise ParseError("too_large")
        self.scripts.update(count_scripts(page.text[:20_000]))
        self.emit((page, tuple(placed)))


def row_text(cells: Iterable[str]) -> str:
    """The cells of a table row as one line, separated by tabs."""
    return "\t".join(" ".join(cell.split()) for cell in cells).rstrip("\t")


def _pieces(text: str) -> Iterable[str]:
    """Cut an endless block where a sentence or word ends, so that no part grows past the bound."""
    limit = PART_CHARACTERS // 2
    while len(text) > limit:
        cut = max((match.end() for match in _CUT.finditer(text, limit - 2_000, limit)), default=limit)
        yield text[:cut]
        text = text[cut:]
    yield text
