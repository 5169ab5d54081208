"""One turn of a local chat model."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call: the tool's name and its arguments."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model says in one turn: its reasoning, its text, and the tools it calls."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[Call, ...] = ()
