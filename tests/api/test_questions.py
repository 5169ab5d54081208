"""Asking over HTTP: whole answers, event streams that resume anywhere, failures, and clients that go away."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from agents.models import Run, RunState
from kb.ingest import work_next
from tests.api.asking import ANSWER, broken, cut_off, frames, good, overloaded
from tests.llm.scripted import hold, reasoning, text, wait
from tests.world import CANARY, World

QUESTION = {"question": "How many days of annual leave do I have?", "mode": "fast"}


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def bobs(world: World) -> Any:
    with world.http("bob") as http:
        yield http


def test_an_answer_with_its_citations_and_claims(bobs: Any, world: World) -> None:
    world.models.enqueue(good())
    response = bobs.post("/api/v1/ask", json=QUESTION)
    assert response.status_code == 200, response.text
    body = response.json()
    assert (body["state"], body["mode"], body["answer"], body["error"]) == ("finished", "fast", ANSWER, None)
    (citation,) = body["citations"]
    assert citation["document"] == world.documents["leave"].pk
    assert "15 days of annual leave" in citation["quote"]
    assert citation["end"] - citation["start"] == len(citation["quote"])
    (claim,) = body["claims"]
    assert (claim["citations"], claim["support"]) == ([1], "supported")
    assert body["usage"]["prompt_tokens"] == 120
    assert body["suggested"] == []  # the document has no other section
    assert bobs.get(f"/api/v1/runs/{body['run']}").json() == body


def test_a_further_question_in_the_same_conversation(bobs: Any, world: World) -> None:
    world.models.otherwise = good()
    first = bobs.post("/api/v1/ask", json=QUESTION).json()
    further = {**QUESTION, "question": "And in Berlin?", "conversation": first["conversation"]}
    second = bobs.post("/api/v1/ask", json=further).json()
    assert second["conversation"] == first["conversation"]
    assert any(QUESTION["question"] in str(message) for message in world.models.chats()[-1]["messages"])


def test_the_stream_tells_the_same_as_the_run(bobs: Any, world: World) -> None:
    world.models.enqueue(good())
    response = bobs.post("/api/v1/ask", json={**QUESTION, "stream": True})
    assert response.headers["Content-Type"].startswith("text/event-stream")
    assert "no-store" in response.headers["Cache-Control"]
    events = frames(response.text)
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    kinds = [event.event for event in events]
    assert kinds[0] == "routed"
    assert kinds[-1] == "finished"
    assert {"text", "cited", "checked"} < set(kinds)
    assert "".join(event.data["text"] for event in events if event.event == "text") == ANSWER
    run = bobs.get(f"/api/v1/runs/{response.headers['X-Run']}").json()
    assert events[-1].data["answer"] == run["answer"] == ANSWER
    cited = next(event for event in events if event.event == "cited")
    assert cited.data["citations"] == run["citations"]


def test_a_stream_resumes_after_every_event(bobs: Any, world: World) -> None:
    world.models.enqueue(good())
    response = bobs.post("/api/v1/ask", json={**QUESTION, "stream": True})
    whole = frames(response.text)
    url = f"/api/v1/runs/{response.headers['X-Run']}/events"
    for seq in range(len(whole) + 1):
        rest = [event for event in whole if event.id > seq]
        assert frames(bobs.get(url, params={"after": seq}).text) == rest
        assert frames(bobs.get(url, headers={"Last-Event-ID": str(seq)}).text) == rest
    assert frames(bobs.get(url, headers={"Last-Event-ID": "garbage"}).text) == whole
    assert bobs.get(url, params={"after": 10_000}).text == ""
    assert bobs.get(url, params={"after": -1}).status_code == 422


def test_two_readers_of_a_run_at_work_read_the_same(bobs: Any, world: World) -> None:
    words = [text(f"word{number} ", pieces=1) + wait(0.05) for number in range(12)]
    world.models.enqueue(sum(words[1:], words[0]))
    with bobs.stream("POST", "/api/v1/ask", json={**QUESTION, "stream": True}) as first:
        run = first.headers["X-Run"]
        second = frames(bobs.get(f"/api/v1/runs/{run}/events").text)
        assert frames(first.read().decode()) == second
    assert [event.id for event in second] == list(range(1, len(second) + 1))
    assert second[-1].event == "finished"


def test_a_client_that_goes_away_does_not_end_the_run(bobs: Any, world: World) -> None:
    world.models.enqueue(text("Staff are ", pieces=1) + wait(0.4) + good())
    with bobs.stream("POST", "/api/v1/ask", json={**QUESTION, "stream": True}) as response:
        run = response.headers["X-Run"]
        next(response.iter_bytes())
    until(lambda: Run.objects.get(pk=run).state == RunState.FINISHED)
    assert bobs.get(f"/api/v1/runs/{run}").json()["answer"].endswith(ANSWER)


def test_a_run_is_cancelled_and_what_there_was_stays(bobs: Any, world: World) -> None:
    world.models.enqueue(text("Staff are entitled to 15 days [1]. ", pieces=2) + hold())
    with bobs.stream("POST", "/api/v1/ask", json={**QUESTION, "stream": True}) as response:
        run = response.headers["X-Run"]
        until(lambda: bool(bobs.get(f"/api/v1/runs/{run}").json()["answer"]))
        running = bobs.get(f"/api/v1/runs/{run}").json()
        assert (running["state"], running["error"]) == ("running", None)
        assert bobs.post(f"/api/v1/runs/{run}/cancel").status_code == 202
        events = frames(response.read().decode())
    assert events[-1].event == "cancelled"
    assert world.models.abandoned.wait(5)
    ended = bobs.get(f"/api/v1/runs/{run}").json()
    assert (ended["state"], ended["error"]["code"]) == ("cancelled", "cancelled")
    assert ended["answer"].startswith("Staff are entitled")
    assert bobs.post(f"/api/v1/runs/{run}/cancel").status_code == 202  # once more changes nothing


@pytest.mark.parametrize(("script", "status"), [(broken, 502), (overloaded, 503), (cut_off, 502)])
def test_a_model_server_that_fails(bobs: Any, world: World, script: Callable[[], Any], status: int) -> None:
    world.models.otherwise = script()
    english = bobs.post("/api/v1/ask", json=QUESTION)
    assert english.status_code == status, english.text
    body = english.json()
    assert body["error"]["message"].endswith(".")
    assert "sk-test-secret" not in english.text
    assert "127.0.0.1" not in english.text
    assert body["answer"] == (ANSWER if script is cut_off else "")
    chinese = bobs.post("/api/v1/ask", json=QUESTION, headers={"Accept-Language": "zh-hans"})
    assert chinese.json()["error"]["message"].endswith("。")
    stored = bobs.get(f"/api/v1/runs/{body['run']}").json()
    assert (stored["state"], stored["error"]) == ("failed", body["error"])


def test_reasoning_is_streamed_as_thinking(bobs: Any, world: World) -> None:
    world.models.enqueue(reasoning("Let me look it up.") + good())
    response = bobs.post("/api/v1/ask", json={**QUESTION, "mode": "thinking", "stream": True})
    events = frames(response.text)
    assert "".join(event.data["text"] for event in events if event.event == "thinking") == "Let me look it up."
    assert events[-1].data["mode"] == "thinking"


def test_answers_from_chosen_collections_alone(bobs: Any, world: World) -> None:
    world.models.otherwise = good()
    about_leave = {**QUESTION, "collections": [world.shelves["people_files"].pk]}
    assert bobs.post("/api/v1/ask", json=about_leave).status_code == 404
    with world.http("alice") as alices:
        assert alices.post("/api/v1/ask", json=about_leave).status_code == 200
    shown = str(world.models.chats()[-1]["messages"][-1])
    assert CANARY in shown
    assert "annual leave a year" not in shown


def test_feedback_with_its_reason(bobs: Any, world: World) -> None:
    world.models.enqueue(good())
    run = bobs.post("/api/v1/ask", json=QUESTION).json()["run"]
    said = {"helped": False, "reason": "outdated", "comment": "It is 20 days."}
    response = bobs.post(f"/api/v1/runs/{run}/feedback", json=said)
    assert (response.status_code, response.json()) == (200, {"run": run, **said})
    assert bobs.post(f"/api/v1/runs/{run}/feedback", json={"helped": False, "reason": "dull"}).status_code == 422


def test_questions_are_edited_into_branches(bobs: Any, world: World) -> None:
    world.models.otherwise = good()
    first = bobs.post("/api/v1/ask", json=QUESTION).json()
    conversation = first["conversation"]
    on = bobs.post("/api/v1/ask", json={**QUESTION, "question": "And then?", "conversation": conversation}).json()
    edited = bobs.post("/api/v1/ask", json={**QUESTION, "question": "How many?", "edits": first["run"]}).json()
    below = bobs.post("/api/v1/ask", json={**QUESTION, "question": "And then?", "conversation": conversation}).json()
    back = bobs.post("/api/v1/ask", json={**QUESTION, "question": "By when?", "follows": first["run"]}).json()
    assert [one["follows"] for one in (first, on, edited, below, back)] == [
        None, first["run"], None, edited["run"], first["run"],
    ]  # fmt: skip
    assert {one["conversation"] for one in (edited, below, back)} == {conversation}
    tree = bobs.get(f"/api/v1/conversations/{conversation}/export").json()
    assert tree["shown"] == [first["run"], back["run"]]
    assert len(tree["runs"]) == 5
    both = {**QUESTION, "edits": first["run"], "follows": first["run"]}
    assert bobs.post("/api/v1/ask", json=both).status_code == 422
    elsewhere = bobs.post("/api/v1/ask", json=QUESTION).json()
    mixed = {**QUESTION, "conversation": elsewhere["conversation"], "follows": first["run"]}
    assert bobs.post("/api/v1/ask", json=mixed).status_code == 404


def test_files_of_a_conversation(bobs: Any, world: World) -> None:
    conversation = bobs.post("/api/v1/conversations").json()["conversation"]
    address = f"/api/v1/conversations/{conversation}/attachments"
    sent = bobs.post(address, files={"files": ("offer.md", b"The offer costs 4,711 euros.")})
    assert sent.status_code == 202, sent.text
    (file,) = sent.json()["attachments"]
    assert (file["filename"], file["state"], file["error"]) == ("offer.md", "queued", "")
    while work_next():
        pass
    assert bobs.get(address).json()["attachments"][0]["state"] == "ready"
    world.models.otherwise = text("It costs 4,711 euros [1].")
    body = {"question": "What does the offer cost?", "mode": "fast", "conversation": conversation}
    answer = bobs.post("/api/v1/ask", json=body).json()
    assert answer["citations"][0]["document"] == file["document"]
    search = {"query": "What does the offer cost?"}
    for name in ("bob", "admin", "alice"):
        with world.http(name) as http:
            assert "4,711" not in http.post("/api/v1/search", json=search).text
            assert http.get(f"/api/v1/documents/{file['document']}").status_code == 404
            assert "attached to" not in http.get("/api/v1/collections").text
            assert http.get(address).status_code == (200 if name == "bob" else 404)
    assert bobs.delete(f"{address}/{file['document']}").status_code == 204
    assert bobs.delete(f"{address}/{file['document']}").status_code == 404
    assert bobs.delete(f"/api/v1/conversations/{conversation}").status_code == 204
    assert bobs.get(address).status_code == 404
