"""Statements written by hand about texts of their own: not drawn by the planter that the checks grew up with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Statement:
    """What may be said of a text. `kind` names what is false in it, "" when it is true."""

    text: str
    passage: str
    kind: str


def statements(path: Path) -> list[Statement]:
    """The statements of a file: `< a text`, and under it `+ what is true` and `- kind: what is false`."""
    found: list[Statement] = []
    passage: list[str] = []
    for line in path.read_text("utf-8").splitlines():
        mark, rest = line[:2], line[2:]
        if mark == "< ":
            passage = [rest]
        elif mark == "+ ":
            found.append(Statement(rest, "\n".join(passage), ""))
        elif mark == "- ":
            kind, _, text = rest.partition(": ")
            found.append(Statement(text, "\n".join(passage), kind))
        elif line and mark != "# " and passage:
            passage.append(line)
    return found
