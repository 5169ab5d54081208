"""Tables over HTTP: listed with their columns, asked by SQL, by those who may read them."""

import pytest

from accounts.models import Person
from kb.ingest import work_next
from kb.models import Collection
from tests.api.conftest import ClientOf
from tests.api.test_documents import JSON, file, upload

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scripted")]

RATES = b"City,Limit\nBerlin,180\nParis,190\nOslo,210\n"


def test_tables_are_listed_and_asked(
    api: ClientOf, admin: Person, bob: Person, handbook: Collection, people_files: Collection
) -> None:
    document = upload(api(admin), handbook, file("rates.csv", RATES)).json()["documents"][0]["id"]
    secret = upload(api(admin), people_files, file("pay.csv", b"Name,Pay\nAnna,9\n")).json()["documents"][0]["id"]
    work_next()
    work_next()
    client = api(bob)
    (table,) = client.get(f"/api/v1/documents/{document}/tables").json()["tables"]
    assert (table["document"], table["rows"]) == (document, 3)
    assert table["columns"] == [
        {"name": "City", "type": "text", "unit": ""},
        {"name": "Limit", "type": "integer", "unit": ""},
    ]
    assert client.get(f"/api/v1/documents/{secret}/tables").status_code == 404
    assert client.get(f"/api/v1/documents/{document}/tables?as_of=2020-01-01").json()["tables"] == [table]

    ask = {"sql": f'select "City", "Limit" from {table["name"]} order by "Limit" desc limit 1'}
    result = client.post("/api/v1/tables/query", ask, content_type=JSON).json()
    assert (result["columns"], result["rows"], result["behind"]) == (["City", "Limit"], [["Oslo", 210]], [[0]])
    (citation,) = result["citations"]
    assert (citation["row"], citation["quote"]) == (3, "Oslo,210")
    assert RATES.decode()[citation["start"] : citation["end"]] == "Oslo,210"

    (hidden,) = api(admin).get(f"/api/v1/documents/{secret}/tables").json()["tables"]
    for sql in (f"select * from {hidden['name']}", "select * from read_csv('/etc/passwd')"):
        refused = client.post("/api/v1/tables/query", {"sql": sql}, content_type=JSON)
        assert refused.status_code == 422
        assert refused.json()["error"]["code"] == "query_refused"
    chinese = api(bob, language="zh-hans").post("/api/v1/tables/query", {"sql": "drop table t1"}, content_type=JSON)
    assert chinese.json()["error"]["message"].startswith("查询未能执行。")
