"""Nobody reads documents except as somebody."""

import pytest
from django.db import connection

from accounts.models import Person
from kb.access import NotActing, acting_as, acting_as_system, current_actor, document_for
from kb.models import Collection, Document, Scope

pytestmark = pytest.mark.django_db


@pytest.fixture
def salaries(people_files: Collection) -> Document:
    with acting_as_system():
        scope = Scope.objects.get(collection=people_files)
        return Document.objects.create(collection=people_files, scope=scope, title="Salaries", filename="salaries.md")


def raw_count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) from {table}")
        return int(cursor.fetchone()[0])


def test_a_raw_query_without_a_reader_returns_no_rows(salaries: Document) -> None:
    assert raw_count("kb_document") == 0
    assert raw_count("kb_collection") == 0


def test_the_database_role_cannot_pass_by_row_level_security(salaries: Document) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select rolsuper or rolbypassrls from pg_roles where rolname = current_user")
        assert cursor.fetchone() == (False,)


def test_readers_see_what_their_groups_may(salaries: Document, alice: Person, bob: Person, admin: Person) -> None:
    with acting_as(alice):
        assert document_for(salaries.pk) == salaries
    with acting_as(bob), pytest.raises(Document.DoesNotExist):
        document_for(salaries.pk)
    with acting_as(admin):
        assert raw_count("kb_document") == 1


def test_somebody_who_left_reads_nothing(salaries: Document, alice: Person) -> None:
    alice.is_active = False
    with acting_as(alice):
        assert raw_count("kb_document") == 0


def test_a_document_can_be_narrower_than_its_collection(handbook: Collection, alice: Person, bob: Person) -> None:
    with acting_as_system():
        narrow = Scope.objects.create(collection=handbook, is_default=False)
        narrow.groups.set(alice.groups.all())
        Document.objects.create(collection=handbook, scope=narrow, title="Draft", filename="draft.md")
    with acting_as(alice):
        assert raw_count("kb_document") == 1
    with acting_as(bob):
        assert raw_count("kb_document") == 0
        assert raw_count("kb_collection") == 1


def test_an_inner_block_gives_the_outer_one_its_view_back(salaries: Document, alice: Person, bob: Person) -> None:
    with acting_as(bob):
        with acting_as(alice):
            assert raw_count("kb_document") == 1
        assert raw_count("kb_document") == 0
    with acting_as(alice):
        with pytest.raises(ValueError, match="inner"), acting_as(bob):
            raise ValueError("inner")
        assert raw_count("kb_document") == 1


def test_a_reader_cannot_write_into_what_others_read(people_files: Collection, bob: Person) -> None:
    from django.db import ProgrammingError

    scope = Scope.objects.get(collection=people_files)
    with pytest.raises(ProgrammingError, match="row-level security"), acting_as(bob):
        Document.objects.create(collection=people_files, scope=scope, title="x", filename="x")


def test_outside_a_block_nobody_acts() -> None:
    with pytest.raises(NotActing):
        current_actor()
