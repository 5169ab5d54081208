"""The row of a table that has the most or the least of what a question names: "which arm is the most expensive"."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Literal

from .asking import COMPOUND, names_column
from .conversation import Source
from .text import question_terms, terms
from .units import Unit, units

_MOST = r"highest|largest|biggest|greatest|most|longest|heaviest|dearest|strongest|best-selling"
_LEAST = r"lowest|smallest|least|fewest|shortest|lightest|cheapest|weakest"
_ASKS_MOST = re.compile(
    rf"^(?:and |so )?(?:which|who|what)\b.*\b(?<!at )(?:{_MOST})\b"
    r"|(?:哪|谁|什么).{0,24}最[高大多长贵重强]|最[高大多长贵重强]的.{0,14}(?:是|哪|谁|什么)",
    re.IGNORECASE,
)
_ASKS_LEAST = re.compile(
    rf"^(?:and |so )?(?:which|who|what)\b.*\b(?<!at )(?:{_LEAST})\b"
    r"|(?:哪|谁|什么).{0,24}最[低小少短轻弱便]|最(?:[低小少短轻弱]|便宜)的.{0,14}(?:是|哪|谁|什么)",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"最[多少高低长短](?:可以?|能|几|多少|不|要|须|报|为)|\bthe (?:most|least) (?:I|we|you|one) ", re.IGNORECASE
)
# What an adjective measures, where the question does not name the column itself.
_MEASURES = (
    (
        re.compile(r"\b(?:most|least) expensive\b|\bcheapest\b|\bdearest\b|最贵|最便宜", re.IGNORECASE),
        re.compile(r"\b(?:price|cost|fee|rate)s?\b|价格?|费用?|金额", re.IGNORECASE),
    ),
    (
        re.compile(r"\b(?:heavi|light)est\b|最[重轻](?!要)", re.IGNORECASE),
        re.compile(r"\b(?:net |gross )?(?:weight|mass)\b|重量|净重", re.IGNORECASE),
    ),
    (
        re.compile(r"\b(?:longest|shortest)\b|最[长短]", re.IGNORECASE),
        re.compile(r"\b(?:length|duration|lead time|term|period)\b|长度|时长|周期|期限|交期", re.IGNORECASE),
    ),
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_NUMBER = re.compile(r"[-+−]?\s?\d[\d,]*(?:\.\d+)?")
_NOT_GIVEN = frozenset(("", "-", "–", "—", "/", "n/a", "无", "暂无"))
_TOTALS = re.compile(
    r"(?:grand |sub)?totals?|sum|all .{1,30}|average|mean|合计|总计|小计|共计|平均值?|全部", re.IGNORECASE
)
# A table that ends well before a passage is full goes on nowhere else.
_FULL, _WIDE = 650, 0.8
_MOST_TIES = 3


def extreme_rows(question: str, sources: Sequence[Source]) -> list[Unit]:
    """The rows with the most or the least of a column, where the question asks for that and a whole table is shown."""
    most, least = _ASKS_MOST.search(question), _ASKS_LEAST.search(question)
    if bool(most) == bool(least) or _LIMIT.search(question) or COMPOUND.search(question):
        return []
    for table in _whole_tables(sources):
        for column in _asked_columns(question, table):
            rows = _meant(question, [row for row in table if row.cells[column].lower() not in _NOT_GIVEN])
            if told := _extreme(rows, column, "most" if most else "least"):
                return told
    return []


def _whole_tables(sources: Sequence[Source]) -> Iterator[list[Unit]]:
    """The tables of which all rows stand in one passage."""
    for source in sources:
        size = len(source.text) + _WIDE * sum(character > "\u2e80" for character in source.text)
        if source.header or size > _FULL:
            continue
        rows = [unit for unit in units(source) if unit.kind == "row" and len(unit.header) == len(unit.cells) > 1]
        for _, table in groupby(rows, lambda row: row.header):
            yield [row for row in table if not _TOTALS.fullmatch(row.cells[0].strip())]


def _asked_columns(question: str, table: Sequence[Unit]) -> list[int]:
    """The columns that a question names, by their names, by what an adjective measures, or by their year."""
    if not table:
        return []
    header = table[0].header
    named = [place for place, name in enumerate(header) if place and name and names_column(question, name)]
    measured = [
        place
        for asks, measure in _MEASURES
        if asks.search(question)
        for place, name in enumerate(header)
        if place and measure.search(name)
    ]
    over = set(terms(f"{table[0].source.section} {table[0].heading} {table[0].lead}"))
    years = set(_YEAR.findall(question))
    topical = over & {term for term in question_terms(question) if term not in years}
    of_year = [place for place, name in enumerate(header) if topical and set(_YEAR.findall(name)) & years]
    return [*sorted(named, key=lambda place: -len(header[place])), *of_year, *measured]


def _meant(question: str, rows: list[Unit]) -> list[Unit]:
    """The rows that hold a word of the question that others lack: "which arm" among arms and grippers."""
    asked = {term for term in question_terms(question) if len(term) > 1}
    held = [asked & set(terms(" ".join(row.cells))) for row in rows]
    telling = {term for term in asked if 1 < sum(term in words for words in held) < len(rows)}
    return [row for row, words in zip(rows, held, strict=True) if telling <= words] or rows


def _extreme(rows: Sequence[Unit], column: int, which: Literal["most", "least"]) -> list[Unit]:
    found = [_NUMBER.search(row.cells[column]) for row in rows]
    values = [float(re.sub(r"[,\s]", "", match.group()).replace("−", "-")) for match in found if match]
    counted = {_NUMBER.sub("", row.cells[column], count=1).strip() for row in rows}
    if len(values) < len(rows) or len(rows) < 2 or len(counted) != 1:
        return []
    best = max(values) if which == "most" else min(values)
    told = [row for row, value in zip(rows, values, strict=True) if value == best]
    return told if len(told) <= _MOST_TIES else []
