"""Chats whose lines are a clock time, a writer and a text between tabs, under lines with the day, as LINE keeps them.

Each message is handed on with its day: "2026/03/23 09:12 Ann: text".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from kb.parsing.chats import CLOCK, DAY
from kb.parsing.composer import Composer
from kb.parsing.encodings import decoded_lines

_MESSAGE = re.compile(rf"(?P<when>(?:{DAY}[\sT]{{1,2}})?{CLOCK})\t(?P<writer>[^\t]{{0,60}})\t(?P<text>.*)")
_OF_DAY = re.compile(
    rf"(?P<day>{DAY})\s*(?:[（(][^()（）]{{1,4}}[)）]|(?:星期|週|周)[一二三四五六日天]|[A-Z][a-z]{{2,8}})?"
    rf"|[A-Z][a-z]{{2,8}},\s?(?P<after>{DAY})"
)
_FEWEST = 3
_LEAST_SHARE = 0.4  # of the lines; messages of several lines leave fewer that begin one


def is_chat(sample: str) -> bool:
    """Whether a text begins as such a chat does; a table whose first row names its columns is none."""
    lines = [line for line in sample.splitlines() if line.strip()]
    found = [_MESSAGE.fullmatch(line) is not None for line in lines]
    first = next((is_message for line, is_message in zip(lines, found, strict=True) if "\t" in line), False)
    return first and sum(found) >= max(_FEWEST, _LEAST_SHARE * len(lines))


def parse(path: Path, out: Composer) -> None:
    """Hand on each message as a paragraph, and what stands before the first as it is."""
    day = ""
    for text in _messages(decoded_lines(path)):
        found = _MESSAGE.match(text)
        if found is None:
            on = _OF_DAY.fullmatch(text.strip())
            day = (on["day"] or on["after"]) if on else day
            out.add("paragraph", text)
            continue
        said = text[found.start("text") :].strip()
        if said.startswith('"') and said.endswith('"') and "\n" in said:
            said = said[1:-1]
        when = found["when"] if re.match(DAY, found["when"]) else f"{day} {found['when']}".strip()
        writer = " ".join(found["writer"].replace(":", " ").split())
        out.add("paragraph", f"{when} {writer}: {said}" if writer else f"{when} {said}")
    out.flush()


def _messages(lines: Iterable[str]) -> Iterator[str]:
    """Messages with all their lines, and the lines between them."""
    waiting: list[str] = []
    for line in lines:
        text = line.rstrip("\r\n")
        alone = not text.strip() or _OF_DAY.fullmatch(text.strip()) is not None
        if waiting and (alone or _MESSAGE.fullmatch(text) or not _MESSAGE.match(waiting[0])):
            yield "\n".join(waiting)
            waiting = []
        if text.strip():
            waiting.append(text)
    if waiting:
        yield "\n".join(waiting)
