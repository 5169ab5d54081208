"""Documents cut into passages along their own structure. Pure.

A passage is a literal span of the document's text: `text == document[start:end]`. It begins at a heading or between
blocks, carries the headings above it, stays on its page or sheet (unless a paragraph runs over the page's end) and is
about `target` long. Length counts a Chinese, Japanese or Korean character as 1.8, because it says about as much as two
Latin ones.
Passages do not overlap, and only white space and metadata lie between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from kb.parsing.parsed import Block, ParsedPage, Part

TARGET = 900
MAXIMUM = 1400
HEADER_CHARACTERS = 600
WIDE = 1.8
_WIDE = re.compile(r"[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef]")
_CUTS = (
    re.compile(r"\n\s*\n"),
    re.compile(r"\n"),
    re.compile(r"[。！？；!?]+[”’」』）)\"']*|\.[\"')\]]*(?=\s)"),
    re.compile(r"[，、,;:：]|\t"),
    re.compile(r"\s+"),
)
_MARKUP = re.compile(
    r"^\s{0,3}#{1,6}\s+|\s+#+\s*$|\n\s*[=-]{2,}\s*$|\s*\{[#:][^}]*\}\s*$|(?<!\w)[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}(?!\w)"
)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_SENTENCE_END = re.compile(r"[.!?。！？:：;；…][\"'”’)）」』\]]*$")


@dataclass(frozen=True, slots=True)
class PassageDraft:
    """A passage before it is stored.

    `context` is the header row of the table that it continues: searched and shown with it, never quoted.
    """

    ordinal: int
    start: int
    end: int
    text: str
    heading_path: tuple[str, ...]
    page_from: int | None
    page_to: int | None
    label: str
    kind: Literal["text", "table", "code"]
    context: str = ""


@dataclass(frozen=True, slots=True)
class _Unit:
    """A block, or a piece of one too long for a passage, with its size and the page it is on."""

    block: Block
    size: float
    page: ParsedPage


@dataclass
class _Open:
    """The passage being filled."""

    units: list[_Unit] = field(default_factory=list)
    size: float = 0

    @property
    def has_body(self) -> bool:
        return any(unit.block.kind != "heading" for unit in self.units)

    @property
    def start(self) -> int:
        return self.units[0].block.start

    @property
    def end(self) -> int:
        return self.units[-1].block.end

    def size_with(self, unit: _Unit) -> float:
        """The size with `unit` and the white space before it."""
        return self.size + unit.size + (unit.block.start - self.end if self.units else 0)

    def add(self, unit: _Unit) -> None:
        self.size = self.size_with(unit)
        self.units.append(unit)


def passages(parts: Iterable[Part], target: int = TARGET, maximum: int = MAXIMUM) -> Iterator[PassageDraft]:
    """The passages of a document given as its pages with their blocks, in order; memory is bounded by a page."""
    cutter = Cutter(target, maximum)
    for page, blocks in parts:
        yield from cutter.take(page, blocks)
    yield from cutter.finish()


class Cutter:
    """Walks through a document and keeps what is not yet in a finished passage."""

    def __init__(self, target: int = TARGET, maximum: int = MAXIMUM) -> None:
        self.target = target
        self.maximum = max(target, maximum)
        self.window = ""  # the document's text from `window_start` on
        self.window_start = 0
        self.length = 0
        self.headings: list[tuple[int, str]] = []
        self.open = _Open()
        self.held: PassageDraft | None = None  # the last passage, which a short rest may still join
        self.held_size = 0.0
        self.section = 0
        self.held_section = -1
        self.ordinal = 0
        self.page: ParsedPage | None = None

    def take(self, page: ParsedPage, blocks: Sequence[Block]) -> Iterator[PassageDraft]:
        """Walk on through the next page; the passages that end there."""
        start, self.length = self.length, self.length + len(page.text)
        keep = self.held.start if self.held else self.open.start if self.open.units else start
        self.window = self.window[keep - self.window_start :] + page.text
        self.window_start = keep
        units = list(self.units_of(page, start, blocks))
        if self.page and self.open.units and not self.runs_on(self.page, units):
            yield from self.close(new_section=True)
        if self.page and (self.page.label != page.label or (page.number is None) != (self.page.number is None)):
            self.headings.clear()
        self.page = page
        for unit in units:
            yield from self.place(unit)

    def finish(self) -> Iterator[PassageDraft]:
        """The last passages."""
        yield from self.close(new_section=True)
        if self.held:
            yield self.held
            self.held = None

    def slice(self, start: int, end: int) -> str:
        return self.window[start - self.window_start : end - self.window_start]

    def runs_on(self, before: ParsedPage, units: Sequence[_Unit]) -> bool:
        """Whether the paragraph at the end of `before` goes on in the first of `units`."""
        last = self.open.units[-1].block
        if not units or before.number is None or before.label != units[0].page.label:
            return False
        first = units[0].block
        text = self.slice(first.start, first.end)
        starts_inside = text[:1].islower() or bool(
            _WIDE.match(text[:1]) and _WIDE.search(self.slice(last.start, last.end))
        )
        ends_inside = not _SENTENCE_END.search(self.slice(last.start, last.end))
        fits = self.open.size_with(units[0]) <= self.maximum
        return last.kind == first.kind == "paragraph" and starts_inside and ends_inside and fits

    def units_of(self, page: ParsedPage, start: int, blocks: Sequence[Block]) -> Iterator[_Unit]:
        for block in _without_gaps(self.slice(start, self.length), start, blocks):
            if block.kind == "metadata":
                continue
            text = self.slice(block.start, block.end)
            size = _size(text)
            if size <= self.maximum:
                yield _Unit(block, size, page)
                continue
            for piece_start, piece_end in _pieces(text, size, self.target):
                piece = replace(block, start=block.start + piece_start, end=block.start + piece_end)
                yield _Unit(piece, _size(text[piece_start:piece_end]), page)

    def place(self, unit: _Unit) -> Iterator[PassageDraft]:
        block = unit.block
        if block.kind == "heading":
            if self.open.has_body:
                yield from self.close(new_section=True)
            self.enter(block)
        elif self.open.has_body and not self.has_room(unit):
            yield from self.close()
        if self.open.units and self.open.size_with(unit) > self.maximum:
            yield from self.close()
        self.open.add(unit)

    def enter(self, block: Block) -> None:
        level = block.level or 1
        while self.headings and self.headings[-1][0] >= level:
            self.headings.pop()
        self.headings.append((level, heading_text(self.slice(block.start, block.end))))

    def has_room(self, unit: _Unit) -> bool:
        together = self.open.size_with(unit)
        return together <= self.target or (self.open.size < 0.4 * self.target and together <= self.maximum)

    def close(self, new_section: bool = False) -> Iterator[PassageDraft]:
        """Finish the open passage; one that is only a short rest of its section joins the one before it."""
        if self.open.units:
            draft = self.draft(self.open)
            joins = self.held and self.held_section == self.section and self.open.size < 0.25 * self.target
            together = self.held_size + self.open.size + (draft.start - self.held.end if self.held else 0)
            if self.held and joins and together <= self.maximum:
                self.held, self.held_size = self.joined(self.held, draft), together
            else:
                if self.held:
                    yield self.held
                    self.ordinal += 1
                self.held, self.held_size = replace(draft, ordinal=self.ordinal), self.open.size
                self.held_section = self.section
        self.section += new_section
        self.open = _Open()

    def joined(self, held: PassageDraft, rest: PassageDraft) -> PassageDraft:
        kind = held.kind if held.kind == rest.kind else "text"
        text = self.slice(held.start, rest.end)
        return replace(held, end=rest.end, text=text, page_to=rest.page_to, kind=kind)

    def draft(self, passage: _Open) -> PassageDraft:
        body = [unit for unit in passage.units if unit.block.kind != "heading"]
        kinds = {unit.block.kind for unit in body}
        kind: Literal["text", "table", "code"] = "text"
        if kinds and kinds <= {"row", "table"}:
            kind = "table"
        elif kinds == {"code"}:
            kind = "code"
        text = self.slice(passage.start, passage.end)
        header = body[0].block.header.strip() if body else ""
        first, last = passage.units[0].page, passage.units[-1].page
        return PassageDraft(
            ordinal=0,
            start=passage.start,
            end=passage.end,
            text=text,
            heading_path=tuple(title for _, title in self.headings if title),
            page_from=first.number,
            page_to=last.number,
            label=first.label,
            kind=kind,
            context="" if header in text else header[:HEADER_CHARACTERS],
        )


def heading_text(text: str) -> str:
    """A heading as people read it: without Markdown's marks, on one line, at most 200 characters."""
    # Some documents mark whole chapters as headings, and marks are slow to find in endless rows of white space.
    text = _LINK.sub(r"\1", _MARKUP.sub("", _MARKUP.sub("", text.strip()[:1000])))
    return " ".join(text.split())[:200]


