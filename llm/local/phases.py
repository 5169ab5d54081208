"""Before, during and after: what a question or a text sets something in relation to."""

import re
from collections.abc import Iterator
from typing import Literal

from .text import terms

When = Literal["before", "during", "after"]

_ENGLISH: dict[str, When] = {
    "before": "before",
    "prior to": "before",
    "until": "before",
    "during": "during",
    "within": "during",
    "after": "after",
    "following": "after",
    "once": "after",
}
_PHASE = re.compile(
    rf"\b(?P<when>{'|'.join(_ENGLISH)})\s+(?:(?:the|an?|their|your|my|his|her|its|our|this)\s)?(?P<noun>[a-z]{{4,}})\b",
    re.IGNORECASE,
)
_HAN_PHASE = re.compile(
    "(?P<noun>[\u4e00-\u9fff]{2}期)(?:(?P<during>[间内中里])|(?P<after>满后?|过后|结束后|之后|以后|后)|(?P<before>之前|以前|前))"
)
# What is counted is no phase: "within days", "after months".
_COUNTED = re.compile(r"(?:day|week|month|year|hour|minute)s?$|(?:working|business|calendar|which|that|this)$", re.I)


def phases(text: str) -> Iterator[tuple[str, str]]:
    """What a text speaks of as a time, by its stem, and whether something is before, during or after it."""
    for match in _PHASE.finditer(text):
        if not _COUNTED.match(match["noun"]) and (stems := terms(match["noun"])):
            yield stems[0], _ENGLISH[match["when"].lower()]
    for match in _HAN_PHASE.finditer(text):
        yield match["noun"], "during" if match["during"] else "after" if match["after"] else "before"
