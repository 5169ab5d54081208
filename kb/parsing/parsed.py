"""What parsing hands on: text in pages, its structure as spans, and where each line stands on its page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

BlockKind = Literal["heading", "paragraph", "list_item", "table", "code", "row", "metadata"]
Language = Literal["en", "zh", "ja", "ko", "und"]


@dataclass(frozen=True, slots=True)
class Line:
    """A printed line: a span of `ParsedPage.text` and its box.

    The box is x0, y0, x1, y1 in fractions of the page, from its top left.
    """

    start: int
    end: int
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class ParsedPage:
    """A page, slide, sheet or part of a document.

    `number` counts from 1 where the format has pages (PDF, scans, slides), else None. `label` names a sheet or a
    mail's attachment. Text without pages comes in parts of some 50,000 characters. `width` and `height` are in points.
    """

    number: int | None
    label: str
    text: str
    lines: tuple[Line, ...] = ()
    width: float = 0
    height: float = 0
    ocr_confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of structure: a span of the whole document's text.

    `level` is 1… for headings and the depth (from 0) of list items. `header` is the header row of a row's table. What
    is of kind "metadata" tells of the document and is in no passage.
    """

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    header: str = ""


Part: TypeAlias = tuple[ParsedPage, tuple[Block, ...]]


@dataclass(frozen=True, slots=True)
class Parsed:
    """A whole document in memory; offsets of blocks count from the start of `text`."""

    pages: tuple[ParsedPage, ...]
    blocks: tuple[Block, ...]
    title: str
    language: Language
    media_type: str
    metadata: dict[str, str]
    warnings: tuple[str, ...]

    @property
    def text(self) -> str:
        return "".join(page.text for page in self.pages)

    def parts(self) -> list[Part]:
        """Each page with the blocks that start in it."""
        found: list[Part] = []
        start = 0
        for page in self.pages:
            end = start + len(page.text)
            found.append((page, tuple(block for block in self.blocks if start <= block.start < end)))
            start = end
        return found
