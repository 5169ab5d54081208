"""The tool that asks tables by SQL: what the model learns of tables, and what it may cite of a result."""

from collections.abc import Callable
from io import BytesIO

import pytest

from accounts.models import Person
from agents.checks import Evidence, check
from agents.events import Citation
from agents.tools import ToolError
from agents.tools.query_tables import RESULT_CHARACTERS
from kb.access import acting_as
from kb.documents import add_document
from kb.ingest import finish
from kb.models import Collection, Document
from kb.reading import quote_is_literal
from tests.agents.test_tools import call, deps_for
from tests.llm.scripted import ScriptedServer

pytestmark = pytest.mark.django_db(transaction=True)

RENTS = "Office,Country,Rent\nBerlin,Germany,12500\nMunich,Germany,9000\nHangzhou,China,8000\n"
Put = Callable[..., Document]


@pytest.fixture
def put(admin: Person, scripted: ScriptedServer) -> Put:
    def keep(collection: Collection, name: str, text: str) -> Document:
        document = add_document(collection, name, BytesIO(text.encode()), by=admin)
        finish([document.latest_version_id or 0])
        return document

    return keep


def test_rows_of_a_result_become_sources(put: Put, handbook: Collection, people_files: Collection, bob: Person) -> None:
    rents = put(handbook, "rents.csv", RENTS)
    put(people_files, "salaries.csv", "Name,Salary\nAnna,190000\n")
    deps = deps_for(bob)

    found = call(deps, "search_knowledge", query="rent of the office in Munich")
    (listed,) = found.data["tables"]
    assert call(deps, "query_tables").data["tables"] == [listed]
    assert (listed["document"], listed["rows"]) == (rents.pk, 3)
    assert listed["columns"] == {"Office": "text", "Country": "text", "Rent": "integer"}

    sql = f'select Country, sum("Rent") as total from {listed["table"]} group by Country order by total desc'
    result = call(deps, "query_tables", sql=sql)
    assert (result.data["columns"], result.data["rows"]) == (
        ["Country", "total"],
        [["Germany", 21500], ["China", 8000]],
    )
    berlin, munich, hangzhou = result.shown
    assert result.data["sources"] == [[berlin.source.source, munich.source.source], [hangzhou.source.source]]
    assert (munich.text, munich.source.context) == ("Munich,Germany,9000", "Office,Country,Rent")
    with acting_as(bob):
        assert quote_is_literal(munich.source.version, munich.source.start, munich.source.end, munich.text)
    assert call(deps, "query_tables", sql=f"select * from {listed['table']} where Office = 'Munich'").shown == [munich]

    cited = Citation(1, rents.pk, munich.source.version, None, munich.source.start, munich.source.end, munich.text)
    checked = check("The rents in Germany are 21500 in total. [1]", Evidence([cited], computed=str(result.data)))
    assert checked.claims[0].support == "supported"


def test_mistakes_are_told_to_the_model(put: Put, handbook: Collection, people_files: Collection, bob: Person) -> None:
    put(handbook, "rents.csv", RENTS)
    put(people_files, "salaries.csv", "Name,Salary\nAnna,190000\n")
    deps = deps_for(bob)
    (listed,) = call(deps, "query_tables", about="no such words").data["tables"]
    secret = f"t{int(listed['table'][1:]) + 1}"
    for sql, said in (
        (f"select Nothing from {listed['table']}", "Nothing"),
        (f"select * from {secret}", f"no table {secret}"),
        ("select * from read_csv('/etc/passwd')", "not available"),
        ("copy t1 to '/tmp/x'", "Only one select|no table"),
    ):
        with pytest.raises(ToolError, match=said):
            call(deps, "query_tables", sql=sql)


def test_a_long_result_is_cut_and_says_so(put: Put, handbook: Collection, bob: Person) -> None:
    put(handbook, "long.csv", "Number,Text\n" + "".join(f"{n},{'words ' * 60}\n" for n in range(200)))
    deps = deps_for(bob)
    (listed,) = call(deps, "query_tables").data["tables"]
    result = call(deps, "query_tables", sql=f"select * from {listed['table']}")
    assert len(str(result.data)) < 1.2 * RESULT_CHARACTERS
    assert "more rows" in result.data["note"]
    assert result.data["sources"][0] == [1]
    assert result.shown[0].text == "Number,Text"
