"""Finding wording as people mean it, whatever its case, widths, compatibility forms and line breaks. Pure."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

# Soft hyphens, zero-width characters and byte-order marks are there for layout only.
INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_SPACE = re.compile(rf"[\s{INVISIBLE}]+")
_WIDE = "\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef"
_SPACE_BESIDE_WIDE = re.compile(rf" (?=[{_WIDE}])|(?<=[{_WIDE}]) ")


def folded(text: str) -> str:
    """`text` in lower case and compatibility form (NFKC) with every white space gone: what is compared."""
    return _SPACE.sub("", unicodedata.normalize("NFKC", text).lower())


def occurrences(text: str, wanted: str) -> Iterator[tuple[int, int]]:
    """Where `wanted` stands in `text`: spans of `text`, which hold it in its own writing.

    White space in `wanted` matches any white space, and must be there, except beside Chinese, Japanese and Korean
    characters, which lines break between anywhere.
    """
    needle, spaced = folded(wanted), _spaced(wanted)
    if not needle:
        return
    haystack, starts, ends = _folded_with_places(text)
    at = haystack.find(needle)
    while at >= 0:
        start, end = starts[at], ends[at + len(needle) - 1]
        if _spaced(text[start:end]) == spaced:
            yield start, end
            at = haystack.find(needle, at + len(needle))
        else:
            at = haystack.find(needle, at + 1)


def _spaced(text: str) -> str:
    joined = _SPACE.sub(" ", unicodedata.normalize("NFKC", text).lower().translate(_DROPPED)).strip()
    return _SPACE_BESIDE_WIDE.sub("", joined)


_DROPPED = dict.fromkeys(map(ord, INVISIBLE))


def _folded_with_places(text: str) -> tuple[str, list[int], list[int]]:
    """`folded(text)`, and for each of its characters the span of `text` that it comes from."""
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _clusters(text):
        piece = _folded_cluster(text[start:end])
        pieces.append(piece)
        starts.extend([start] * len(piece))
        ends.extend([end] * len(piece))
    return "".join(pieces), starts, ends


_CLUSTER = re.compile(r"[\x00-\x7f](?![\u0300-\u036f])|.[\u0300-\u036f\u3099\u309a]*", re.DOTALL)


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in _CLUSTER.finditer(text))


@lru_cache(maxsize=65_536)
def _folded_cluster(cluster: str) -> str:
    return folded(cluster)


def widths(text: str) -> list[float]:
    """About how wide each character is printed, in half-width characters."""
    return [2.0 if unicodedata.east_asian_width(character) in "WF" else 1.0 for character in text]


def part_of_line(text: str, start: int, end: int) -> tuple[float, float]:
    """The share of a printed line's width before `start` and before `end`, from 0 to 1."""
    reached, total = [0.0], 0.0
    for width in widths(text):
        total += width
        reached.append(total)
    if not total:
        return 0.0, 1.0
    return reached[start] / total, reached[min(end, len(text))] / total
