"""Questions about every document over HTTP: the rows as data and as CSV, for the person who asked alone."""

import json

from tests.agents.test_survey_runs import documents_in
from tests.llm.scripted import Request, Script, text
from tests.world import CANARY, World


def first_words(request: Request) -> Script:
    rows = [
        {"document": one["document"], "meets": "yes", "source": passage["source"], "quote": passage["text"][:20]}
        for one in documents_in(request)
        for passage in one["passages"][:1]
    ]
    return text(json.dumps({"rows": rows}))


def test_rows_are_given_as_data_and_as_csv(world: World) -> None:
    world.models.otherwise = first_words
    asked = {"question": "What is there?", "exhaustive": True}
    answer = world.api("bob").post("/api/v1/ask", asked, content_type="application/json")
    assert answer.status_code == 200
    data = answer.json()
    survey = data["survey"]
    assert data["mode"] == "exhaustive"
    assert survey["complete"]
    assert survey["checked"] == survey["total"] == survey["found"] == len(survey["rows"]) == len(data["citations"])
    assert {world.documents["leave"].pk, world.documents["travel"].pk} <= {row["document"] for row in survey["rows"]}
    assert CANARY not in answer.content.decode()

    address = f"/runs/{data['run']}/rows.csv"
    for client, prefix in ((world.api("bob"), "/api/v1"), (world.browser("bob"), "")):
        file = client.get(prefix + address)
        assert file.status_code == 200
        assert file.headers["Content-Type"] == "text/csv; charset=utf-8"
        lines = file.content.decode("utf-8-sig").splitlines()
        assert lines[0].startswith("result,document,title,quote")
        assert sum(line.startswith("yes,") for line in lines) == survey["found"]
    assert world.api("alice").get(f"/api/v1{address}").status_code == 404
    assert world.browser("alice").get(address).status_code == 404


def test_another_run_has_no_rows(world: World) -> None:
    world.models.otherwise = text("15 days [1].")
    asked = {"question": "How many days of annual leave?", "mode": "fast"}
    run = world.api("bob").post("/api/v1/ask", asked, content_type="application/json").json()
    assert run["survey"] is None
    assert world.api("bob").get(f"/api/v1/runs/{run['run']}/rows.csv").status_code == 404
