"""A parsed document on disk, one JSON line a page, so that neither process holds all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep
from types import TracebackType
from typing import Any, BinaryIO, cast

import orjson

from kb.parsing.errors import CODES, ErrorCode, ParseError
from kb.parsing.parsed import Block, Language, Line, Parsed, ParsedPage, Part

GROWING_SECONDS = 0.02
"""So long is waited before looking whether more was written."""
_LANGUAGES = ("en", "zh", "ja", "ko", "und")


def write_part(file: BinaryIO, part: Part) -> None:
    """Append a page with its blocks."""
    page, blocks = part
    record = {
        "page": [page.number, page.label, page.text, page.width, page.height, page.ocr_confidence],
        "lines": [(line.start, line.end, *(round(edge, 5) for edge in line.box)) for line in page.lines],
        "blocks": [(block.kind, block.start, block.end, block.level, block.header) for block in blocks],
    }
    file.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))


def read_parts(path: Path, growing: Callable[[], bool] = lambda: False) -> Iterator[Part]:
    """The pages as written; more are waited for as long as the file is `growing`.

    Raises `ParseError("damaged")` for lines that are not what `write_part` writes.
    """
    offset, line = 0, b""
    with path.open("rb") as file:
        while True:
            may_grow = growing()
            line += file.readline()
            if line.endswith(b"\n"):
                part = _part(line, offset)
                offset += len(part[0].text)
                line = b""
                yield part
            elif may_grow:
                sleep(GROWING_SECONDS)
            elif line:
                raise ParseError("damaged")
            else:
                return


def _part(line: bytes, offset: int) -> Part:
    try:
        return _read(orjson.loads(line), offset)
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise ParseError("damaged") from error


def _read(record: dict[str, Any], offset: int) -> Part:
    number, label, text, width, height, confidence = record["page"]
    lines = tuple(Line(int(start), int(end), (x0, y0, x1, y1)) for start, end, x0, y0, x1, y1 in record["lines"])
    blocks = tuple(
        Block(kind, int(start), int(end), int(level), str(header))
        for kind, start, end, level, header in record["blocks"]
    )
    if not isinstance(text, str) or any(
        not offset <= block.start <= block.end <= offset + len(text) for block in blocks
    ):
        raise ValueError("a block outside its page")
    return ParsedPage(number, str(label), text, lines, float(width), float(height), confidence), blocks


@dataclass(frozen=True, slots=True)
class Summary:
    """What is known of a document once all of it was read."""

    title: str
    language: Language
    media_type: str
    metadata: dict[str, str]
    warnings: tuple[str, ...]
    parts: int
    characters: int

    def to_data(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Summary:
        language = data["language"] if data["language"] in _LANGUAGES else "und"
        return cls(
            title=str(data["title"]),
            language=cast(Language, language),
            media_type=str(data["media_type"]),
            metadata={str(key): str(value) for key, value in dict(data["metadata"]).items()},
            warnings=tuple(str(warning) for warning in data["warnings"]),
            parts=int(data["parts"]),
            characters=int(data["characters"]),
        )


@dataclass
class ParsedFile:
    """A document that was parsed: read `parts()` as often as wanted, then `close()` it (or use it in `with`)."""

    summary: Summary
    path: Path
    folder: TemporaryDirectory[str] | None = field(default=None, repr=False)

    @property
    def title(self) -> str:
        return self.summary.title

    @property
    def language(self) -> Language:
        return self.summary.language

    @property
    def media_type(self) -> str:
        return self.summary.media_type

    @property
    def metadata(self) -> dict[str, str]:
        return self.summary.metadata

    @property
    def warnings(self) -> tuple[str, ...]:
        return self.summary.warnings

    @property
    def characters(self) -> int:
        """The length of the document's text."""
        return self.summary.characters

    def parts(self) -> Iterator[Part]:
        """Each page with its blocks, in order; one page is in memory at a time."""
        return read_parts(self.path)

    def pages(self) -> Iterator[ParsedPage]:
        """Each page, in order."""
        return (page for page, _ in self.parts())

    def load(self) -> Parsed:
        """The whole document in memory."""
        parts = list(self.parts())
        return Parsed(
            pages=tuple(page for page, _ in parts),
            blocks=tuple(block for _, blocks in parts for block in blocks),
            title=self.title,
            language=self.language,
            media_type=self.media_type,
            metadata=self.metadata,
            warnings=self.warnings,
        )

    def close(self) -> None:
        """Delete what is on disk."""
        if self.folder:
            self.folder.cleanup()

    def __enter__(self) -> ParsedFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def error_data(error: ParseError) -> dict[str, str]:
    return {"code": error.code, "en": error.en, "zh": error.zh}


def error_from(data: dict[str, Any]) -> ParseError:
    code = data.get("code")
    known = code if code in CODES else "damaged"
    return ParseError(cast(ErrorCode, known), str(data.get("en", "")), str(data.get("zh", "")))
