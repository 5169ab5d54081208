"""CSV and TSV: the source lines as they stand, one block a record, streamed."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from kb.parsing.composer import HEADER_CHARACTERS, PART_CHARACTERS, Composer
from kb.parsing.encodings import decoded_lines
from kb.parsing.parsed import Block

DELIMITERS = ",;\t|"
MAXIMUM_RECORD_LINES = 200
PROGRESS_RECORDS = 5_000


def parse(path: Path, out: Composer) -> None:
    """Hand on each record as a row; the first record is the header of the others."""
    lines = decoded_lines(path)
    texts: list[str] = []
    blocks: list[Block] = []
    length, header = 0, ""
    for number, record in enumerate(_records(lines), 1):
        if number % PROGRESS_RECORDS == 0:
            out.progress(number, None, "rows")
        if length + len(record) > PART_CHARACTERS and texts:
            out.verbatim("".join(texts), blocks)
            texts, blocks, length = [], [], 0
        stripped = record.rstrip()
        texts.append(record)
        if stripped:
            blocks.append(Block("row", length, length + len(stripped), header=header))
            header = header or stripped[:HEADER_CHARACTERS]
        length += len(record)
    out.verbatim("".join(texts), blocks)


def _records(lines: Iterator[str]) -> Iterator[str]:
    """Records as written: a quoted field may go on over several lines. A quote never closed is taken as text."""
    waiting: list[str] = []
    open_quote = False
    for line in lines:
        waiting.append(line)
        open_quote ^= line.count('"') % 2 == 1
        if open_quote and len(waiting) < MAXIMUM_RECORD_LINES:
            continue
        yield from waiting if open_quote else ["".join(waiting)]
        waiting, open_quote = [], False
    yield from waiting


def delimiter_of(sample: str) -> str:
    """The delimiter that cuts the lines of `sample` into the same number of fields, or "" when none does."""
    lines = [line for line in sample.splitlines() if line.strip()][:50]
    best, best_share = "", 0.0
    for delimiter in DELIMITERS:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter))
        width, count = widths.most_common(1)[0] if widths else (1, 0)
        share = count / max(1, sum(widths.values())) if width > 1 else 0.0
        if share > best_share:
            best, best_share = delimiter, share
    return best if best_share >= 0.6 else ""
