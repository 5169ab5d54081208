"""Plain text: paragraphs between blank lines, messages of a chat, chapters of Chinese rules as headings.

Streams files of any size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from kb.parsing.chats import message_beginnings
from kb.parsing.composer import ITEM, PART_CHARACTERS, Composer
from kb.parsing.encodings import decoded_lines
from kb.parsing.parsed import Block, BlockKind

_CHAPTER = re.compile(r"^\s*第[零〇一二三四五六七八九十百千0-9]+([编篇章节])(?:[\s、:：]|$)(?!.*[。；，]$).{0,40}$")
_LEVELS = {"编": 1, "篇": 1, "章": 2, "节": 3}


def parse(path: Path, out: Composer) -> None:
    """Hand on the file's text as it stands, in parts of bounded size."""
    size = path.stat().st_size
    for text in _sections(decoded_lines(path)):
        out.verbatim(text, text_blocks(text))
        out.progress(min(out.offset, size), size, "characters")


def parse_code(path: Path, out: Composer) -> None:
    """Hand on a program's text; its paragraphs are code."""
    for text in _sections(decoded_lines(path)):
        out.verbatim(text, text_blocks(text, code=True))


def _sections(lines: Iterator[str]) -> Iterator[str]:
    """Pieces of about a part's size that end at blank lines where there are some."""
    waiting: list[str] = []
    length = 0
    for line in lines:
        waiting.append(line)
        length += len(line)
        if (length > PART_CHARACTERS // 2 and not line.strip()) or length > PART_CHARACTERS:
            yield "".join(waiting)
            waiting, length = [], 0
    yield "".join(waiting)


def heading_level(line: str) -> int:
    """The level of a line such as 第三章 总则, 0 for any other."""
    match = _CHAPTER.match(line)
    return _LEVELS[match[1]] if match else 0


def text_blocks(text: str, code: bool = False) -> Iterator[Block]:
    """Spans of paragraphs, messages, list items and headings of plain text (only of code when `code`)."""
    start = end = place = 0
    kind: BlockKind = "code" if code else "paragraph"
    lines = text.splitlines(keepends=True)
    messages = frozenset() if code else message_beginnings(lines)
    for number, line in enumerate(lines):
        level = 0 if code else heading_level(line.strip("\n"))
        item = not code and number not in messages and ITEM.match(line) is not None
        if (not line.strip() or level or item or number in messages) and end > start:
            yield Block(kind, start, end)
            start = end = place + len(line)
            kind = "code" if code else "paragraph"
        if level:
            yield Block("heading", place, place + len(line.rstrip()), level)
            start = end = place + len(line)
        elif line.strip():
            if end <= start:
                start = place
                kind = "list_item" if item else kind
            end = place + len(line.rstrip())
        place += len(line)
    if end > start:
        yield Block(kind, start, end)
