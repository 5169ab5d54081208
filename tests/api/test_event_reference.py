"""docs/api.md names every event and every field, so that nobody has to read the code to follow a run."""

from dataclasses import fields
from pathlib import Path

import pytest

from agents.events import KINDS

REFERENCE = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_is_described(kind: str) -> None:
    row = next(line for line in REFERENCE.splitlines() if line.startswith(f"| `{kind}` |"))
    described = row.split("|")[2]
    assert described.strip() == ", ".join(f"`{field.name}`" for field in fields(KINDS[kind]))
