"""Tables kept with their version, and asked by SQL: as whom, within which limits, and with which rows behind it."""

from collections.abc import Callable, Generator
from datetime import date
from io import BytesIO

import duckdb
import pytest
from django.contrib.auth.models import Group
from django.db import connection

from accounts.models import Person
from kb import earlier_tables, sql, sql_child
from kb.access import acting_as, acting_as_system
from kb.documents import add_document, delete_document, replace_document
from kb.errors import DocumentError
from kb.ingest import work_next
from kb.models import Collection, Document, DocumentVersion, Page, State
from kb.models_tables import DocumentTable, TableRows
from kb.readers import move, narrow
from kb.sql import TableResult, query_tables
from kb.sql_child import Refused, checked
from kb.tables import TableInfo, list_tables

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("model_server")]

STAFF = """# Offices

| Office | Country | Desks | Rent |
|---|---|---|---|
| Berlin | Germany | 40 | €12,500.50 |
| Munich | Germany | 20 | €9,000 |
| Hangzhou | 中国 | 220 | €8,000.25 |
| Total | | 280 | |
"""
Put = Callable[..., Document]


@pytest.fixture
def put(admin: Person, handbook: Collection) -> Put:
    def keep(name: str, text: str, collection: Collection | None = None, **about: object) -> Document:
        document = add_document(collection or handbook, name, BytesIO(text.encode()), by=admin, **about)  # type: ignore[arg-type]
        work_next()
        return document

    return keep


@pytest.fixture
def offices(put: Put) -> str:
    """The name of a table of offices."""
    return table_of(put("offices.md", STAFF))


def table_of(document: Document) -> str:
    with acting_as_system():
        return f"t{DocumentTable.objects.filter(document=document).latest('pk').pk}"


def tables_of(person: Person, **chosen: object) -> list[TableInfo]:
    with acting_as(person):
        return list_tables(**chosen)  # type: ignore[arg-type]


def refused(person: Person, query: str) -> str:
    with pytest.raises(DocumentError) as caught:
        query_tables(person, query)
    assert caught.value.code == "query_refused"
    return caught.value.en


def quotes(result: TableResult) -> list[list[str]]:
    """For each row of the result the texts that stand behind it, each of which is literally in its version."""
    with acting_as_system():
        for place in result.places:
            pages = DocumentVersion.objects.get(pk=place.table.version).pages.all()
            assert "".join(page.text for page in pages)[place.start : place.end] == place.text
    return [[result.places[index].text for index in row] for row in result.behind]


def test_tables_are_kept_with_their_version(bob: Person, offices: str) -> None:
    (table,) = tables_of(bob)
    assert (table.name, table.title, table.label, table.rows) == (offices, "Offices", "Offices", 4)
    assert [(column["name"], column["type"]) for column in table.columns] == [
        ("Office", "text"), ("Country", "text"), ("Desks", "integer"), ("Rent", "number"),
    ]  # fmt: skip
    assert [one.name for one in tables_of(bob, words="desks")] == [offices]
    assert tables_of(bob, words="elsewhere") == []


def test_a_query_gives_rows_and_the_rows_behind_them(bob: Person, offices: str) -> None:
    result = query_tables(bob, f"select Office, Rent from {offices} where Country = 'Germany' order by Desks")
    assert (result.columns, result.rows) == (("Office", "Rent"), (("Munich", 9000), ("Berlin", 12500.5)))
    assert quotes(result) == [["| Munich | Germany | 20 | €9,000 |"], ["| Berlin | Germany | 40 | €12,500.50 |"]]
    assert [place.row for place in result.places] == [2, 1]
    assert result.places[0].header == "| Office | Country | Desks | Rent |"


@pytest.mark.parametrize(
    ("query", "rows", "behind"),
    [
        ("select sum(Rent) from {t} where Country is not null", [[29500.75]], [["Berlin", "Munich", "Hangzhou"]]),
        ("select max(Desks) from {t} where Office <> 'Total'", [[220]], [["Hangzhou"]]),
        ("select min(Rent), max(Rent) from {t}", [[8000.25, 12500.5]], [["Hangzhou", "Berlin"]]),
        (
            "select Country, count(*) n from {t} where Country is not null group by Country order by n",
            [["中国", 1], ["Germany", 2]], [["Hangzhou"], ["Berlin", "Munich"]],
        ),
        ("select Country from {t} group by all having sum(Desks) = 60", [["Germany"]], [["Berlin", "Munich"]]),
        (
            "select x.Office, y.Office from {t} x join {t} y on x.Desks = y.Desks / 2",
            [["Munich", "Berlin"]], [["Munich", "Berlin"]],
        ),
        ("select * from {t} limit 1", [[1, "Berlin", "Germany", 40, 12500.5]], [["Berlin"]]),
        ("select Office, sum(Desks) over () from {t} where _row = 2", [["Munich", 20]], [["Munich"]]),
    ],
)  # fmt: skip
def test_what_stands_behind_a_result(
    bob: Person, offices: str, query: str, rows: list[list[object]], behind: list[list[str]]
) -> None:
    result = query_tables(bob, query.format(t=offices))
    assert [list(row) for row in result.rows] == rows
    assert [[text.split(" | ")[0].strip("| ") for text in texts] for texts in quotes(result)] == behind


