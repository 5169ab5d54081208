"""Whether two passages say the same, though not letter for letter. Pure.

A copy with other line breaks, punctuation, widths, Traditional characters or a word put right says nothing new; one
with another number, name or "not" does, however alike the two look.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from kb.lexical import fold

ALIKE = 0.9
"""Share of common pieces (Jaccard) from which two texts are taken for the same."""
PIECE = 4
SAMPLED = 16
LONGER_PIECE = 2 * PIECE
"""So many longer pieces are looked for before texts are compared in full, which few are alike enough to be worth. They
are longer because short ones stand in any two texts of one subject."""
_BETWEEN = re.compile(r"[\W_]+")
_ASCII_BETWEEN = bytes(code for code in range(128) if not chr(code).isalnum())
_TELLING = re.compile(
    r"\d+(?:[.,:]\d+)*|[零〇一二两三四五六七八九十百千万亿半]+"  # numbers
    r"|\b(?i:no|not|never|none|without|except|unless|only|\w+n['’]t)\b|[不没无非未勿禁除仅]"  # what turns it round
    r"|(?<=[ ,;:(])(?<![.!?:] )[A-Z][\w-]*"  # names: capitals inside a sentence
)


@dataclass(frozen=True)
class Saying:
    """What a text says, to compare it with others; `folded` is `kb.lexical.fold` of the text."""

    folded: str
    letters: str

    @classmethod
    def of(cls, text: str) -> "Saying":
        folded = fold(text)
        return cls(folded, _letters(folded))

    @cached_property
    def pieces(self) -> frozenset[str]:
        return frozenset(self.letters[at : at + PIECE] for at in range(max(len(self.letters) - PIECE + 1, 1)))

    @cached_property
    def telling(self) -> Counter[str]:
        return Counter(_TELLING.findall(self.folded))

    def _may_share(self, other: "Saying") -> bool:
        """Whether half of some pieces of this text stand in the other: of like texts nearly nine in ten do."""
        step = max(len(self.letters) // SAMPLED, 1)
        some = [self.letters[at : at + LONGER_PIECE] for at in range(0, len(self.letters), step)]
        missing = 0
        for piece in some:
            missing += piece not in other.letters
            if 2 * missing > len(some):
                return False
        return True

    def repeats(self, other: "Saying") -> bool:
        """Whether it says what `other` says, and nothing more."""
        if self.letters == other.letters:
            return True
        shorter, longer = sorted((len(self.letters), len(other.letters)))
        if len(self.letters) >= 3 * PIECE and self.letters in other.letters:
            return True
        if shorter < ALIKE * longer or not self._may_share(other) or self.telling != other.telling:
            return False
        common = len(self.pieces & other.pieces)
        return common >= ALIKE * (len(self.pieces) + len(other.pieces) - common)


def _letters(folded: str) -> str:
    """The letters and digits alone, in one case. Bytes are taken out many times as fast as characters are looked at."""
    rest = folded.encode("utf-8", "surrogatepass").translate(None, _ASCII_BETWEEN)
    if len(rest) == len(found := rest.decode("utf-8", "surrogatepass")):
        return found.lower()
    return _BETWEEN.sub("", found).casefold()
