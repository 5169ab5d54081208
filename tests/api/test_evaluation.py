"""Evaluation sets over HTTP: a question kept, asked by a worker, compared with the run before."""

from kb.evaluation_runs import work_on
from tests.world import World


def test_a_set_is_filled_asked_and_compared(world: World) -> None:
    api, hotels = world.api("admin"), world.documents["travel"]
    question = {"set": "Over HTTP", "question": "hotels in Berlin", "documents": [{"document": hotels.pk}]}
    kept = api.post("/api/v1/evaluation-questions", question, content_type="application/json")
    assert kept.status_code == 201
    listed = api.get("/api/v1/evaluation-sets").json()
    assert {"id": kept.json()["set"], "name": "Over HTTP", "questions": 1} in listed
    runs = f"/api/v1/evaluation-sets/{kept.json()['set']}/runs"
    asked = [api.post(runs, {"method": "lexical"}, content_type="application/json") for _ in range(2)]
    assert [response.status_code for response in asked] == [202, 202]
    first, second = (response.json()["id"] for response in asked)
    for run in (first, second):
        work_on(run)
    told = api.get(f"/api/v1/evaluation-runs/{second}?with={first}").json()
    assert (told["state"], told["figures"]["ndcg@10"]) == ("done", 1.0)
    assert told["differences"] == {"worse": 0, "better": 0, "new": 0, "same": 1}
    assert told["results"][0]["found"][0] == hotels.pk
    assert [run["id"] for run in api.get(runs).json()] == [second, first]
    assert api.post(f"/api/v1/evaluation-runs/{second}/cancel").json()["state"] == "done"
    assert api.post(f"/api/v1/evaluation-runs/{second}/resume").status_code == 409
    unknown = {"set": "Over HTTP", "question": "?", "documents": [{"document": 987654}]}
    assert api.post("/api/v1/evaluation-questions", unknown, content_type="application/json").status_code == 404