@pytest.mark.parametrize(
    "query",
    [
        "with x as (select * from {t}) select count(*) from x",
        "select distinct Country from {t}",
        "select Office from {t} union select Country from {t}",
        "select count(*) from (select * from {t})",
    ],
)
def test_where_rows_cannot_be_told_the_table_is_cited(bob: Person, offices: str, query: str) -> None:
    result = query_tables(bob, query.format(t=offices))
    assert [place.row for place in result.places] == [None]
    assert result.places[0].table.label == "Offices · 1–4"
    assert all(texts[0].startswith("| Office |") for texts in quotes(result))


def test_many_rows_are_cited_by_their_header(bob: Person, put: Put) -> None:
    lines = "".join(f"{number},{number % 7},name {number}\n" for number in range(3_000))
    table = table_of(put("long.csv", "number,rest,name\n" + lines))
    result = query_tables(bob, f"select rest, count(*) from {table} group by rest")
    assert sum(row[1] for row in result.rows) == 3_000
    assert quotes(result)[0] == ["number,rest,name"]
    result = query_tables(bob, f"select * from {table}", limit=10)
    assert (len(result.rows), result.more) == (10, True)
    assert quotes(query_tables(bob, f"select name from {table} where number = 2345")) == [["2345,0,name 2345"]]
    assert len(query_tables(bob, f"select * from {table}", limit=5_000).rows) == sql.ROWS


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/passwd'), {t}",
        "select * from '/etc/passwd'",
        "select * from {t} where Office = (select content from read_text('/etc/passwd'))",
        "with {t} as (select * from read_csv('/etc/passwd')) select * from {t}",
        "select * from glob('/*')",
        "copy {t} to '/tmp/stolen.csv'",
        "copy (select * from {t}) to '/tmp/stolen.csv'",
        "export database '/tmp/stolen'",
        "attach '/tmp/other.db'",
        "install httpfs",
        "load httpfs",
        "pragma database_list",
        "set enable_external_access = true",
        "reset lock_configuration",
        "call pragma_version()",
        "create table mine as select * from {t}",
        "insert into {t} values (1)",
        "drop table {t}",
        "select 1; select 2",
        "select * from {t}; copy {t} to '/tmp/stolen.csv'",
        "select * from duckdb_settings()",
        "select * from information_schema.tables",
        "select * from query('select 1')",
        "select * from query_table(['{t}'])",
        "select current_setting('memory_limit') from {t}",
        "select getenv('HOME') from {t}",
        "describe {t}",
        "",
        ";",
        "selec * from {t}",
        "select nothing from {t}",
        "select " + "(" * 3_000 + "1" + ")" * 3_000 + " from {t}",
        "select * from t999999",
    ],
)
def test_what_is_no_query_over_tables_is_refused(query: str) -> None:
    with duckdb.connect(config=sql_child.CONFIG) as connection:
        connection.execute("create table t1 (_row bigint, Office varchar)")
        with pytest.raises((Refused, duckdb.Error)):
            connection.execute(checked(connection, query.format(t="t1"), ["t1"]).sql)


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_csv('/etc/passwd')",
        "copy {t} to '/tmp/stolen.csv'",
        "select nothing from {t}",
        "select " + "(" * 3_000 + "1" + ")" * 3_000 + " from {t}",
        "select * from {t} where " + "1 = 1 and " * 2_000,
        "select * from t999999",
    ],
)
def test_a_refusal_says_why(bob: Person, offices: str, query: str) -> None:
    assert refused(bob, query.format(t=offices)).startswith("The query was not run. ")


