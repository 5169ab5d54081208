"""Whether a sentence tells a row of a table: each value under the name of its column. Pure.

An answer says "Office: Berlin; Address: Pegelstraße 14" of a row whose columns are named at the head of its table.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence

_RULE = re.compile(r"[\s|:+-]*-{2,}[\s|:+-]*")
_MARKS = re.compile(r"[\s*_`]+")
LEAST_CELLS = 2


def tells_row(said: str, quotes: str, passage: str) -> bool:
    """Whether `said` gives cells of one quoted row of `passage`, in order and all under their columns' names."""
    told, quoted = _bare(said).rstrip(".。;；"), _letters(quotes)
    return any(_letters("".join(row)) in quoted and _gives(told, names, row) for names, row in rows(passage))


def rows(passage: str) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """The rows of a passage's tables (tabs, bars or commas between cells), each with the names of its columns."""
    names: Sequence[str] = ()
    for line in passage.splitlines():
        cells = _cells(line)
        if _RULE.fullmatch(line):
            continue
        if len(cells) < LEAST_CELLS:
            names = ()
        elif len(cells) > len(names):
            names = cells
        else:
            yield names, [*cells, *[""] * (len(names) - len(cells))]


def _cells(line: str) -> Sequence[str]:
    if "\t" in line:
        return line.split("\t")
    if line.count("|") >= LEAST_CELLS - 1:
        return [cell.strip() for cell in line.strip().strip("|").split("|")]
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return []


def _gives(told: str, names: Sequence[str], row: Sequence[str]) -> bool:
    """Whether "name: value" of the columns, some of them left out, make up all that is told."""
    given = 0
    for name, cell in zip(names, row, strict=True):
        pair = _bare(f"{name}:{cell}" if name.strip() else cell)
        if cell.strip() and told.startswith(pair):
            told = told[len(pair) :].lstrip(";；")
            given += 1
    return not told and given >= LEAST_CELLS


def _letters(text: str) -> str:
    return re.sub(r"\W", "", text).casefold()


def _bare(text: str) -> str:
    return _MARKS.sub("", text).replace("：", ":").casefold()
