"""The numbered passages of one run, and how they are framed for a model: one line of JSON each. Pure.

The frame is data by its shape: `<`, `>` and `&` are escaped, and so are the characters that some readers take for
line ends, so no text can close it.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from agents.events import Source
from agents.invisible import visible

_ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\x7f\x85\u2028\u2029"}


class Found(Protocol):
    """A passage that a search found (`kb.search.Hit`) or a reader gave."""

    @property
    def document_id(self) -> int: ...
    @property
    def version_id(self) -> int: ...
    @property
    def title(self) -> str: ...
    @property
    def heading_path(self) -> tuple[str, ...]: ...
    @property
    def page(self) -> int | None: ...
    @property
    def label(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def text(self) -> str: ...
    @property
    def context(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Shown:
    """A passage as the model was shown it. Its text is the version's text from the source's start to its end."""

    source: Source
    text: str

    def to_json(self) -> dict[str, Any]:
        source = self.source
        data: dict[str, Any] = {
            "source": source.source,
            "document": source.document,
            "title": source.title,
            "section": source.section,
            "page": source.page,
            "date": source.date,
            "context": source.context,
            "text": self.text,
        }
        shown = {name: visible(value) if isinstance(value, str) else value for name, value in data.items()}
        return {name: value for name, value in shown.items() if value or name not in ("context", "section", "date")}


class Sources:
    """The passages shown in a run. A number is given once, and a passage shown again keeps its number."""

    def __init__(self, shown: Iterable[Shown] = ()) -> None:
        self._shown: dict[int, Shown] = {}
        self._numbers: dict[tuple[int, int, int], int] = {}
        for one in shown:
            self._keep(one)

    def _keep(self, shown: Shown) -> Shown:
        source = shown.source
        self._shown[source.source] = shown
        self._numbers[source.version, source.start, source.end] = source.source
        return shown

    def add(self, found: Found, date: str) -> Shown:
        """Number a passage. `date` is shown with it: the day its version is valid from, or was last changed."""
        if number := self._numbers.get((found.version_id, found.start, found.end)):
            return self._shown[number]
        source = Source(
            source=max(self._shown, default=0) + 1,
            document=found.document_id,
            version=found.version_id,
            start=found.start,
            end=found.end,
            title=found.title,
            section=" > ".join(found.heading_path) or found.label,
            page=found.page,
            date=date,
            context=found.context,
        )
        return self._keep(Shown(source, found.text))

    def get(self, number: int) -> Shown | None:
        return self._shown.get(number)

    def all(self) -> list[Shown]:
        """The passages in the order of their numbers."""
        return [shown for _number, shown in sorted(self._shown.items())]

    def holding(self, version: int, start: int, end: int) -> int | None:
        """The number of the first source that contains a span of a version."""
        for number, shown in sorted(self._shown.items()):
            source = shown.source
            if source.version == version and source.start <= start and end <= source.end:
                return number
        return None

    def __len__(self) -> int:
        return len(self._shown)


def framed(data: Any) -> str:
    """JSON on one line in which no text can close a frame."""
    return json.dumps(data, ensure_ascii=False, separators=(", ", ": ")).translate(_ESCAPES)


def opening(question: str, shown: Iterable[Shown], note: str = "") -> str:
    """The user message: sources, question, and a note of ours after them."""
    lines = "".join(framed(one.to_json()) + "\n" for one in shown)
    message = f"<sources>\n{lines}</sources>\n\n<question>\n{html.escape(question, quote=False)}\n</question>"
    return f"{message}\n\n{note}" if note else message
