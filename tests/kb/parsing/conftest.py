"""Files read in this process, so that a test sees what the child would see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kb.parsing import Block, Parsed, ParseLimits, Part
from kb.parsing.kinds import read

SAMPLES = Path(__file__).parents[2] / "samples"
Reader = Callable[..., Parsed]


@pytest.fixture
def sample() -> Callable[[str], Path]:
    return lambda name: SAMPLES / name


@pytest.fixture
def parsed(tmp_path: Path) -> Reader:
    """Read a sample by name, or `content` under that name."""

    def reader(name: str, content: bytes | str | None = None, limits: ParseLimits | None = None) -> Parsed:
        path = SAMPLES / name
        if content is not None:
            path = tmp_path / "upload"
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        parts: list[Part] = []
        summary = read(path, name, limits or ParseLimits(), parts.append, lambda done, total, unit: None)
        return Parsed(
            pages=tuple(page for page, _ in parts),
            blocks=tuple(block for _, blocks in parts for block in blocks),
            title=summary.title,
            language=summary.language,
            media_type=summary.media_type,
            metadata=summary.metadata,
            warnings=summary.warnings,
        )

    return reader


def shapes(document: Parsed) -> list[tuple[str, str]]:
    """Each block's kind and text."""
    return [(block.kind, text_of(document, block)) for block in document.blocks]


def text_of(document: Parsed, block: Block) -> str:
    return document.text[block.start : block.end]
