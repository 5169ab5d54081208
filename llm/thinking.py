"""Separates `<think>…</think>` from the answer when a server leaves it in the content. Pure.

Tags may be cut across chunks. Newer Qwen templates put the opening tag into the prompt, so that only `</think>`
arrives: then what came before it was reasoning.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

OPENING, CLOSING = "<think>", "</think>"
Piece = tuple[Literal["reasoning", "text"], str]


@dataclass(slots=True)
class ThinkSplitter:
    """Feed it the content of each chunk; it gives back pieces of reasoning and of text.

    `doubtful`: thinking was asked for and nothing says yet where it ends, so the beginning is taken for
    reasoning even without an opening tag. If no closing tag ever comes, `end` gives all of it once more, as text.
    """

    doubtful: bool = False
    unopened: bool = False
    """A closing tag came without an opening one."""
    plain: bool = False
    """The beginning was doubted for nothing."""
    _state: Literal["start", "thinking", "doubt", "after", "text"] = "start"
    _held: str = ""
    _doubted: list[str] = field(default_factory=list)

    def feed(self, content: str) -> list[Piece]:
        self._held += content
        pieces: list[Piece] = []
        while self._step(pieces):
            pass
        return pieces

    def sure(self) -> list[Piece]:
        """The server has shown that it separates reasoning itself: what was doubted was text."""
        self.doubtful = False
        if self._state != "doubt":
            return []
        doubted, self._doubted, self._state = "".join(self._doubted), [], "text"
        return [("text", doubted)]

    def end(self) -> list[Piece]:
        held, self._held = self._held, ""
        if self._state == "doubt":
            self.plain = True
            return [("text", "".join(self._doubted) + held)]
        if not held:
            return []
        return [("reasoning" if self._state == "thinking" else "text", held)]

    def _step(self, pieces: list[Piece]) -> bool:
        """Take one step as far as the held text allows; whether another may follow."""
        match self._state:
            case "start":
                return self._open()
            case "thinking" | "doubt":
                return self._think(pieces)
            case "after":
                self._held = self._held.lstrip()
                if not self._held:
                    return False
                self._state = "text"
                return True
        if self._held:
            pieces.append(("text", self._held))
            self._held = ""
        return False

    def _open(self) -> bool:
        start = self._held.lstrip()
        if start.startswith(OPENING):
            self._state, self._held = "thinking", start[len(OPENING) :].lstrip("\n")
        elif start.startswith(CLOSING):
            self.unopened = True
            self._state, self._held = "after", start[len(CLOSING) :]
        elif OPENING.startswith(start) or CLOSING.startswith(start):
            return False
        else:
            self._state = "doubt" if self.doubtful else "text"
        return True

    def _think(self, pieces: list[Piece]) -> bool:
        before, tag, after = self._held.partition(CLOSING)
        if not tag:
            keep = _beginning(before, CLOSING)
            before, self._held = before[: len(before) - keep], before[len(before) - keep :]
        if before:
            pieces.append(("reasoning", before))
            if self._state == "doubt":
                self._doubted.append(before)
        if tag:
            self.unopened = self.unopened or self._state == "doubt"
            self._state, self._held = "after", after
        return bool(tag)


def _beginning(text: str, tag: str) -> int:
    """How many characters at the end of `text` may be the beginning of `tag`."""
    return next((size for size in range(min(len(tag) - 1, len(text)), 0, -1) if text.endswith(tag[:size])), 0)
