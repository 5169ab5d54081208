"""Whatever dies, every document becomes ready exactly once, and every question gets its answer."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from tests.llm.scripted import Request, Script, ScriptedServer, hold, text
from tests.resilience.installation import Installation

pytestmark = pytest.mark.timeout(900)

DOCUMENTS = 8
QUESTION = "How many days of leave has everyone?"
FIRST_HALF = "Everyone has eleven days of leave [1]."
ANSWER = f"{FIRST_HALF} They are taken in whole days [1]."


class Gate(ScriptedServer):
    """Texts that hold one of `held` get no vectors until they are let through."""

    held: tuple[bytes, ...] = ()

    async def _answer(self, http: HttpRequest) -> Response:
        body = await http.body()
        while http.url.path == "/v1/embeddings" and any(word in body for word in self.held):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        return await super()._answer(http)


@pytest.fixture(scope="module")
def models() -> Iterator[Gate]:
    with Gate() as server:
        yield server
        server.held = ()


@pytest.fixture(scope="module")
def installation(models: Gate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    installation = Installation(tmp_path_factory.mktemp("installation"), models.base_url)
    try:
        installation.manage("migrate", "--verbosity", "0")
        yield installation
    finally:
        installation.close()


def handbook(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(100, 100 + count):
        paragraph = f"Everyone in house {number} has eleven days of leave. They are taken in whole days. " * 12
        (folder / f"house-{number}.md").write_text("\n\n".join([f"# House {number}", *[paragraph] * 6]))
    return folder


READY = "select count(*) from kb_documentversion where state = 'ready'"
AT_WORK = "select count(*) from kb_documentversion where lease <> ''"


def test_documents_become_ready_once_whatever_happens_to_worker_and_broker(
    installation: Installation, models: Gate, tmp_path: Path
) -> None:
    def in_the_middle() -> bool:
        return bool(installation.sql(READY) == DOCUMENTS - 4 and installation.sql(AT_WORK) == 2)

    files = handbook(tmp_path / "files", DOCUMENTS)
    models.held = tuple(b"house %d" % (100 + number) for number in range(DOCUMENTS - 4, DOCUMENTS))
    installation.manage("ingest", str(files), "--collection", "Handbook", "--everyone", "--no-wait")
    installation.lose_messages()
    worker = installation.start("worker")
    installation.wait_for(in_the_middle)
    installation.end(worker)
    assert installation.sql(AT_WORK) == 0  # it gave back what it worked on: nobody waits for its silence

    worker = installation.start("worker")
    installation.wait_for(in_the_middle)
    installation.kill(worker)
    assert in_the_middle()
    installation.lose_messages()
    installation.sql("update kb_documentversion set heartbeat_at = now() - interval '5 minutes' where lease <> ''")

    models.held = ()
    worker = installation.start("worker")
    installation.wait_for(lambda: installation.sql(READY) == DOCUMENTS)
    installation.end(worker)
    for what, expected in {
        "count(*) from kb_documentversion where lease <> '' or state <> 'ready'": 0,
        "count(*) from kb_document where current_version_id is null": 0,
        "count(distinct version_id) from kb_passage": DOCUMENTS,
        # The files differ in a number alone, so whatever was done twice or left out makes their counts differ.
        "count(distinct n) from (select count(*) n from kb_page group by version_id) each": 1,
        "count(distinct n) from (select count(*) n from kb_passage group by version_id) each": 1,
        "count(distinct n) from (select count(*) n from kb_posting group by version_id) each": 1,
        "count(distinct n) from (select count(*) n from kb_passagevector group by version_id) each": 1,
        "(select count(*) from kb_passagevector) - (select count(*) from kb_passage)": 0,
        "count(*) from kb_passage p where not exists (select from kb_posting where passage_id = p.id)": 0,
        "count(*) from kb_posting t where not exists (select from kb_passage where id = t.passage_id)": 0,
    }.items():
        assert (what, installation.sql(f"select {what}")) == (what, expected)


Told = list[tuple[str, dict[str, object]]]


def answers_slowly_once(models: ScriptedServer) -> None:
    """The first answer stops in the middle and never goes on; later ones come at once."""

    def answer(request: Request) -> Script:
        first = len(models.chats()) == 1
        return text(FIRST_HALF) + hold() if first else text(ANSWER)

    models.otherwise = answer


def events(response: httpx2.Response) -> Iterator[tuple[str, dict[str, object]]]:
    kind = ""
    for line in response.iter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, json.loads(value)


def first_words(client: httpx2.Client, installation: Installation) -> tuple[str, Told]:
    """Ask, and read as far as the first words of the answer. Gives the run and the events read."""
    seen: Told = []
    with client.stream("POST", "/api/v1/ask", json={"question": QUESTION, "mode": "fast", "stream": True}) as response:
        assert response.status_code == 200, response.read()
        for kind, data in events(response):
            seen.append((kind, data))
            if kind == "text":
                break
    return str(installation.sql("select id from agents_run")), seen


def test_an_answer_survives_the_death_of_its_process(installation: Installation, models: Gate, tmp_path: Path) -> None:
    installation.manage("ingest", str(handbook(tmp_path / "leave", 1)), "--collection", "Leave", "--everyone")
    installation.manage("createsuperuser", "--noinput", "--username", "ann", "--email", "ann@example.com")
    key = installation.manage("create_api_key", "ann", "--name", "tests").split()[-1]
    answers_slowly_once(models)
    with httpx2.Client(
        base_url=installation.address, headers={"Authorization": f"Bearer {key}"}, timeout=60, trust_env=False
    ) as client:
        web = installation.start("web")
        installation.wait_for(installation.answers)
        run, seen = first_words(client, installation)
        installation.kill(web)
        installation.sql("update agents_run set heartbeat_at = now() - interval '5 minutes'")

        installation.start("web")
        installation.wait_for(installation.answers)
        with client.stream("GET", f"/api/v1/runs/{run}/events") as response:
            told = list(events(response))
    assert told[-1][0] == "finished"
    assert told[: len(seen)] == seen  # what its reader had already is what everybody gets
    answer = str(told[-1][1]["answer"])
    assert "eleven days" in answer
    assert answer.count("eleven days") == 1
    assert "whole days" in answer
