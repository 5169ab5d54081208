"""Asking tables by SQL, as a person: the tables of versions in force that the person may read, and nothing else.

Each query runs in a process of its own (`kb.sql_child`), which gets the rows of the tables that the query names, has
little time and memory, and is killed when it takes more.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from threading import BoundedSemaphore, Timer
from typing import Any, BinaryIO, cast

from django.db.models import TextField
from django.db.models.functions import Cast

from accounts.models import Person
from kb import reading
from kb.access import Attached, acting_as
from kb.errors import DocumentError
from kb.models_tables import DocumentTable, TableRows
from kb.tables import TableInfo, answering, infos, row_places

TABLES = 8
CELLS = 6_000_000
ROWS = 100
CITED = 40
WHOLE_CHARACTERS = 3_000
SECONDS = 10.0
LOADING_SECONDS = 30.0
MEMORY = 400 << 20
ADDRESS_SPACE = 2 << 30
AT_ONCE = 4
WAIT_SECONDS = 20.0
LONGEST_QUERY = 10_000
COMMAND = ("-m", "kb.sql_child")
_ROOT = Path(__file__).resolve().parents[1]
_NAME = re.compile(r"\bt(\d{1,18})\b", re.IGNORECASE)
_free = BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class Place:
    """A row of a table that stands behind a result, as the version's text has it.

    `row` is its number; None: the table as a whole, by its header or, where it is short, all its text."""

    table: TableInfo
    row: int | None
    start: int
    end: int
    text: str
    header: str
    date: date


@dataclass(frozen=True, slots=True)
class TableResult:
    """What a query gave. `behind` are for each row the places (by their index) that it was made of.

    `more`: there are further rows that were not taken."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    more: bool
    places: tuple[Place, ...]
    behind: tuple[tuple[int, ...], ...]


def query_tables(
    person: Person,
    sql: str,
    *,
    as_of: date | None = None,
    collections: Collection[int] | None = None,
    limit: int = ROWS,
    attached: Attached = None,
) -> TableResult:
    """Run one `select` over tables that `person` may read, by the names that `kb.tables.list_tables` gives.

    Raises:
        DocumentError: query_refused, with the reason; queries_busy.
    """
    if len(sql) > LONGEST_QUERY:
        raise _refused(f"It is longer than {LONGEST_QUERY} characters.")
    if not _free.acquire(timeout=WAIT_SECONDS):
        raise DocumentError("queries_busy")
    try:
        with acting_as(person, attached):
            tables = _named(sql, as_of, collections)
            answer = _ask(sql, tables, min(limit, ROWS))
            if "error" in answer:
                raise _refused(answer["error"])
            return _result(answer, {f"t{table.pk}": table for table in tables})
    finally:
        _free.release()


def _refused(reason: str) -> DocumentError:
    return DocumentError("query_refused", reason=reason)


def _named(sql: str, as_of: date | None, collections: Collection[int] | None) -> list[DocumentTable]:
    """The tables that a query names, so far as the person may read them and they are in force."""
    numbers = sorted({int(number) for number in _NAME.findall(sql) if int(number) < 2**63})
    if len(numbers) > TABLES:
        raise _refused(f"It names more than {TABLES} tables.")
    found = list(answering(as_of, collections).filter(pk__in=numbers))
    if numbers and len(found) < len(numbers):
        missing = min(set(numbers) - {table.pk for table in found})
        raise _refused(f"There is no table t{missing} in force. Use the names of the tables listed.")
    if sum(table.row_count * len(table.columns) for table in found) > CELLS:
        raise _refused("The tables it names are too large to be asked together.")
    return found


