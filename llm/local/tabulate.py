"""Questions that a table answers as a whole: counting or adding up the rows that a question describes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .conversation import Source
from .glossary import translations
from .quantities import Amount, amounts
from .text import question_terms, terms
from .units import Unit, units

Aggregate = Literal["count", "sum", "list", "share"]

_SUM = re.compile(
    r"\b(?:total|sum|altogether|combined|in all|add up)\b|合计|总计|共计|总额|总共|一共|加起来", re.IGNORECASE
)
_COUNT = re.compile(
    r"\bhow many\b|\bcount\b|\bnumber of\b|多少[个名人台条项次件家份]|几[个名人台条项次件家份]|有多少", re.IGNORECASE
)
_COUNTED = re.compile(r"\bhow many ([\w ]{3,30})|多少[个名人台条项次件家份]?([\u4e00-\u9fff]{2,6})", re.IGNORECASE)
_NOT = re.compile(r"\bnot (?:yet )?(\w+)|(?:还没有|没有|还没|尚未|还未|未)(?:被)?([\u4e00-\u9fff]{2})", re.IGNORECASE)
_LIST = re.compile(r"^which\b|\blist\b|哪些", re.IGNORECASE)
_LEFT = re.compile(r"\bleft\b|\bremain(?:s|ed|ing)?\b|剩余|还剩|结余", re.IGNORECASE)
_SHARE = re.compile(
    r"\b(?:largest|highest|biggest|greatest) (?:share|part|proportion|percentage)\b|(?:比例|占比|份额|使用率)最[高大]",
    re.IGNORECASE,
)
_TOTAL = re.compile(r"\btotal\b|\bsum\b|\w+ to \w+|合计|总计|小计|累计", re.IGNORECASE)
_SPENT = re.compile(r"\bspent\b|\bactuals?\b|\bused\b|支出|已用|实际|使用", re.IGNORECASE)
_BUDGET = re.compile(r"\bbudget\w*\b|\bplan\w*\b|预算|计划", re.IGNORECASE)
_WHOLE = re.compile(r"^(?:all\b.*|total|sum|合计|总计|小计|全部)$", re.IGNORECASE)
_FEWEST_ROWS = 4


@dataclass(frozen=True, slots=True)
class Tally:
    """The rows of a table that a question describes, and the numbers to add up (ones when they are only counted)."""

    aggregate: Aggregate
    column: str
    rows: tuple[Unit, ...]
    values: tuple[Amount, ...]

    @property
    def code(self) -> str:
        """The sum as a Python expression; nothing where rows are only listed."""
        told = [f"{value.value:g}" if value.value < 1e6 else str(int(value.value)) for value in self.values]
        if self.aggregate == "share":
            return f"({' + '.join(told[1:])}) / {told[0]} * 100"
        return " + ".join(told).replace("+ -", "- ")


def tally(question: str, sources: Sequence[Source]) -> Tally | None:
    """The table rows that answer a counting or adding question, or None when no table fits.

    A row belongs when, for every column that holds a value the question names, it holds one of those values.
    """
    if found := _remaining(question, sources) or _largest_share(question, sources):
        return found
    aggregate = _aggregate(question)
    if aggregate is None:
        return None
    best: tuple[int, Tally] | None = None
    for header, rows in _tables(sources).items():
        conditions = _conditions(question, header, rows)
        chosen = [row for row in rows if _belongs(row, conditions)]
        found = _tallied(aggregate, question, header, chosen)
        if conditions and found and (best is None or len(conditions) > best[0]):
            best = (len(conditions), found)
    return best[1] if best else None


def _remaining(question: str, sources: Sequence[Source]) -> Tally | None:
    """What is left for the row a question names: its total where the budget stands, less that of what was spent."""
    if not _LEFT.search(question):
        return None
    budgets: list[tuple[Unit, Amount]] = []
    spent: list[tuple[Unit, Amount]] = []
    for header, rows in _tables(sources).items():
        column = next((c for c in reversed(range(len(header))) if _TOTAL.search(header[c])), None)
        if column is None:
            continue
        for row in rows:
            inside = amounts(row.cells[column]) if set(terms(row.cells[0])) <= set(terms(question)) else []
            over = f"{row.source.section} {row.lead} {row.heading} {row.source.text[:200]}"
            if inside and _SPENT.search(over):
                spent.append((row, inside[0]))
            elif inside and _BUDGET.search(f"{over} {row.source.title}"):
                budgets.append((row, inside[0]))
    if len(budgets) != 1 or len(spent) != 1:
        return None
    (whole, total), (used, gone) = budgets[0], spent[0]
    return Tally("sum", whole.cells[0], (whole, used), (total, Amount(-gone.value, gone.unit)))


def _largest_share(question: str, sources: Sequence[Source]) -> Tally | None:
    """The row that used the largest share of what its budget column gives, by the sum of its other numbers."""
    if not _SHARE.search(question):
        return None
    best: tuple[int, float, Tally] | None = None
    for header, rows in _tables(sources).items():
        numbers = _number_columns(header, rows)
        budget = next((column for column in numbers if _BUDGET.search(header[column])), None)
        others = [column for column in numbers if column != budget]
        if budget is None or not others:
            continue
        topical = len(set(terms(f"{rows[0].source.section} {rows[0].lead}")) & set(question_terms(question)))
        for row in rows:
            values = tuple(amounts(row.cells[column])[0] for column in (budget, *others))
            share = sum(value.value for value in values[1:]) / (values[0].value or 1)
            if best is None or (topical, share) > best[:2]:
                best = (topical, share, Tally("share", row.cells[0], (row,), values))
    return best[2] if best else None


def _aggregate(question: str) -> Aggregate | None:
    kinds: tuple[tuple[Aggregate, re.Pattern[str]], ...] = (("sum", _SUM), ("count", _COUNT), ("list", _LIST))
    return next((kind for kind, pattern in kinds if pattern.search(question)), None)


def _tables(sources: Sequence[Source]) -> dict[tuple[str, ...], list[Unit]]:
    """Rows by their header, each once; parts of a table that came as several passages are put together."""
    tables: dict[tuple[str, ...], dict[tuple[str, ...], Unit]] = {}
    for source in sources:
        for unit in units(source):
            whole = unit.cells and any(_WHOLE.match(cell) for cell in unit.cells)
            if unit.kind == "row" and len(unit.header) == len(unit.cells) and not whole:
                tables.setdefault(unit.header, {}).setdefault(unit.cells, unit)
    return {header: list(rows.values()) for header, rows in tables.items() if len(rows) >= _FEWEST_ROWS}


def _conditions(question: str, header: Sequence[str], rows: Sequence[Unit]) -> dict[int, tuple[bool, frozenset[str]]]:
    """For each column whose values recur and are named by the question: whether they are wanted, and which."""
    asked = set(question_terms(question)) | set(terms(question))
    known = translations(question)
    excluded = {terms(next(filter(None, match.groups()))) for match in _NOT.finditer(question)}
    found = {}
    for column in range(len(header)):
        values = {row.cells[column] for row in rows if row.cells[column]}
        if len(values) > max(3, 0.7 * len(rows)):
            continue
        named = frozenset(value for value in values if _is_named(value, question, asked, known))
        unwanted = frozenset(value for value in values if _says(value, excluded))
        if unwanted:
            found[column] = (False, unwanted)
        elif named and named != values:
            found[column] = (True, named)
    return found


def _says(value: str, excluded: set[tuple[str, ...]]) -> bool:
    """Whether a value says what a question excludes: "已完成" for "not yet 完成", but not "未完成"."""
    if terms(value) in excluded:
        return True
    said = "".join(value.split())
    return re.fullmatch(r"已?[\u4e00-\u9fff]{2}", said) is not None and terms(said.removeprefix("已")) in excluded


def _is_named(value: str, question: str, asked: set[str], known: dict[str, tuple[tuple[str, ...], ...]]) -> bool:
    if re.search(r"\d", value):
        # A code is named by itself alone; plain numbers and dates describe no group of rows.
        code = re.fullmatch(r"[A-Za-z]+[- ]?\d+[A-Za-z]?", value)
        return bool(code and re.search(rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])", question, re.IGNORECASE))
    said = terms(value)
    if not said or len(value) > 24:
        return False
    long = [term for term in said if len(term) > 1] or list(said)
    return asked.issuperset(long) or any(said in alternatives for alternatives in known.values())


def _belongs(row: Unit, conditions: dict[int, tuple[bool, frozenset[str]]]) -> bool:
    return all((row.cells[column] in values) is wanted for column, (wanted, values) in conditions.items())


def _tallied(aggregate: Aggregate, question: str, header: Sequence[str], rows: Sequence[Unit]) -> Tally | None:
    if not rows:
        return None
    if aggregate == "list":
        return Tally("list", "", tuple(rows), ())
    counted = _COUNTED.search(question)
    if aggregate == "count" and counted:
        named = [
            c
            for c in _number_columns(header, rows)
            if set(terms(header[c])) & set(terms(counted.group(1) or counted.group(2)))
        ]
        if named:
            # "How many positions …" over a column of that name adds the column up.
            return Tally("sum", header[named[0]], tuple(rows), tuple(amounts(row.cells[named[0]])[0] for row in rows))
    if aggregate == "count":
        return Tally("count", "", tuple(rows), tuple(Amount(1) for _ in rows))
    column = _number_column(question, header, rows)
    if column is None:
        return None
    values = tuple(amounts(row.cells[column])[0] for row in rows)
    return Tally("sum", header[column], tuple(rows), values) if len(values) > 1 else None


def _number_column(question: str, header: Sequence[str], rows: Sequence[Unit]) -> int | None:
    """The column of numbers whose name the question comes closest to; else the one with the largest numbers."""
    asked = set(question_terms(question))

    def closeness(column: int) -> tuple[int, float]:
        total = sum(amounts(row.cells[column])[0].value for row in rows)
        return len(set(terms(header[column])) & asked), total

    return max(_number_columns(header, rows), key=closeness, default=None)


def _number_columns(header: Sequence[str], rows: Sequence[Unit]) -> list[int]:
    """The columns that hold one number in each row."""
    return [
        column
        for column in range(len(header))
        if all(re.fullmatch(r"[\d.,\s]+", row.cells[column]) and amounts(row.cells[column]) for row in rows)
    ]
