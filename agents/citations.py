"""Marks in a token stream → the places in the sources that the cited sentences come from. Pure.

A model cites the passages it was shown by their numbers: `[3]`, `[1][3]`, `[1, 3]`, `【3】`, `[^3]`. The reader finds
those marks however the stream is cut; `align` finds the sentence or row of the passage that the answer's sentence
rests on, so that what is quoted is short and literally there.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from agents.marks import BEGUN, MARK
from agents.sentences import Span, sentences
from agents.terms import numbers, terms

# What may be followed by "(" is a link, what by ":" the definition of one: neither cites. A run of white space is
# looked at from its beginning alone, or its length would count squared.
SPACED_MARK = rf"(?<![ \t])[ \t]*+(?:{MARK})(?![(:])"
_SPACED_MARK = re.compile(SPACED_MARK)
_INFO = 80
"""Characters that may follow a fence on its line."""
_INLINE_CODE = 1000
"""Back-ticks that are not closed within so many characters are text."""
# A fence of back-ticks has none on the rest of its line.
_TOKEN = re.compile(
    rf"(?P<fence>(?:^|(?<=\n))[ ]{{0,3}}(?:```(?=[^\n`]{{0,{_INFO - 1}}}(?:\n|\Z))|~~~))|(?P<code>`+)|"
    rf"(?P<mark>{SPACED_MARK})|(?P<image>!(?=\[)(?!(?:{MARK})(?![(:])))|(?P<tag><(?=[A-Za-z/!?])(?!https?://))"
)
_UNFINISHED = re.compile(
    rf"(?:(?<!\n)\n+|(?:^|(?<=\n))[ ]{{0,3}}(?:`{{1,2}}|~{{1,2}}|```[^\n]{{0,{_INFO}}})?|(?<!`)`+|(?<![ \t])[ \t]+|!|"
    r"<(?:!|h(?:t(?:tp?)?)?|https?(?::/?)?)?|"
    rf"(?:!|(?<![ \t])[ \t]*+)(?:{BEGUN}|{MARK}))\Z"
)
_CLAUSE_ENDS = re.compile(r"\s*[;；]")
_LABEL = re.compile(r"(?:^|[;；])[^:：;；\n]{1,40}[:：]\s")
_DIGITS = re.compile(r"\d+")
_TAIL = 2000


@dataclass(frozen=True, slots=True)
class Mark:
    """A citation of source numbers by the words before it, and the white space it stood behind."""

    sources: tuple[int, ...]
    sentence: str
    space: str = ""


class MarkReader:
    """Reads an answer piece by piece: text comes out without its marks, and each mark in its place.

    Nothing inside code (fences and back-ticks) is a mark, and outside of it no image and no HTML is let through. What
    may become a mark, or code, waits for the next piece.
    """

    def __init__(self, before: str = "") -> None:
        self._held = ""
        self._plain = re.sub(MARK, "", before)[-_TAIL:]
        self._since_mark = len(self._plain)
        self._fence = ""
        self._line_starts = not before or before.endswith("\n")

    def feed(self, piece: str) -> Iterator[str | Mark]:
        text, self._held = self._held + piece, ""
        if unfinished := _UNFINISHED.search(text):
            text, self._held = text[: unfinished.start()], unfinished[0]
        yield from self._read(text)

    def end(self) -> Iterator[str | Mark]:
        """What was still held back when the stream ended."""
        text, self._held = self._held, ""
        yield from self._read(text, last=True)

    def _read(self, text: str, *, last: bool = False) -> Iterator[str | Mark]:
        # A line begins where the piece does only if the text before it ended one.
        begin = 0 if self._line_starts else 1
        padded = text if self._line_starts else "\x00" + text
        done = at = begin
        end = len(padded)
        while token := _TOKEN.search(padded, at):
            at = token.end()
            if token["fence"]:
                fence = token["fence"].strip()
                self._fence = "" if self._fence == fence else self._fence or fence
            elif self._fence:
                continue
            elif token["code"]:
                closed = _end_of_code(padded, token)
                if closed is None and not last:
                    self._held = padded[token.start() :] + self._held
                    end = token.start()
                    break
                at = closed or at
            elif token["mark"]:
                yield from self._plain_text(padded[done : token.start()])
                space = token["mark"][: -len(token["mark"].lstrip(" \t"))]
                yield Mark(
                    tuple(dict.fromkeys(map(int, _DIGITS.findall(token[0].partition("†")[0])))), self._sentence(), space
                )
                self._since_mark = 0
                done = at
            else:
                # Images and HTML can be loaded without being asked for, from an address that could carry data out: of
                # an image a link is left, of a tag its letters.
                yield from self._plain_text(padded[done : token.start()])
                yield from self._plain_text("&lt;" if token["tag"] else "")
                done = at
        yield from self._plain_text(padded[done:end])
        if end > begin:
            self._line_starts = padded[end - 1] == "\n"

    def _plain_text(self, text: str) -> Iterator[str]:
        if text:
            self._plain = (self._plain + text)[-_TAIL:]
            self._since_mark += len(text)
            yield text

    def _sentence(self) -> str:
        """The words that a mark here stands behind: since the last stop, or the sentence that has just ended.

        A clause behind a semicolon stands for itself when the one before it was cited.
        """
        since = self._plain[max(0, len(self._plain) - self._since_mark) :]
        text = since if _CLAUSE_ENDS.match(since) else self._plain
        spans = list(sentences(text, clauses=False))
        return text[spans[-1].start : spans[-1].end].lstrip(";； ") if spans else ""


def _end_of_code(text: str, ticks: re.Match[str]) -> int | None:
    """Where code that begins with back-ticks ends; 0 where they begin none, None where that is not known yet."""
    closing = re.compile(rf"(?<!`){ticks[0]}(?!`)|\n\n")
    if found := closing.search(text, ticks.end(), ticks.end() + _INLINE_CODE):
        return found.end() if "`" in found[0] else 0
    return 0 if len(text) - ticks.end() >= _INLINE_CODE else None


def plain(answer: str) -> str:
    """An answer without its marks, and with the signs that were kept from beginning a tag."""
    return _SPACED_MARK.sub("", answer).replace("&lt;", "<")


def align(sentence: str, passage: str) -> Span:
    """The part of `passage` that `sentence` rests on best: one sentence or row, or up to three in a row.

    Words count by how few parts of the passage have them, numbers twice. Where nothing is shared, as between two
    languages, the whole passage stands for itself. Of a table's row, written as "label: value; label: value", only the
    values count: the labels are those of every row.
    """
    parts = list(_parts(passage))
    if len(_LABEL.findall(sentence)) > 1:
        sentence = _LABEL.sub(" ", sentence)
    wanted = terms(sentence)
    if len(parts) < 2 or not wanted:
        return _whole(passage)
    words = [terms(passage[part.start : part.end]) for part in parts]
    counts = Counter(word for found in words for word in found)
    digits = numbers(sentence)
    weights = {
        word: math.log(1 + len(parts) / counts[word]) * (2 if word in digits else 1)
        for word in wanted
        if word in counts
    }
    if not weights:
        return _whole(passage)
    best = max(_windows(len(parts)), key=lambda window: _score(words[window.start : window.end], weights, window))
    return Span(parts[best.start].start, parts[best.end - 1].end)


def _windows(count: int) -> Iterator[Span]:
    for width in (1, 2, 3):
        for start in range(count - width + 1):
            yield Span(start, start + width)


def _score(parts: Sequence[Set[str]], weights: dict[str, float], window: Span) -> float:
    """Shared weight, less for every further part: it has to add a fifth of the whole to be worth its length.

    Every part at the window's ends has to add something, and the first of equals wins.
    """
    shared = sum(weight for word, weight in weights.items() if any(word in part for part in parts))
    return shared - 0.2 * sum(weights.values()) * (len(parts) - 1) - window.start * 1e-6


def _parts(passage: str) -> Iterator[Span]:
    for span in sentences(passage):
        if span.end - span.start > 1 and re.search(r"\w", passage[span.start : span.end]):
            yield span


def _whole(passage: str) -> Span:
    stripped = passage.strip()
    if not stripped:
        return Span(0, len(passage))
    start = passage.index(stripped[0])
    return Span(start, start + len(stripped))
