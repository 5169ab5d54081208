"""Where the sentences of a text stand, English and Chinese, prose and Markdown lines. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from agents.marks import MARK

_ABBREVIATIONS = """
    mr mrs ms dr prof st no nos vs fig sec art ch vol ed al inc ltd co corp dept approx e.g i.e etc cf
    jan feb mar apr jun jul aug sep sept oct nov dec p pp para
"""
ABBREVIATIONS = frozenset(_ABBREVIATIONS.split())
MARKS = rf"(?:\s*(?:{MARK}))+"
_CLOSING = r"[\"'”’」』）)\]》*_]*+"
# A Chinese stop ends a sentence anywhere; a Western one before white space, a mark or the end. A row of stops is tried
# once and as a whole, or its length would count squared.
_STOP = re.compile(
    rf"[。！？；](?![。！？]){_CLOSING}(?:{MARKS})?|(?<![.!?;])[.!?;]++{_CLOSING}(?:{MARKS}|(?=\s|$))|\n+|"
    r"(?<!…)…++(?=\s|$|[\u4e00-\u9fff])"
)
_MARK = re.compile(MARK)
_LAST_WORD = re.compile(r"([\w.]+)$")


class Span(NamedTuple):
    """From `start` to `end` (characters, `end` excluded)."""

    start: int
    end: int


def sentences(text: str, *, clauses: bool = True) -> Iterator[Span]:
    """The sentences of a text in order, without the white space around them. A new line always ends one.

    Citation marks behind a full stop belong to the sentence before them. A semicolon ends a clause of a source; with
    `clauses` off, as for answers, it does so only behind a citation: "A; B [1]." rests on source 1 as a whole.
    """
    start = 0
    for stop in _STOP.finditer(text):
        if stop[0].startswith(".") and _abbreviated(text, stop.start()):
            continue
        if not clauses and stop[0][0] in ";；" and not _MARK.search(text, start, stop.end()):
            continue
        yield from _trimmed(text, start, stop.end())
        start = stop.end()
    yield from _trimmed(text, start, len(text))


def _abbreviated(text: str, dot: int) -> bool:
    word = _LAST_WORD.search(text[max(0, dot - 12) : dot])
    if word is None:
        return False
    found = word[1].lower()
    # "A. Smith" and "3. Submit the form": an initial, or the number of a list's item
    starts_line = not text[: dot - len(found)].rpartition("\n")[2].strip(" #>*-")
    return found in ABBREVIATIONS or (len(found) == 1 and found.isalpha()) or (found.isdigit() and starts_line)


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    part = text[start:end]
    if stripped := part.strip():
        first = start + part.index(stripped[0])
        yield Span(first, first + len(stripped))
