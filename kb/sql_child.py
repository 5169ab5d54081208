"""The process that runs one query over tables: DuckDB in memory, confined, for a few seconds.

It reads one JSON line that says what is asked and which tables there are, then the rows of each, a batch a line, and
writes one JSON line: the result, or what is wrong with the query. It imports nothing of ours that knows the database.

What may be asked is one `select`, checked on its syntax tree: the named tables, no other function that makes tables
than `unnest` and `range`. Besides that DuckDB may reach nothing (no files, extensions or settings), and before the
query is run the process may open no file, no network and no program at all.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from threading import Timer
from typing import Any

import duckdb
import orjson

from kb.parsing.confine import die_with_parent, forbid_network_and_programs

ROW = "_row"
TABLE_FUNCTIONS = frozenset(("unnest", "range", "generate_series"))
CLOSED_FUNCTIONS = frozenset(
    (
        "getenv",
        "current_setting",
        "getvariable",
        "nextval",
        "currval",
        "write_log",
        "sleep_ms",
        "parse_duckdb_log_message",
    )
)
ROWS_BEHIND = 60
"""So many rows are named at most as those that a result was made of."""
VALUE_CHARACTERS = 1_000
CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "python_enable_replacements": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "temp_directory": "",
    "max_temp_directory_size": "0B",
    "threads": "1",
    "max_expression_depth": "200",
}


class Refused(Exception):
    """The query is not run; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query that may be run, and how the rows behind its result are found."""

    sql: str
    behind: tuple[str, ...]
    """The table of each of the last columns, which carry numbers of its rows; empty where nothing can be told."""
    tables: tuple[str, ...]


def main() -> None:
    """Answer one request."""
    die_with_parent()
    request = orjson.loads(sys.stdin.buffer.readline())
    resource.setrlimit(resource.RLIMIT_AS, (request["address_space"],) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        answer = answered(request, sys.stdin.buffer)
    except Refused as refused:
        answer = {"error": str(refused)}
    except (duckdb.OutOfMemoryException, MemoryError):
        answer = {"error": "The query takes more memory than it may. Filter or aggregate earlier, and join less."}
    except duckdb.InterruptException:
        answer = {"error": f"The query took longer than {request['seconds']:g} seconds. Make it simpler."}
    except duckdb.Error as error:
        answer = {"error": f"The query failed. {str(error)[:600]}"}
    sys.stdout.buffer.write(orjson.dumps(answer))


def answered(request: Mapping[str, Any], lines: Iterable[bytes]) -> dict[str, Any]:
    """The result of a request whose rows come as `lines`."""
    connection = duckdb.connect(":memory:", config={**CONFIG, "memory_limit": f"{request['memory']}B"})
    tables: dict[str, list[dict[str, Any]]] = request["tables"]
    query = checked(connection, request["sql"], tables)
    load(connection, {name: tables[name] for name in query.tables}, lines)
    connection.execute("set lock_configuration = true")
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    forbid_network_and_programs()
    stop = Timer(request["seconds"], connection.interrupt)
    stop.daemon = True
    stop.start()
    try:
        return result(connection, query, request["rows"])
    finally:
        stop.cancel()


def checked(connection: duckdb.DuckDBPyConnection, sql: str, tables: Iterable[str]) -> Query:
    """The query, if it may be run.

    Raises:
        Refused
    """
    tree = parsed(connection, sql)
    names = {name.casefold(): name for name in tables}
    known = names.keys() | {key.casefold() for node in walk(tree) for key in _named_here(node)}
    used: dict[str, None] = {}
    for node in walk(tree):
        kind = node.get("type")
        if kind == "BASE_TABLE":
            path = node.get("qualified_name", {}).get("path") or [node.get("table_name", "")]
            name = str(path[-1]).casefold()
            if len(path) > 1 or name not in known:
                raise Refused(f"There is no table {'.'.join(map(str, path))!r}. Use the names of the tables listed.")
            if name in names:
                used[names[name]] = None
        elif kind == "TABLE_FUNCTION":
            name = str(node.get("function", {}).get("function_name", ""))
            if name not in TABLE_FUNCTIONS:
                raise Refused(f"{name}() is not available: there are no files, only the tables listed.")
        elif kind in ("SHOW_REF", "COPY"):
            raise Refused("Only select is available.")
        elif node.get("class") == "FUNCTION" and str(node.get("function_name", "")).lower() in CLOSED_FUNCTIONS:
            raise Refused(f"{node['function_name']}() is not available.")
    if not used:
        raise Refused("The query names no table. Use the names of the tables listed, as in: select * from t1.")
    return traced(connection, tree, sql, names, tuple(used))


def parsed(connection: duckdb.DuckDBPyConnection, sql: str) -> dict[str, Any]:
    """The syntax tree of the one statement that there has to be."""
    row = connection.execute("select json_serialize_sql(?::varchar)", [sql]).fetchone()
    tree: dict[str, Any] = orjson.loads(row[0]) if row else {}
    if tree.get("error"):
        if tree.get("error_type") == "not implemented":
            raise Refused("Only one select can be run: no other statements, settings, files or extensions.")
        raise Refused(f"The query has a mistake. {tree.get('error_message', '')}"[:600])
    if len(tree.get("statements") or ()) != 1:
        raise Refused("Only one statement can be run at a time.")
    statement: dict[str, Any] = tree["statements"][0]
    return statement


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """Every object of a syntax tree."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _named_here(node: Mapping[str, Any]) -> Iterator[str]:
    """The names that `with` gives."""
    ctes = node.get("cte_map")
    if isinstance(ctes, dict):
        yield from (str(entry["key"]) for entry in ctes.get("map", ()))
    if node.get("type") in ("RECURSIVE_CTE_NODE", "CTE_NODE") and (name := node.get("cte_name")):
        yield str(name)


