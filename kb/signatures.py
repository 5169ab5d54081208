"""Which texts are nearly the same: a small signature of each, compared without the texts (MinHash, Broder 1997). Pure.

The share of equal places in two signatures estimates how many of their runs of four words (Chinese: characters) two
texts have in common. Signatures are cut into bands: texts that are nearly the same share at least one.
"""

import re
import unicodedata
import zlib

import numpy as np
from numpy.typing import NDArray

PLACES, BANDS = 64, 16
RUN = 4
FEWEST_WORDS = 40
"""Shorter texts have no signature: what they have in common says little."""
MOST_CHARACTERS = 1_000_000
"""So much of a text counts: texts that are nearly the same are so from the beginning."""
NEARLY_THE_SAME = 0.8
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+")
_CHANCE = np.random.default_rng(20_240_229)
_FACTORS = _CHANCE.integers(1, 2**63, PLACES, dtype=np.uint64) | np.uint64(1)
_SHIFTS = _CHANCE.integers(0, 2**63, PLACES, dtype=np.uint64)
_ROLL = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], dtype=np.uint64)


class Signer:
    """Takes a text piece by piece, and gives its signature."""

    def __init__(self) -> None:
        self.smallest = np.full(PLACES, np.iinfo(np.uint64).max, dtype=np.uint64)
        self.words = 0
        self.characters = 0

    def take(self, text: str) -> None:
        """Count a piece in; pieces are cut between paragraphs, so no run goes over their ends."""
        text = text[: max(MOST_CHARACTERS - self.characters, 0)]
        self.characters += len(text)
        found = [zlib.crc32(word.encode()) for word in _WORD.findall(unicodedata.normalize("NFKC", text).casefold())]
        self.words += len(found)
        if len(found) < RUN:
            return
        words = np.array(found, dtype=np.uint64)
        count = len(words) - RUN + 1
        runs = np.zeros(count, dtype=np.uint64)
        for place in range(RUN):
            runs = (runs ^ words[place : place + count]) * _ROLL[place]
            runs ^= runs >> np.uint64(29)
        runs = np.unique(runs)
        for place in range(PLACES):
            mixed = runs * _FACTORS[place] + _SHIFTS[place]
            self.smallest[place] = min(self.smallest[place], (mixed ^ (mixed >> np.uint64(31))).min())

    def signature(self) -> bytes:
        """The signature; empty for a text too short to have one."""
        if self.words < FEWEST_WORDS:
            return b""
        return (self.smallest & np.uint64(0xFFFFFFFF)).astype("<u4").tobytes()


def bands_of(signature: bytes) -> list[int]:
    """Numbers that texts nearly the same have in common, as PostgreSQL's bigint holds them."""
    size = len(signature) // BANDS
    return [
        (zlib.crc32(signature[place * size : (place + 1) * size]) << 5) | place for place in range(BANDS) if signature
    ]


def similarity(one: bytes, other: bytes) -> float:
    """About how much of two texts is the same, from 0 to 1."""
    if not one or len(one) != len(other):
        return 0.0
    return float(np.mean(_places(one) == _places(other)))


def _places(signature: bytes) -> NDArray[np.uint32]:
    return np.frombuffer(signature, dtype="<u4")
