"""Tables with a column of just what a question asks for: their rows answer it, whatever else names the same words."""

import re
from collections.abc import Sequence
from itertools import groupby

from .conversation import Source
from .glossary import translations
from .keys import is_asked_row, keyed
from .questions import AnswerType, holds_answer
from .text import question_terms, terms
from .units import Unit, units

_MOST_ROWS = 6
_HOW_MANY = re.compile("(?:几|多少)个?(?:天|小时|周|月|年|次)")
_KINDS: frozenset[AnswerType] = frozenset(("number", "duration"))
# What an amount is counted in says nothing of what is counted.
_MEASURES = frozenset(
    terms("day days hour hours week weeks month months year years time times 天 日 小时 周 月 年 次 个")
)


def rows_of_column(question: str, kind: AnswerType, sources: Sequence[Source]) -> list[Unit]:
    """The rows of a small table whose column is named by all that the question asks for.

    Where the question also says which row it means, that one alone. Empty when no table fits.
    """
    told = _HOW_MANY.sub(" ", question)
    asked = [t for t in question_terms(told) if t not in _MEASURES and len(t) > 1 and not t[0].isdigit()]
    if kind not in _KINDS or not asked:
        return []
    known = translations(question)
    for source in sources:
        rows = [u for u in units(source) if u.kind == "row" and 1 < len(u.header) == len(u.cells)]
        for header, group in groupby(rows, lambda row: row.header):
            table = list(group)
            chosen = _meant(question, table)
            if len(chosen) > _MOST_ROWS:
                continue
            said = _keys(chosen, known, question) if len(chosen) < len(table) else frozenset()
            for column in range(1, len(header)):
                left = [term for term in asked if not _names(header[column], term, known)]
                is_asked = len(left) < len(asked) and said.issuperset(left)
                if is_asked and all(holds_answer(row.cells[column], kind, "") for row in chosen):
                    return chosen
    return []


def _meant(question: str, table: list[Unit]) -> list[Unit]:
    """The rows that a question names by their key; all of them if it names none."""
    keys = keyed(question, frozenset(question_terms(question)), table)
    named = [is_asked_row(row, question) or key > 0 for row, key in zip(table, keys, strict=True)]
    return [row for row, is_named in zip(table, named, strict=True) if is_named] or table


def _keys(rows: Sequence[Unit], known: dict[str, tuple[tuple[str, ...], ...]], question: str) -> frozenset[str]:
    """The question's terms that stand in the keys of rows."""
    told = " ".join(cell for row in rows for cell in row.cells[:2])
    return frozenset(t for t in question_terms(question) if _names(told, t, known))


def _names(text: str, term: str, known: dict[str, tuple[tuple[str, ...], ...]]) -> bool:
    """Whether a text has a term, or what says the same."""
    said = frozenset(terms(text))
    return term in said or any(said.issuperset(stems) for stems in known.get(term, ()))
