"""What OCR read on the pictures of a file, so that a run that was interrupted reads none of them twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from kb.parsing.printed import PrintedLine


@dataclass(frozen=True, slots=True)
class Recognized:
    """The lines on a file's picture number `ordinal` (from 0), which shows its page `page`.

    `confidence` is their mean from 0 to 1, None where there are none. A picture's number is its place among those that
    the file's parser has read, in mails over all attachments; the page says whether it is the same picture still.
    """

    ordinal: int
    page: int
    confidence: float | None
    lines: tuple[PrintedLine, ...]

    def to_data(self) -> dict[str, Any]:
        lines = [(line.text, *(round(edge, 5) for edge in line.box)) for line in self.lines]
        return {"ordinal": self.ordinal, "page": self.page, "confidence": self.confidence, "lines": lines}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Recognized:
        """Raises ValueError, TypeError or KeyError for what `to_data` does not give."""
        lines = tuple(PrintedLine(str(text), (x0, y0, x1, y1)) for text, x0, y0, x1, y1 in data["lines"])
        confidence = data["confidence"]
        return cls(int(data["ordinal"]), int(data["page"]), None if confidence is None else float(confidence), lines)


def write_all(path: Path, recognized: Iterable[Recognized]) -> None:
    """One JSON line for each, so that neither process holds all of them."""
    with path.open("wb") as file:
        for one in recognized:
            file.write(orjson.dumps(one.to_data(), option=orjson.OPT_APPEND_NEWLINE))


def read_all(path: Path) -> Iterator[Recognized]:
    """What `write_all` wrote, in the same order."""
    with path.open("rb") as file:
        for line in file:
            yield Recognized.from_data(orjson.loads(line))


def _tell_nobody(recognized: Recognized) -> None:
    return None


class Pictures:
    """The pictures of one file in the order in which its parser comes to them.

    `known` are those that were read before, by their numbers; `tell` hears of each that is read anew.
    """

    def __init__(self, known: Iterable[Recognized] = (), tell: Callable[[Recognized], None] = _tell_nobody) -> None:
        self._known = iter(known)
        self._next = next(self._known, None)
        self._count = 0
        self._tell = tell

    def lines(
        self, page: int, recognize: Callable[[], tuple[list[PrintedLine], float | None]]
    ) -> tuple[list[PrintedLine], float | None]:
        """The lines of the next picture and their confidence: as known, else as `recognize()` reads them."""
        ordinal, self._count = self._count, self._count + 1
        while self._next is not None and self._next.ordinal < ordinal:
            self._next = next(self._known, None)
        if self._next is not None and (self._next.ordinal, self._next.page) == (ordinal, page):
            return list(self._next.lines), self._next.confidence
        lines, confidence = recognize()
        self._tell(Recognized(ordinal, page, confidence, tuple(lines)))
        return lines, confidence