def _size(text: str) -> float:
    return len(text) + (WIDE - 1) * len(_WIDE.findall(text))


def _without_gaps(text: str, offset: int, blocks: Sequence[Block]) -> Iterator[Block]:
    """The blocks, trimmed of white space; visible text that no block covers becomes a paragraph."""
    reached = 0
    for block in sorted(blocks, key=lambda block: block.start):
        start, end = max(block.start - offset, reached), min(block.end - offset, len(text))
        yield from _trimmed(text, offset, Block("paragraph", reached, start))
        if start < end:
            yield from _trimmed(text, offset, replace(block, start=start, end=end))
            reached = end
    yield from _trimmed(text, offset, Block("paragraph", reached, len(text)))


def _trimmed(text: str, offset: int, block: Block) -> Iterator[Block]:
    content = text[block.start : block.end]
    if stripped := content.strip():
        start = block.start + content.index(stripped)
        yield replace(block, start=start + offset, end=start + len(stripped) + offset)


def _pieces(text: str, size: float, target: int) -> Iterator[tuple[int, int]]:
    """Spans of about equal size of a text that is too long, cut where it reads best."""
    start = 0
    step = max(1, int(target * len(text) / size))
    while start < len(text):
        rest = len(text) - start
        if rest <= step * 1.25:
            cut = len(text)
        else:
            wanted = start + min(step, rest // 2 if rest < 2 * step else step)
            cut = _cut(text, start + max(1, (wanted - start) // 2), wanted)
        stripped = text[start:cut].strip()
        if stripped:
            first = start + text[start:cut].index(stripped)
            yield first, first + len(stripped)
        start = cut


def _cut(text: str, low: int, high: int) -> int:
    """The best place to cut between `low` and `high`: the last end of a paragraph, line, sentence, clause or word."""
    for pattern in _CUTS:
        ends = [match.end() for match in pattern.finditer(text, low, high)]
        if ends:
            return ends[-1]
    return high
