"""The language of a question. Pure."""

from __future__ import annotations

import re
from typing import Literal

Language = Literal["en", "zh"]
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")


def language_of(text: str) -> Language:
    """Chinese when a question has any Chinese character outside of quotation marks, else English."""
    unquoted = re.sub(r"[\"“「『《][^\"”」』》]{0,1000}[\"”」』》]", "", text)
    return "zh" if _HAN.search(unquoted or text) else "en"
