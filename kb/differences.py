"""What changed between two texts: paragraphs that came, went or were reworded, and the words in them. Pure.

Paragraphs that stand once in both texts, in the same order, are the fixed points (patience differencing, Bram Cohen);
only the stretches between them are compared one by one. So the work grows with the texts, not with their square, and
every inner comparison has a bound of its own.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "added", "removed", "changed"]
Mark = Literal["", "added", "removed"]

STRETCH = 400
"""Stretches between fixed points with more paragraphs than this count as rewritten."""
WORDS = 1_200
"""Longer paragraphs are shown as a whole before and after, not word by word."""
REWORDED = 0.4
"""Two paragraphs that share less than this of their words are another paragraph, not a rewording."""
LONGEST_PARAGRAPH = 3_000
_GAP = re.compile(r"\n\s*\n")
_WORD = re.compile(
    r"[\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]"  # a character says a word
    r"|\d+(?:[.,:/-]\d+)*|[^\W\d_]+(?:['’-][^\W\d_]+)*|\s+|."
)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, heading or table row: where it begins in its text, and the heading's level (0: none)."""

    text: str
    start: int
    level: int = 0

    @property
    def key(self) -> str:
        """What makes it the same paragraph: its characters, however its lines are broken."""
        return " ".join(self.text.split())


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a changed paragraph: in both texts, or in one of them alone."""

    text: str
    mark: Mark = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One paragraph of the comparison. `old` and `new` are None where it does not stand in that text."""

    kind: Kind
    old: Paragraph | None
    new: Paragraph | None
    pieces: tuple[Piece, ...] = ()

    @property
    def paragraph(self) -> Paragraph:
        """As it stands in the newer text, else in the older."""
        found = self.new or self.old
        assert found is not None
        return found


def paragraphs(text: str, start: int = 0, headings: dict[int, int] | None = None) -> Iterator[Paragraph]:
    """The paragraphs of `text`, which begins at `start` in its document; each row of a table is one.

    `headings` gives the level of the heading that begins at an offset of the document.
    """
    headings = headings or {}
    position = 0
    for gap in [*_GAP.finditer(text), None]:
        end = gap.start() if gap else len(text)
        yield from _of_block(text[position:end], start + position, headings)
        position = gap.end() if gap else end


def _of_block(block: str, start: int, headings: dict[int, int]) -> Iterator[Paragraph]:
    """A block between blank lines: as it is, or by lines where it holds headings, rows or very much."""
    by_lines = (
        "\t" in block
        or block.lstrip().startswith("|")
        or len(block) > LONGEST_PARAGRAPH
        or any(start < place < start + len(block) for place in headings)
        or start in headings
    )
    position = 0
    for piece in block.split("\n") if by_lines else [block]:
        stripped = piece.strip()
        if stripped:
            place = start + position + len(piece) - len(piece.lstrip())
            level = headings.get(place, headings.get(start + position, 0))
            yield Paragraph(stripped, place, level)
        position += len(piece) + 1


def compare(old: Sequence[Paragraph], new: Sequence[Paragraph]) -> list[Change]:
    """Every paragraph of both texts in reading order."""
    changes: list[Change] = []
    old_keys, new_keys = [one.key for one in old], [one.key for one in new]
    at_old = at_new = 0
    for first, second in [*_fixed(old_keys, new_keys), (len(old), len(new))]:
        changes.extend(_between(old[at_old:first], new[at_new:second]))
        if first < len(old):
            changes.append(Change("same", old[first], new[second]))
        at_old, at_new = first + 1, second + 1
    return changes


