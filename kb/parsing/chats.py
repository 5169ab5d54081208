"""Chats kept as text: which lines begin a message, as messengers write them when they export a conversation."""

from __future__ import annotations

import re
from collections.abc import Sequence

DAY = r"(?:\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})"
CLOCK = r"(?:[上下中]午|早上|晚上|凌晨)?\s?\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,6})?(?:\s?[AaPp]\.?[Mm]\.?)?"
_STAMP = rf"[\[(（【]?(?:{DAY}[\sT,，]{{0,3}})?{CLOCK}[\])）】]?"
_NAME = r"[^\s:：\[\]<>][^:：\n\[\]<>]{0,39}"
_BEGINNINGS = (
    rf"{_STAMP}\s*(?:[-–—]\s*)?{_NAME}[:：]",  # 2026-09-14 09:02 Wang Lei: text
    rf"{_STAMP}\s+{_NAME}$",  # 2026-09-14 09:02 Wang Lei, and the text on the lines after
    rf"{_NAME}\s+{_STAMP}\s*[:：]?$",  # Wang Lei 2026-09-14 09:02, and the text on the lines after
)
_BEGINNING = re.compile(rf"^\s*(?:{'|'.join(_BEGINNINGS)})")
_FEWEST = 3
_LEAST_SHARE = 0.2  # of the lines; messages of many lines leave fewer that begin one


def message_beginnings(lines: Sequence[str]) -> frozenset[int]:
    """The numbers (from 0) of the lines that begin a message; none where the lines are no chat."""
    found = frozenset(number for number, line in enumerate(lines) if _BEGINNING.match(line))
    written = sum(1 for line in lines if line.strip())
    return found if len(found) >= max(_FEWEST, _LEAST_SHARE * written) else frozenset()
