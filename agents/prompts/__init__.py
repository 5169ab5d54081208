"""The texts that models are given. They are files, to be read and reviewed as text."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
_PLACE = re.compile(r"\{(\w+)\}")


@cache
def text(name: str) -> str:
    """The text of one file, without the white space around it."""
    return (FOLDER / f"{name}.txt").read_text("utf-8").strip()


def fill(name: str, **values: str) -> str:
    """A text with its `{places}` filled. The values are not looked through for places.

    Raises:
        KeyError: when a place has no value.
    """
    return _PLACE.sub(lambda place: values[place[1]], text(name)).strip()


REFUSALS = (text("refusal_en"), text("refusal_zh"))


def rules(today: str) -> str:
    return fill("rules", today=today, refusal_en=REFUSALS[0], refusal_zh=REFUSALS[1])
