"""Tables that mark for each of several columns whether something holds ("off" or "on" for each office)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .conversation import Source
from .glossary import translations
from .text import terms
from .units import Unit, units

_ON = frozenset(("休", "off", "x", "yes", "是", "有", "✓", "√", "●", "✔"))
_ASKS_FREE = re.compile(r"放假|休息|休假日|假日|节日|\bdays? off\b|\bholidays?\b|\bfree\b", re.IGNORECASE)
_FREE = frozenset(("休", "off"))
_ALL = re.compile(r"\b(?:all|every|each|both)\b|都|均|共同|所有|全部", re.IGNORECASE)
_WHICH = re.compile(r"\bwhich\b|\blist\b|\bwhat\b|哪些|哪几", re.IGNORECASE)
_COUNT = re.compile(r"\bhow many\b|\bnumber of\b|多少|几", re.IGNORECASE)
_FEWEST_ROWS = 4


@dataclass(frozen=True, slots=True)
class Grid:
    """A table's marked columns by name, each with its marked rows, and the rows that are marked in all of them."""

    columns: dict[str, tuple[Unit, ...]]
    shared: tuple[Unit, ...]
    counts: bool


def grid(question: str, sources: Sequence[Source]) -> Grid | None:
    """The grid that answers "how many in each" or "which in all", or None when no table does."""
    counts, lists = _COUNT.search(question) is not None, _WHICH.search(question) and _ALL.search(question)
    if not counts and not lists:
        return None
    best: Grid | None = None
    for header, rows in _tables(sources).items():
        marked = _marked(question, header, rows, counts)
        if len(marked) > 1 and (best is None or len(marked) > len(best.columns)):
            shared = [row for row in rows if all(row in column for column in marked.values())]
            best = Grid(marked, tuple(shared), counts)
    return best


def _tables(sources: Sequence[Source]) -> dict[tuple[str, ...], list[Unit]]:
    tables: dict[tuple[str, ...], dict[tuple[str, ...], Unit]] = {}
    for source in sources:
        for unit in units(source):
            if unit.kind == "row" and len(unit.header) == len(unit.cells):
                tables.setdefault(unit.header, {}).setdefault(unit.cells, unit)
    return {header: list(rows.values()) for header, rows in tables.items() if len(rows) >= _FEWEST_ROWS}


def _marked(question: str, header: Sequence[str], rows: Sequence[Unit], counts: bool) -> dict[str, tuple[Unit, ...]]:
    """The columns of marks that a question names; for a question about all of them, every one."""
    free = _ASKS_FREE.search(question) is not None
    found: dict[str, tuple[Unit, ...]] = {}
    for column, name in enumerate(header):
        values = {row.cells[column].strip().lower() for row in rows} - {""}
        on = values & (_FREE if free else _ON - _FREE)
        if not on or len(values) > 3 or (counts and not _is_named(name, question)):
            continue
        found[name] = tuple(row for row in rows if row.cells[column].strip().lower() in on)
    return found


def _is_named(name: str, question: str) -> bool:
    return name.lower() in question.lower() or any(
        terms(name) == stems for alternatives in translations(question).values() for stems in alternatives
    )