def traced(
    connection: duckdb.DuckDBPyConnection,
    tree: dict[str, Any],
    sql: str,
    names: Mapping[str, str],
    used: tuple[str, ...],
) -> Query:
    """The query with further columns that tell which rows each of its rows was made of, where that can be told.

    A plain select carries the numbers of its rows; one that aggregates a list of those behind each row of its result,
    and where all it takes are greatest and least values, the rows that hold them.
    """
    node = tree["node"]
    plain = Query(sql, (), used)
    froms = list(_base_tables(node.get("from_table") or {})) if node.get("type") == "SELECT_NODE" else []
    distinct = any(one.get("type") == "DISTINCT_MODIFIER" for one in node.get("modifiers") or ())
    if not froms or any(name.casefold() not in names for name, _ in froms) or distinct or node.get("qualify"):
        return plain
    aggregates = [one for one in _outside_windows(node["select_list"]) if _is_aggregate(connection, one)]
    by_all = node.get("aggregate_handling") != "STANDARD_HANDLING"
    grouped = by_all or bool(node.get("group_expressions")) or bool(aggregates) or bool(node.get("having"))
    if len(node.get("group_sets") or ()) > 1:
        return plain
    wanted: list[tuple[str, str]] = []
    extremes = [one for one in aggregates if one["function_name"] in ("max", "min") and len(one["arguments"]) == 1]
    for name, alias in froms:
        number = f'"{alias.replace(chr(34), chr(34) * 2)}".{ROW}'
        if not grouped:
            wanted.append((names[name.casefold()], number))
        elif extremes and len(extremes) == len(aggregates):
            wanted += [(names[name.casefold()], f"arg_{one['function_name']}({number}, 0)") for one in extremes]
        else:
            wanted.append((names[name.casefold()], f"list({number})"))
    added = parsed(connection, f"select {', '.join(one for _, one in wanted)}")["node"]["select_list"]
    if grouped and extremes and len(extremes) == len(aggregates):
        for place, one in enumerate(added):
            one["arguments"][1] = extremes[place % len(extremes)]["arguments"][0]
    node["select_list"] = [*node["select_list"], *added]
    row = connection.execute("select json_deserialize_sql(?::json)", [_document(tree)]).fetchone()
    if row is None:
        return plain
    return Query(str(row[0]), tuple(name for name, _ in wanted), used)


def _document(tree: Mapping[str, Any]) -> str:
    return orjson.dumps({"error": False, "statements": [tree]}).decode()


