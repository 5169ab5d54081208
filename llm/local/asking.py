"""Questions that a table answers by SQL, as queries: sums, averages, counts, the greatest and least, the first few.

Two queries make an answer. The first asks which values of the table's columns the question names; the second filters by
them and does what is asked. A question whose column no table has is left to the passages.
"""

# ruff: noqa: S608  names and values of these queries are quoted, and they run where nothing but tables is
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .conversation import Source
from .glossary import translations
from .tabulate import tally
from .text import question_terms, terms
from .units import units

Operation = Literal["sum", "avg", "count", "max", "min"]

_OPERATIONS: tuple[tuple[Operation, re.Pattern[str]], ...] = (
    ("avg", re.compile(r"\baverage\b|\bmean\b|平均", re.IGNORECASE)),
    (
        "sum",
        re.compile(
            r"\b(?:total|sum|altogether|combined|in all|add up)\b"
            r"|合计|总计|总额|总和|总共|一共|加起来",
            re.IGNORECASE,
        ),
    ),
    (
        "max",
        re.compile(
            r"\b(?:highest|largest|biggest|greatest|most|maximum|longest|top|dearest)\b"
            r"|最[高大多长贵]|降序|前[\d一二两三四五六七八九十]",
            re.IGNORECASE,
        ),
    ),
    (
        "min",
        re.compile(
            r"\b(?:lowest|smallest|least|fewest|minimum|shortest|cheapest)\b|最[低小少短便]|升序", re.IGNORECASE
        ),
    ),
    (
        "count",
        re.compile(
            r"\bhow many\b|\bnumber of\b|\bcount\b"
            r"|(?:多少|几)[个名人台条项次件家份行]",
            re.IGNORECASE,
        ),
    ),
)
# A share, a rest or a difference is no single column's value.
COMPOUND = re.compile(
    r"\b(?:share|percentage|proportion|per ?cent|left|remain\w*|grew|growth|than)\b"
    r"|占比|比例|增长|剩|结余|比.{1,12}[多少高低]",
    re.IGNORECASE,
)
_MANY = re.compile(
    r"\b(?:top|the|first) (\d{1,2}|two|three|four|five|six|seven|eight|nine|ten)\b"
    r"|(?:前|最.)(\d{1,2}|[两三四五六七八九十])",
    re.IGNORECASE,
)
_NUMERALS = {
    numeral: value
    for words in (("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), tuple("两三四五六七八九十"))
    for value, numeral in enumerate(words, 2)
}
_NUMBERS = ("integer", "number")
_TOTALS = ("total", "sum", "grand total", "subtotal", "all", "合计", "总计", "小计", "共计", "全部")
_FILTERED = 10
_MOST_ROWS = 20


@dataclass(frozen=True, slots=True)
class Table:
    """A table that a tool told of: its name in SQL, its columns by name with what they hold."""

    name: str
    document: int
    title: str
    section: str
    rows: int
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Queried:
    """What a query gave; nothing when it failed. `sources` are for each row the sources behind it."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    sources: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question asks of a table. `column` is empty where rows are counted."""

    operation: Operation
    table: Table
    column: str
    many: int = 1


def read_tables(data: Any) -> Iterator[Table]:
    """The tables in a tool's result."""
    for one in data if isinstance(data, list) else ():
        if (
            isinstance(one, dict)
            and isinstance(one.get("columns"), dict)
            and re.fullmatch(r"t\d+", str(one.get("table")))
        ):
            columns = tuple((str(name), str(kind).partition(" ")[0]) for name, kind in one["columns"].items())
            rows, document = one.get("rows"), one.get("document")
            yield Table(
                str(one["table"]),
                document if isinstance(document, int) else 0,
                str(one.get("title") or ""),
                str(one.get("section") or ""),
                rows if isinstance(rows, int) else 0,
                columns,
            )


def read_queried(data: dict[str, Any]) -> Queried:
    """The result of a query."""
    rows, sources = data.get("rows"), data.get("sources")
    if "error" in data or not isinstance(rows, list) or not isinstance(sources, list):
        return Queried()
    return Queried(tuple(data.get("columns") or ()), tuple(map(tuple, rows)), tuple(map(tuple, sources)))


def asked_of(question: str, tables: Sequence[Table]) -> Asked | None:
    """What the question asks of the table whose columns, title and sheet it names most closely, or None."""
    operation = next((kind for kind, pattern in _OPERATIONS if pattern.search(question)), None)
    if operation is None or COMPOUND.search(question):
        return None
    best: tuple[int, Asked] | None = None
    for table in dict.fromkeys(tables):
        named = [name for name, _ in table.columns if names_column(question, name)]
        numbers = [name for name, kind in table.columns if kind in _NUMBERS and name in named]
        about = f"{table.title} {table.section}"
        closeness = 2 * len(named) + len(set(terms(about)) & set(question_terms(question)))
        if operation == "count":
            texts = [name for name in named if name not in numbers]
            column = "" if texts and not numbers else None
        else:
            column = max(numbers, key=len) if numbers else None
        if column is not None and closeness > 2 and (best is None or closeness > best[0]):
            best = (closeness, Asked(operation, table, column, _many(question)))
    return best[1] if best else None


def values_query(question: str, asked: Asked) -> str:
    """The query for the values of text columns that a question names."""
    said = question.lower().replace("'", "''")
    columns = [name for name, kind in asked.table.columns if kind == "text"][:_FILTERED]
    selects = [
        f"select {place} as place, {_quoted(name)} as value from {asked.table.name} "
        f"where length({_quoted(name)}) between 2 and 40 and contains('{said}', lower({_quoted(name)})) group by all"
        for place, name in enumerate(columns)
    ]
    return " union all ".join(selects) + f" limit {_MOST_ROWS}" if selects else ""


def answer_query(question: str, asked: Asked, values: Queried) -> str:
    """The query that answers: the rows with the values that the question names, totals left out."""
    texts = [name for name, kind in asked.table.columns if kind == "text"][:_FILTERED]
    named: dict[str, list[str]] = {}
    for place, value in values.rows:
        if isinstance(place, int) and place < len(texts) and _is_said(str(value), question):
            named.setdefault(texts[place], []).append(str(value))
    if asked.operation == "count" and not named:
        return ""
    conditions = [f"{_quoted(column)} in ({', '.join(map(_text, kept))})" for column, kept in named.items()]
    if texts:
        conditions.append(f"coalesce(lower(trim({_quoted(texts[0])})), '') not in ({', '.join(map(_text, _TOTALS))})")
    where = " where " + " and ".join(conditions) if conditions else ""
    if asked.operation == "count":
        return f"select count(*) as result from {asked.table.name}{where}"
    column = _quoted(asked.column)
    if asked.operation in ("sum", "avg"):
        return f"select {asked.operation}({column}) as result from {asked.table.name}{where}"
    where += f"{' and' if where else ' where'} {column} is not null"
    order = "desc" if asked.operation == "max" else "asc"
    return f"select * from {asked.table.name}{where} order by {column} {order} limit {asked.many}"


def _many(question: str) -> int:
    match = _MANY.search(question)
    told = next(filter(None, match.groups()), "1") if match else "1"
    return min(_MOST_ROWS, max(1, _NUMERALS.get(told.lower(), int(told) if told.isdigit() else 1)))


def names_column(question: str, column: str) -> bool:
    """Whether a question names a column, in either language; what stands in brackets is its unit."""
    stems = terms(re.sub(r"[(（\[].*", "", column))
    wanted = {stem for stem in stems if len(stem) > 1} or set(stems)
    if not wanted:
        return False
    return wanted <= set(terms(question)) or any(
        stems == alternative for alternatives in translations(question).values() for alternative in alternatives
    )


def _is_said(value: str, question: str) -> bool:
    """Whether a value stands in the question as words of their own, and says something."""
    if not question_terms(value) or value.isdigit() or value.strip().lower() in _TOTALS:
        return False
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])", question, re.IGNORECASE) is not None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def next_query(question: str, tables: Sequence[Table], sources: Sequence[Source], queried: Sequence[Queried]) -> str:
    """The next query that the question needs, or nothing: none, or both were made, or the passages say it all."""
    asked = asked_of(question, tables) if len(queried) < 2 else None
    if asked is None or (
        asked.operation in ("sum", "count") and _is_shown(asked.table, sources) and tally(question, sources)
    ):
        return ""
    if not queried and (query := values_query(question, asked)):
        return query
    return answer_query(question, asked, queried[0] if queried else Queried())


def _is_shown(table: Table, sources: Sequence[Source]) -> bool:
    """Whether the passages show all rows of a table."""
    names = tuple(name for name, _ in table.columns)
    shown = {unit.cells for source in sources for unit in units(source) if unit.kind == "row" and unit.header == names}
    return len(shown) >= table.rows