def test_the_process_that_runs_queries_reaches_nothing(
    bob: Person, offices: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were a query let through that reads files, DuckDB would still refuse."""
    program = (
        "import duckdb, kb.sql_child as child\n"
        "child.checked = lambda connection, sql, tables: child.Query(sql, (), ())\nchild.main()"
    )
    monkeypatch.setattr(sql, "COMMAND", ("-c", program))
    for query in (
        "select * from read_text('/etc/hostname')",
        "copy (select 1) to '/tmp/stolen.csv'",
        "set threads = 2",
    ):
        assert "The query failed. Permission Error" in refused(bob, query) or "Invalid Input" in refused(bob, query)


@pytest.mark.parametrize(
    "query",
    [
        "with recursive r as (select 1 a from {t} union all select a + 1 from r) select count(*) from r",
        "select count(*) from range(10000000000) a, {t}",
        "select a.range, b.range from range(100000) a, range(100000) b, {t} order by 1 desc, 2",
        "select list(repeat('x', 1000000) || range) from range(100000), {t}",
        "select repeat('x', 4000000000) from {t}",
    ],
)
def test_a_query_that_takes_too_much_is_stopped(
    bob: Person, offices: str, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "SECONDS", 0.5)
    answer = refused(bob, query.format(t=offices))
    assert "longer than" in answer or "memory" in answer or "failed" in answer


def test_nobody_asks_tables_that_they_may_not_read(
    bob: Person, admin: Person, put: Put, people_files: Collection
) -> None:
    document = put("salaries.csv", "Name,Salary\nAnna,190000\nBen,50000\n", people_files)
    table = table_of(document)
    assert tables_of(bob) == []
    assert "no table" in refused(bob, f"select * from {table}")
    assert query_tables(admin, f"select sum(Salary) from {table}").rows == ((240000,),)
    with connection.cursor() as cursor:
        for model in (DocumentTable, TableRows):
            cursor.execute(f"select count(*) from {model._meta.db_table}")
            assert cursor.fetchone() == (0,)


def test_tables_go_where_their_document_goes(
    bob: Person, admin: Person, put: Put, people_files: Collection, handbook: Collection
) -> None:
    document = put("offices.md", STAFF)
    query = f"select count(*) from {table_of(document)}"
    assert query_tables(bob, query).rows == ((4,),)
    move(document, people_files, by=admin)
    refused(bob, query)
    move(document, handbook, by=admin)
    assert query_tables(bob, query).rows == ((4,),)
    Group.objects.get_or_create(name="People")
    narrow(document, ["People"], by=admin)
    refused(bob, query)
    delete_document(document, by=admin)
    with acting_as_system():
        assert not DocumentTable.objects.exists()
        assert not TableRows.objects.exists()


def test_each_version_has_its_own_tables(bob: Person, admin: Person, put: Put) -> None:
    document = put("offices.md", STAFF, effective_from=date(2024, 1, 1))
    old = table_of(document)
    text = STAFF.replace("| 40 |", "| 41 |")
    replace_document(document, "offices.md", BytesIO(text.encode()), by=admin, effective_from=date(2026, 1, 1))
    work_next()
    new = table_of(document)
    query = "select Desks from {} where Office = 'Berlin'"
    assert query_tables(bob, query.format(new)).rows == ((41,),)
    refused(bob, query.format(old))
    assert query_tables(bob, query.format(old), as_of=date(2025, 1, 1)).rows == ((40,),)
    assert [one.name for one in tables_of(bob, as_of=date(2025, 1, 1))] == [old]
    assert [one.name for one in tables_of(bob)] == [new]


def test_reading_again_keeps_each_table_once(bob: Person, put: Put) -> None:
    document = put("offices.md", STAFF)
    with acting_as_system():
        DocumentVersion.objects.filter(document=document).update(state=State.QUEUED, parsed_at=None, attempts=1)
    work_next()
    assert [one.rows for one in tables_of(bob)] == [4]
    with acting_as_system():
        assert TableRows.objects.count() == 1


def forget_tables(document: Document) -> None:
    """As it was when tables were not kept yet."""
    with acting_as_system():
        DocumentTable.objects.filter(document=document).delete()
        document.versions.update(tables_read=False)


def kept_tables(document: Document) -> list[tuple[object, ...]]:
    with acting_as_system():
        found = DocumentTable.objects.filter(document=document).order_by("ordinal")
        rows = found.values_list("name", "columns", "row_count", "header_start", "end", "batches__rows")
        return list(rows)


def test_versions_read_before_tables_were_kept_get_them(put: Put) -> None:
    document, plain = put("offices.md", STAFF), put("plain.md", "# Nothing\n\nNo table here.")
    before = kept_tables(document)
    assert before
    assert earlier_tables.waiting() == 0
    for one in (document, plain):
        forget_tables(one)
    assert {one.filename: one.tables for one in earlier_tables.make_tables()} == {"offices.md": 1, "plain.md": 0}
    assert kept_tables(document) == before
    assert list(earlier_tables.make_tables()) == [], "what is done is not done again"


def test_making_tables_goes_on_where_it_broke_off(put: Put) -> None:
    first, second = put("first.md", STAFF), put("second.md", STAFF)
    before = kept_tables(second)
    for one in (first, second):
        forget_tables(one)
    run = earlier_tables.make_tables()
    assert isinstance(run, Generator)
    assert next(run).filename == "second.md", "the newest first"
    run.close()
    assert [one.filename for one in earlier_tables.make_tables()] == ["first.md"]
    with acting_as_system():
        second.versions.update(tables_read=False)
    list(earlier_tables.make_tables())
    assert kept_tables(second) == before, "what stood there is made anew, not twice"


def test_a_file_that_reads_differently_now_gets_no_tables(put: Put) -> None:
    document = put("offices.md", STAFF)
    forget_tables(document)
    with acting_as_system():
        Page.objects.filter(version__document=document).update(text="something else")
    assert [one.tables for one in earlier_tables.make_tables()] == [None]
    assert earlier_tables.waiting() == 0
    assert kept_tables(document) == []