def _base_tables(node: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The tables that are joined, with their aliases; one without a name where something else is among them."""
    if node.get("type") == "BASE_TABLE":
        name = str(node["qualified_name"]["path"][-1])
        yield name, str(node.get("alias") or name)
    elif node.get("type") == "JOIN":
        yield from _base_tables(node["left"])
        yield from _base_tables(node["right"])
    else:
        yield "", ""


def _outside_windows(node: Any) -> Iterator[dict[str, Any]]:
    """The expressions of a select list, without those of subqueries and without functions over windows."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if node.get("class") == "SUBQUERY":
                continue
            if node.get("class") == "FUNCTION":
                yield node
            waiting.extend(reversed(node.values()))
        elif isinstance(node, list):
            waiting.extend(reversed(node))


def _is_aggregate(connection: duckdb.DuckDBPyConnection, node: Mapping[str, Any]) -> bool:
    found = connection.execute(
        "select 1 from duckdb_functions() where function_type = 'aggregate' and function_name = ? limit 1",
        [str(node["function_name"]).lower()],
    )
    return found.fetchone() is not None


def load(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, list[dict[str, Any]]], lines: Iterable[bytes]
) -> None:
    """Make the tables, and put in the rows that come as `lines`: a name, the first row's number, and a JSON array."""
    for name, columns in tables.items():
        kinds = ", ".join(f"{_quoted(column['name'])} {_sql_type(column)}" for column in columns)
        connection.execute(f"create table {name} ({ROW} bigint, {kinds})")
    inserts = {name: _insert(name, columns) for name, columns in tables.items()}
    for line in lines:
        table, first, rows = line.split(b" ", 2)
        if insert := inserts.get(table.decode()):
            connection.execute(insert, [int(first), rows.decode()])


def _insert(name: str, columns: list[dict[str, Any]]) -> str:
    values = ", ".join(_value(place + 2, column) for place, column in enumerate(columns))
    # The first two of a stored row are its place in the text.
    return (
        f"insert into {name} select $1 + i - 1, {values} from "  # noqa: S608  names are ours or quoted
        "(select unnest(r) as r, generate_subscripts(r, 1) as i from (select from_json($2, '[\"JSON\"]') as r))"
    )


def _value(place: int, column: Mapping[str, Any]) -> str:
    cell, kind = f"trim(r->>{place})", _sql_type(column)
    if kind == "varchar":
        return f"nullif({cell}, '')"
    if column["type"] in ("integer", "number"):
        cell = f"regexp_replace(replace({cell}, '−', '-'), '[^0-9.-]', '', 'g')"
    elif column["type"] == "date":
        cell = f"replace({cell}, '/', '-')"
    return f"try_cast({cell} as {kind})"


def _sql_type(column: Mapping[str, Any]) -> str:
    if column["type"] == "number":
        return f"decimal(30, {int(column.get('decimals') or 0)})"
    return {"integer": "bigint", "date": "date", "timestamp": "timestamp", "boolean": "boolean"}.get(
        column["type"], "varchar"
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def result(connection: duckdb.DuckDBPyConnection, query: Query, limit: int) -> dict[str, Any]:
    """What the query gives, at most `limit` rows, with the rows of tables that each was made of."""
    found = connection.execute(query.sql)
    names = [column[0] for column in found.description or ()]
    rows = found.fetchmany(limit + 1)
    visible = len(names) - len(query.behind)
    behind: list[list[tuple[str, int]]] = []
    many = not query.behind
    for row in rows[:limit]:
        mine: dict[tuple[str, int], None] = {}
        for table, numbers in zip(query.behind, row[visible:], strict=False):
            listed = numbers if isinstance(numbers, list) else [numbers]
            many = many or len(listed) > ROWS_BEHIND
            mine |= {(table, number): None for number in listed[: ROWS_BEHIND + 1] if number is not None}
        behind.append(list(mine))
    return {
        "columns": names[:visible],
        "rows": [[_plain(value) for value in row[:visible]] for row in rows[:limit]],
        "more": len(rows) > limit,
        "behind": behind,
        "untraced": many,
        "tables": list(query.tables),
    }


def _plain(value: Any) -> Any:
    """A value as JSON has it; decimals without zeros at their end."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, float):
        return float(f"{value:.12g}") if value == value and abs(value) != float("inf") else None
    if isinstance(value, Decimal):
        whole = value == value.to_integral_value()
        return int(value) if whole and abs(value) < 2**53 else float(value) if abs(value) < 2**53 else str(value)
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value[:100]]
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in list(value.items())[:100]}
    text = str(value)
    return text if len(text) <= VALUE_CHARACTERS else text[:VALUE_CHARACTERS] + "…"


if __name__ == "__main__":
    main()
