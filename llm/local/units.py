"""A passage cut into the units an answer is made of: sentences, list items and table rows, each with its surroundings."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from .conversation import Source
from .text import sentences

Kind = Literal["sentence", "item", "row", "heading"]

_FENCE = re.compile(r"^\s*(```|~~~)")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*$")
_ITEM = re.compile(
    r"^\s*(?:[-*+•·●▪◦]\s+|\(?\d{1,2}[.)、）]\s*(?=\S)|[（(][一二三四五六七八九十\d]+[)）]\s*|[一二三四五六七八九十]+、\s*)(.*)$"
)
_RULE = re.compile(r"^\s*(?:[-*_=]\s*){3,}$|^[\s|:+-]*-{2,}[\s|:+-]*$")
_EDGE_MARKS = re.compile(r"^\s*(?:>\s*)+")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*(?:\s+\"[^\"]*\")?\)")
_EMPHASIS = re.compile(r"(\*\*\*|\*\*|__|~~|`+)(?=\S)(.+?)(?<=\S)\1")
_STAR = re.compile(r"(?<![\w*])\*(?=\S)([^*]+?)(?<=\S)\*(?![\w*])")
_CJK_EDGE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")


@dataclass(frozen=True, slots=True)
class Unit:
    """A quotable piece of a source. `place` is its position in the source; `heading`, `lead` and `header` what stands over it."""

    source: Source
    place: int
    text: str
    kind: Kind = "sentence"
    heading: str = ""
    lead: str = ""
    header: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()


def plain(text: str) -> str:
    """The text without Markdown's marks: links keep their words, emphasis and code their content."""
    text = _LINK.sub(r"\1", text)
    text = _EMPHASIS.sub(r"\2", text)
    text = _STAR.sub(r"\1", text)
    return re.sub(r"[ \t\u00a0]+", " ", _EDGE_MARKS.sub("", text)).strip()


@lru_cache(maxsize=256)
def units(source: Source) -> tuple[Unit, ...]:
    """The units of a source in reading order."""
    found: list[Unit] = []
    heading, lead = "", ""
    header = _cells(source.header) if source.header else ()
    for kind, text in _blocks(source.text):
        if kind == "heading":
            heading, lead = plain(text), ""
            found.append(Unit(source, len(found), heading, "heading", heading))
        elif kind == "row":
            cells = _cells(text)
            if not header:
                header = cells
            elif cells != header:
                found.append(Unit(source, len(found), plain(text.strip()), "row", heading, lead, header, cells))
        elif kind == "end_of_table":
            header = ()
        else:
            for sentence in sentences(plain(text)):
                found.append(Unit(source, len(found), sentence, kind, heading, lead if kind == "item" else ""))
            if kind == "sentence" and found:
                lead = found[-1].text
    return tuple(found)


def _blocks(text: str) -> Iterator[tuple[Literal["sentence", "item", "row", "heading", "end_of_table"], str]]:
    """Lines joined to blocks: a paragraph's wrapped lines become one text, every item and row stays its own."""
    lines = text.splitlines()
    width = max((len(line) for line in lines), default=0)
    separated = _comma_separated(lines)
    open_kind: Literal["sentence", "item"] = "sentence"
    buffer: list[str] = []
    fenced = in_table = False
    for index, line in enumerate(lines):
        if _FENCE.match(line):
            fenced = not fenced
            continue
        row = not fenced and ("|" in line.strip()[1:] or "\t" in line.strip() or index in separated)
        item = None if row or fenced else _ITEM.match(line)
        title = None if row or fenced else _HEADING.match(line)
        starts = row or item or title or fenced or not line.strip() or _RULE.match(line)
        if buffer and (starts or _stands_alone(buffer[-1], line, width)):
            yield open_kind, _joined(buffer)
            buffer = []
        if not row and in_table and line.strip():
            in_table = False
            yield "end_of_table", ""
        if not line.strip() or _RULE.match(line):
            open_kind = "sentence"
        elif title:
            yield "heading", title.group(1)
        elif row:
            in_table = True
            yield "row", line
        else:
            open_kind = "item" if item else ("sentence" if not buffer else open_kind)
            buffer.append(item.group(1) if item else line)
    if buffer:
        yield open_kind, _joined(buffer)


def _stands_alone(before: str, line: str, width: int) -> bool:
    """Whether the line before is short and complete enough to be a title rather than a wrapped line."""
    before = before.strip()
    if re.search(r"[,，、;；:：(（-]$", before) or line[:1].islower():
        return before.endswith((":", "："))
    return len(before) < width * 0.6


def _joined(lines: list[str]) -> str:
    text = lines[0].strip()
    for line in lines[1:]:
        line = line.strip()
        glue = "" if text and line and _CJK_EDGE.match(text[-1]) and _CJK_EDGE.match(line[0]) else " "
        text += glue + line
    return text


def _comma_separated(lines: list[str]) -> frozenset[int]:
    """The lines that are rows of comma-separated values: at least three in a row with the same number of short fields."""
    counts = [_fields(line) for line in lines]
    rows: set[int] = set()
    start = 0
    for end in range(1, len(lines) + 1):
        if end == len(lines) or counts[end] != counts[start]:
            if counts[start] >= 3 and end - start >= 3:
                rows.update(range(start, end))
            start = end
    return frozenset(rows)


def _fields(line: str) -> int:
    if "," not in line or line.rstrip().endswith((".", "。")):
        return 0
    cells = _cells(line)
    return len(cells) if max(map(len, cells)) <= 60 else 0


def _cells(line: str) -> tuple[str, ...]:
    line = line.strip()
    if "|" in line:
        return tuple(plain(cell) for cell in re.split(r"(?<!\\)\|", line.strip("|")))
    if "\t" in line:
        return tuple(plain(cell) for cell in line.split("\t"))
    return tuple(plain(cell) for cell in next(csv.reader([line], skipinitialspace=True), []))