def _ask(sql: str, tables: Sequence[DocumentTable], limit: int) -> dict[str, Any]:
    """What the process says of a query. One that does not answer in time is killed."""
    request = {
        "sql": sql,
        "tables": {f"t{table.pk}": table.columns for table in tables},
        "rows": limit,
        "seconds": SECONDS,
        "memory": MEMORY,
        "address_space": ADDRESS_SPACE,
    }
    process = subprocess.Popen(  # noqa: S603  our own program; the query goes in through a pipe
        [sys.executable, *COMMAND],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PYTHONPATH": str(_ROOT), "PATH": os.defpath, "LANG": "C.UTF-8", "HOME": "/nonexistent"},
        cwd="/",
        start_new_session=True,
    )
    kill = Timer(SECONDS + LOADING_SECONDS, process.kill)
    kill.start()
    try:
        with process:
            _send(cast(BinaryIO, process.stdin), request, tables)
            text = cast(BinaryIO, process.stdout).read()
    finally:
        kill.cancel()
        process.kill()
    if not text:
        return {"error": "It took too long or too much memory. Make it simpler."}
    answer: dict[str, Any] = json.loads(text)
    return answer


def _send(pipe: BinaryIO, request: dict[str, Any], tables: Sequence[DocumentTable]) -> None:
    """Write the request and the rows. A process that refuses the query reads no further, which is no trouble."""
    try:
        pipe.write(json.dumps(request).encode() + b"\n")
        for line in _rows(tables):
            pipe.write(line)
        pipe.close()
    except BrokenPipeError:
        return


def _rows(tables: Iterable[DocumentTable]) -> Iterator[bytes]:
    for table in tables:
        batches = TableRows.objects.filter(table=table).order_by("first")
        texts = batches.annotate(text=Cast("rows", TextField())).values_list("first", "text")
        for first, text in texts.iterator(chunk_size=8):
            yield f"t{table.pk} {first} {text}\n".encode()


def _result(answer: dict[str, Any], tables: dict[str, DocumentTable]) -> TableResult:
    """A result with the places that it rests on: its rows where they are few, else its tables as wholes."""
    named = dict(zip(tables, infos(tables.values()), strict=True))
    behind: list[list[tuple[str, int]]] = [[(table, row) for table, row in rows] for rows in answer["behind"]]
    wanted = list(dict.fromkeys(one for rows in behind for one in rows))
    if answer["untraced"] or len(wanted) > CITED or not wanted:
        places = [_whole(tables[name], named[name]) for name in answer["tables"]]
        of_rows = [tuple(range(len(places)))] * len(answer["rows"])
    else:
        by_row = dict(_row_places(wanted, tables, named))
        index = {key: place for place, key in enumerate(by_row)}
        places = list(by_row.values())
        of_rows = [tuple(index[one] for one in rows if one in index) for rows in behind]
    return TableResult(
        tuple(answer["columns"]), tuple(map(tuple, answer["rows"])), answer["more"], tuple(places), tuple(of_rows)
    )


def _whole(table: DocumentTable, info: TableInfo) -> Place:
    """A table as the place of what was made of many of its rows: all its text where that is short, else its header."""
    end = table.end if table.end - table.header_start <= WHOLE_CHARACTERS else table.header_end
    text = reading.read(table.version_id, table.header_start, end)
    label = " · ".join(filter(None, [info.label, f"1–{info.rows}"]))
    return Place(
        replace(info, label=label), None, table.header_start, table.header_start + len(text), text, "", _day(table)
    )


def _row_places(
    wanted: Sequence[tuple[str, int]], tables: dict[str, DocumentTable], named: dict[str, TableInfo]
) -> Iterator[tuple[tuple[str, int], Place]]:
    found: dict[str, dict[int, tuple[int, int]]] = {}
    headers: dict[str, str] = {}
    for name in dict.fromkeys(name for name, _ in wanted):
        table = tables[name]
        found[name] = row_places(table.pk, [row for one, row in wanted if one == name])
        headers[name] = reading.read(table.version_id, table.header_start, table.header_end)
    for name, row in wanted:
        start, end = found[name][row]
        text = reading.read(tables[name].version_id, start, end)
        yield (name, row), Place(named[name], row, start, end, text, headers[name], _day(tables[name]))


def _day(table: DocumentTable) -> date:
    return table.version.effective_from or table.version.created_at.date()
