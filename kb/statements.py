"""Statements that every search asks, planned once for each connection instead of each time."""

from collections.abc import Iterable, Mapping
from typing import Any

import psycopg
from django.db import connection


def rows(statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows that `statement` returns. It is prepared where the connection allows that, which ours does.

    The driver's own cursor sends the parameters apart from the text, which Django's does not. Its plan is made without
    looking at them, so it is for statements whose best plan is the same whatever is asked.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(statement, parameters, prepare=True).fetchall()


def array_text(numbers: Iterable[float]) -> str:
    """Numbers as PostgreSQL reads an array of them. The driver would look at the type of each."""
    return "{" + ",".join(map(repr, numbers)) + "}"
