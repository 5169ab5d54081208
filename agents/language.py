"""The language of a question. Pure."""

from __future__ import annotations

import re
from string import ascii_letters
from typing import Literal

Language = Literal["en", "zh"]
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_NO_LETTERS = bytes(set(range(256)) - set(ascii_letters.encode()))


def language_of(text: str) -> Language:
    """Chinese when a question has any Chinese character outside of quotation marks, else English."""
    unquoted = re.sub(r"[\"“「『《][^\"”」』》]{0,1000}[\"”」』》]", "", text)
    return "zh" if _HAN.search(unquoted or text) else "en"


def tongue_of(text: str) -> Language:
    """The language that most of a text is in: an English passage may quote a Chinese word."""
    if text.isascii():
        return "en"
    characters = len(text) - len(_HAN.sub("", text))
    letters = len(text.encode("ascii", "ignore").translate(None, _NO_LETTERS))
    return "zh" if 3 * characters > letters else "en"
