"""Joining the second half of an answer to the first, when the model was asked to go on. Pure."""

from __future__ import annotations

import re

from agents.marks import MARK

DECIDE = 120
OVERLAP = 12
_IGNORED = re.compile(rf"(?:{MARK})|\s+")


class BegunAgain(Exception):
    """The model gave another answer instead of the rest of this one."""


class Continuation:
    """Takes the pieces of the second half and gives those that are new.

    Some models repeat their last words, some the whole answer: what is there already is passed over. Marks and white
    space do not count in the comparison, because the first half was stored with its marks renumbered.
    """

    def __init__(self, answer: str) -> None:
        self._answer = _IGNORED.sub("", answer)
        self._tail = answer
        self._buffer = ""
        self._joined = not answer

    def feed(self, piece: str) -> str:
        """What of the piece goes on.

        Raises:
            BegunAgain: when the model has begun a different answer.
        """
        if self._joined:
            return piece
        self._buffer += piece
        plain = _IGNORED.sub("", self._buffer)
        begin = min(DECIDE, len(self._answer))
        if plain[:begin] == self._answer[: len(plain[:begin])]:
            return self._repeated(plain)
        return self._rest() if len(self._buffer) >= DECIDE else ""

    def end(self) -> str:
        """What was held back when the model stopped."""
        return "" if self._joined else self._rest()

    def _repeated(self, plain: str) -> str:
        if len(plain) < len(self._answer):
            if not self._answer.startswith(plain):
                raise BegunAgain
            return ""
        if not plain.startswith(self._answer):
            raise BegunAgain
        self._joined = True
        return self._buffer[self._position(len(self._answer)) :]

    def _position(self, count: int) -> int:
        """Where in the buffer `count` of its compared characters have gone by."""
        ignored = [match.span() for match in _IGNORED.finditer(self._buffer)]
        position = 0
        while count:
            skip = next((end for start, end in ignored if start <= position < end), None)
            if skip is not None:
                position = skip
                continue
            position += 1
            count -= 1
        return position

    def _rest(self) -> str:
        self._joined = True
        start = _IGNORED.sub("", self._buffer)
        if self._answer and len(start) >= 40 and self._answer.startswith(start[:40]):
            raise BegunAgain
        for length in range(min(len(self._buffer), len(self._tail), 400), OVERLAP - 1, -1):
            if self._tail.endswith(self._buffer[:length]):
                return self._buffer[length:]
        return self._buffer
