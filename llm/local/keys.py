"""Rows and lines found by their key: a day, a clock time, a code, an amount's span, or a name that a question gives."""

import re
from collections.abc import Sequence

from .dates import CLOCK
from .glossary import translations
from .ranges import fits, given_amounts
from .text import terms
from .units import Unit

CODE = re.compile(r"(?<![A-Za-z0-9])[A-Z]{1,5}(?:-[A-Z]{1,3})?-?\d{1,6}(?![A-Za-z0-9])")
_PERIOD = re.compile(r"(?:Q[1-4]|H[12]|FY\d\d|[TN]\d)")
# What a key counts that is but a name.
BY_NAME = 0.5


def codes(text: str) -> list[tuple[str, str]]:
    """The codes in a text, each with its letters and without hyphens; quarters and half years are none."""
    found = (code.replace("-", "") for code in CODE.findall(text) if not _PERIOD.fullmatch(code))
    return [(code.rstrip("0123456789"), code) for code in found]


def is_asked_row(unit: Unit, question: str) -> bool:
    """Whether a table row is about what the question names: its first or second cell stands in the question."""
    said = question.lower()
    return unit.kind == "row" and any(len(cell) > 1 and cell.lower() in said for cell in unit.cells[:2])


def keyed(question: str, asked: frozenset[str], pool: Sequence[Unit]) -> list[float]:
    """How surely each unit is the row or line that a question asks for by its key: a day, a time, a code, a name."""
    days_asked = frozenset(term for term in terms(question) if term[0] == "@")
    clocks = frozenset(CLOCK.findall(question))
    given = given_amounts(question)
    known = translations(question)
    found = []
    for unit in pool:
        cells = unit.cells[:2] if unit.kind == "row" else ()
        start = CLOCK.match(unit.text)
        if (start and start.group() in clocks) or any(days_asked & frozenset(terms(cell)) for cell in cells):
            found.append(1.0)
        elif (fitting := fits(cells, given)) is not None:
            found.append(1.0 if fitting else -1.0)
        elif (same := _same_code(cells[:1], question)) is not None:
            found.append(0.6 if same else -0.6)
        elif any(_names_all(cell, asked, known, question) for cell in cells):
            found.append(BY_NAME)
        else:
            found.append(0.0)
    return found


def _same_code(cells: Sequence[str], question: str) -> bool | None:
    """Whether a row's key holds a code of the question ("G3 Quality"); None unless it holds one of that kind."""
    asked = set(CODE.findall(question))
    held = {code for cell in cells for code in CODE.findall(cell)}
    kinds = {code.rstrip("0123456789") for code in asked}
    if not any(code.rstrip("0123456789") in kinds for code in held):
        return None
    return bool(held & asked)


def _names_all(cell: str, asked: frozenset[str], known: dict[str, tuple[tuple[str, ...], ...]], question: str) -> bool:
    """Whether a question names all of a key: each of its terms, or its translation. A bare number is no key."""
    said = terms(cell)
    if not said or len(said) > 8 or cell.replace(",", "").replace(".", "").isdigit():
        return False
    if CODE.fullmatch(cell):
        return re.search(rf"(?<![A-Za-z0-9]){re.escape(cell)}(?![A-Za-z0-9])", question) is not None
    return asked.issuperset(said) or any(said in alternatives for alternatives in known.values())
