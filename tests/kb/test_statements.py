"""Statements that every search asks are planned once, where the connection allows it."""

import pytest
from django.db import DatabaseError, connection

from kb.statements import array_text, rows

pytestmark = pytest.mark.django_db

STATEMENT = "select number + %(more)s::bigint from unnest(%(numbers)s::bigint[]) number"


def prepared() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("select statement from pg_prepared_statements")
        return [statement for (statement,) in cursor.fetchall()]


def asked() -> list[tuple[int]]:
    return rows(STATEMENT, {"more": 1, "numbers": array_text([1, -(2**63)])})


def test_a_statement_is_prepared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.ensure_connection()
    monkeypatch.setattr(connection.connection, "prepare_threshold", 2**31)
    assert asked() == asked() == [(2,), (1 - 2**63,)]
    assert len([statement for statement in prepared() if "number +" in statement]) == 1


def test_a_connection_that_may_prepare_nothing_answers_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.ensure_connection()
    monkeypatch.setattr(connection.connection, "prepare_threshold", None)
    before = prepared()
    assert asked() == [(2,), (1 - 2**63,)]
    assert prepared() == before


def test_errors_are_djangos() -> None:
    with pytest.raises(DatabaseError):
        rows("select 1 / %(nothing)s::int", {"nothing": 0})
