"""PostgreSQL itself keeps what documents say from a query that does not say for whom it asks."""

import pytest
from django.db import connection

from kb.access import acting_as, acting_as_system
from tests.world import World

# Tables of `kb` without row-level security: nothing in them is what a document says.
WITHOUT_KNOWLEDGE = {
    "kb_scope": "which groups read what: numbers",
    "kb_scope_groups": "numbers",
    "kb_embeddinggeneration": "names of embedding models",
    "kb_worker": "names of machines",
}
CONTENT = (
    "kb_document",
    "kb_documentversion",
    "kb_page",
    "kb_passage",
    "kb_posting",
    "kb_passagevector",
    "kb_collection",
)
TABLES = """
    select relname, relrowsecurity and relforcerowsecurity from pg_class
    where relkind in ('r', 'p', 'm', 'v') and relnamespace = 'public'::regnamespace and relname like 'kb\\_%'
"""


def count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f'select count(*) from "{table}"')
        return int(cursor.fetchone()[0])


@pytest.fixture
def tables(world: World) -> dict[str, bool]:
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        return dict(cursor.fetchall())


def test_every_table_of_knowledge_is_guarded(tables: dict[str, bool]) -> None:
    open_ones = {table for table, guarded in tables.items() if not guarded} - set(WITHOUT_KNOWLEDGE)
    assert not open_ones, (
        f"Enable and force row-level security on {sorted(open_ones)} in a migration, as 0002_row_level_security does, "
        "or say in WITHOUT_KNOWLEDGE why nothing in it is what a document says."
    )
    assert set(WITHOUT_KNOWLEDGE) <= set(tables)


def test_a_raw_query_without_a_reader_sees_no_row(tables: dict[str, bool]) -> None:
    assert {table: count(table) for table in tables if table not in WITHOUT_KNOWLEDGE and count(table)} == {}
    with acting_as_system():
        assert all(count(table) for table in CONTENT)


def test_a_raw_query_sees_what_its_reader_may(world: World) -> None:
    with acting_as(world.people["bob"]):
        bobs = {table: count(table) for table in CONTENT}
    with acting_as(world.people["alice"]):
        alices = {table: count(table) for table in CONTENT}
    assert all(0 < bobs[table] < alices[table] for table in CONTENT)


def test_the_role_cannot_lift_its_guard(world: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select rolsuper or rolbypassrls from pg_roles where rolname = current_user")
        assert cursor.fetchone() == (False,)