def _fixed(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Places that surely belong together, rising in both texts: the equal ends, and what stands once in each."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    inner_old, inner_new = old[head : len(old) - tail], new[head : len(new) - tail]
    once_old, once_new = _once(inner_old), _once(inner_new)
    pairs = sorted((once_old[key], once_new[key]) for key in once_old.keys() & once_new.keys())
    return [
        *((place, place) for place in range(head)),
        *((head + first, head + second) for first, second in _rising(pairs)),
        *((len(old) - place, len(new) - place) for place in range(tail, 0, -1)),
    ]


def _once(keys: Sequence[str]) -> dict[str, int]:
    counts = Counter(keys)
    return {key: place for place, key in enumerate(keys) if counts[key] == 1}


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of pairs, sorted by their first place, whose second places rise too (patience sorting)."""
    ends: list[int] = []  # the smallest second place that a run of each length ends with
    last: list[int] = []  # which pair that is
    before: list[int] = []
    for index, (_, second) in enumerate(pairs):
        length = bisect_left(ends, second)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [second]
        last[length : length + 1] = [index]
    chain: list[tuple[int, int]] = []
    index = last[-1] if last else -1
    while index >= 0:
        chain.append(pairs[index])
        index = before[index]
    return chain[::-1]


def _between(old: Sequence[Paragraph], new: Sequence[Paragraph]) -> Iterator[Change]:
    """The stretch between two fixed points."""
    if len(old) > STRETCH or len(new) > STRETCH:
        yield from _rewritten(old, new)
        return
    matcher = SequenceMatcher(None, [one.key for one in old], [one.key for one in new], autojunk=False)
    for kind, first, last, begin, end in matcher.get_opcodes():
        if kind == "equal":
            yield from (Change("same", *pair) for pair in zip(old[first:last], new[begin:end], strict=True))
        else:
            yield from _paired(old[first:last], new[begin:end])


def _rewritten(old: Iterable[Paragraph], new: Iterable[Paragraph]) -> Iterator[Change]:
    yield from (Change("removed", one, None) for one in old)
    yield from (Change("added", None, one) for one in new)


def _paired(old: Sequence[Paragraph], new: Sequence[Paragraph]) -> Iterator[Change]:
    """Neighbouring paragraphs that are rewordings of each other, side by side; the rest came or went."""
    waiting = list(new)
    for one in old:
        place = next((place for place, other in enumerate(waiting[:4]) if _is_rewording(one, other)), None)
        if place is None:
            yield Change("removed", one, None)
            continue
        yield from (Change("added", None, other) for other in waiting[:place])
        other = waiting[place]
        waiting = waiting[place + 1 :]
        yield Change("changed", one, other, words(one.text, other.text))
    yield from (Change("added", None, other) for other in waiting)


def _is_rewording(old: Paragraph, new: Paragraph) -> bool:
    if bool(old.level) != bool(new.level):
        return False
    before, after = _meaningful(old.text), _meaningful(new.text)
    total = before.total() + after.total()
    return bool(total) and 2 * (before & after).total() / total >= REWORDED


def _meaningful(text: str) -> Counter[str]:
    return Counter(word.casefold() for word in _WORD.findall(text) if word[0].isalnum())


def words(old: str, new: str) -> tuple[Piece, ...]:
    """Both wordings in one: what stays, what went and what came; Chinese by characters, other languages by words."""
    before, after = _split(old), _split(new)
    if len(before) > WORDS or len(after) > WORDS:
        return (Piece(old, "removed"), Piece(new, "added"))
    pieces: list[Piece] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, first, last, begin, end in _joined(matcher.get_opcodes(), before):
        if kind == "equal":
            pieces.append(Piece("".join(after[begin:end])))
            continue
        if last > first:
            pieces.append(Piece("".join(before[first:last]), "removed"))
        if end > begin:
            pieces.append(Piece("".join(after[begin:end]), "added"))
    return tuple(pieces)


def _split(text: str) -> list[str]:
    return [" " if word.isspace() else word for word in _WORD.findall(text)]


def _joined(
    codes: Iterable[tuple[str, int, int, int, int]], before: Sequence[str]
) -> Iterator[tuple[str, int, int, int, int]]:
    """Changes with nothing but a space or a sign between them become one: single signs left standing read badly."""
    held: tuple[str, int, int, int, int] | None = None
    codes = list(codes)
    for place, (kind, first, last, begin, end) in enumerate(codes):
        between = kind == "equal" and last - first == 1 and not before[first].isalnum()
        if held and (kind != "equal" or (between and 0 < place < len(codes) - 1)):
            held = ("replace", held[1], last, held[3], end)
            continue
        if kind == "equal":
            if held:
                yield held
            held = None
            yield kind, first, last, begin, end
        else:
            held = (kind, first, last, begin, end)
    if held:
        yield held
