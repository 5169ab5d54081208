"""Routes × roles × somebody else's objects: bob reaches nothing of alice's, and cannot tell that it is there.

Alice is in the group People, who read `people_files`; Bob is not. Every address of the application stands in one of the
tables below; a new one that does not makes `test_every_address_has_its_rights_written_down` fail.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import ApiKey, Person
from agents import runs
from agents.events import Surveyed, SurveyRow, to_data
from agents.models import Event as StoredEvent
from agents.models import Run, ToolServer
from agents.models_unanswered import Unanswered
from agents.shares import share
from kb.access import acting_as_system
from kb.documents import add_document
from kb.evaluation_sets import keep_question
from kb.ingest import work_next
from kb.models import DocumentVersion
from kb.models_evaluation import EvaluationRun
from kb.models_sources import Source
from tests.api.asking import content_of
from tests.llm.scripted import text
from tests.world import CANARY, World

PDF = Path(__file__).resolve().parents[1] / "samples" / "handbook.pdf"
JSON = "application/json"

# Addresses about alice's documents: bob gets 404 with every method.
DOCUMENTS: dict[str, tuple[str, ...]] = {
    "api/v1/collections/<collection_id>": ("GET", "DELETE"),
    "api/v1/collections/<collection_id>/documents": ("GET", "POST"),
    "api/v1/documents/<document_id>": ("GET", "PATCH", "DELETE"),
    "api/v1/documents/<document_id>/changes": ("GET",),
    "api/v1/collections/<collection_id>/sync": ("POST",),
    "api/v1/collections/<collection_id>/sync/finish": ("POST",),
    "api/v1/documents/<document_id>/versions": ("GET",),
    "api/v1/documents/<document_id>/versions/<number>": ("PATCH",),
    "api/v1/documents/<document_id>/differences": ("GET",),
    "api/v1/documents/<document_id>/report": ("GET",),
    "api/v1/documents/<document_id>/tables": ("GET",),
    "api/v1/documents/<document_id>/passages/<passage_id>": ("POST",),
    "api/v1/documents/<document_id>/file": ("GET", "PUT"),
    "api/v1/documents/<document_id>/retry": ("POST",),
    "api/v1/documents/<document_id>/cancel": ("POST",),
    "documents/<int:collection_id>/": ("GET",),
    "documents/<int:collection_id>/upload/": ("POST",),
    "documents/d/<int:pk>/": ("GET", "POST"),
    "documents/d/<int:pk>/edit/": ("POST",),
    "documents/d/<int:pk>/versions/<int:number>/": ("POST",),
    "documents/d/<int:pk>/differences/": ("GET",),
    "documents/d/<int:pk>/report/": ("GET",),
    "documents/d/<int:pk>/questions/": ("GET",),
    "documents/d/<int:pk>/passages/<int:passage_id>/": ("POST",),
    "documents/d/<int:pk>/notes/": ("POST",),
    "api/v1/documents/<document_id>/notes": ("POST",),
    "sources/<int:version_id>/": ("GET",),
    "sources/<int:version_id>/file/": ("GET",),
    "pages/<int:version_id>/<int:number>.png": ("GET",),
}
# Addresses about alice's own questions, conversations and keys: nobody else gets anything, the admin neither.
PERSONAL: dict[str, tuple[str, ...]] = {
    "api/v1/runs/<run_id>": ("GET",),
    "api/v1/runs/<run_id>/events": ("GET",),
    "api/v1/runs/<run_id>/cancel": ("POST",),
    "api/v1/runs/<run_id>/keep": ("POST",),
    "api/v1/runs/<run_id>/rows.csv": ("GET",),
    "api/v1/runs/<run_id>/feedback": ("POST",),
    "api/v1/conversations/<conversation_id>/export": ("GET",),
    "c/<uuid:conversation_id>/": ("GET",),
    "c/<uuid:conversation_id>/export.<str:kind>": ("GET",),
    "runs/<uuid:run_id>/events": ("GET",),
    "runs/<uuid:run_id>/cancel/": ("POST",),
    "runs/<uuid:run_id>/keep/": ("POST",),
    "runs/<uuid:run_id>/rows.csv": ("GET",),
    "runs/<uuid:run_id>/feedback/": ("POST",),
    "runs/<uuid:run_id>/regenerate/": ("POST",),
    "runs/<uuid:run_id>/edit/": ("POST",),
    "c/<uuid:conversation_id>/attachments/": ("GET",),
    "c/<uuid:conversation_id>/attachments/<int:document_id>/remove/": ("POST",),
    "api/v1/conversations/<conversation_id>": ("DELETE",),
    "api/v1/conversations/<conversation_id>/attachments": ("GET", "POST"),
    "api/v1/conversations/<conversation_id>/attachments/<document_id>": ("DELETE",),
    "c/<uuid:conversation_id>/show/": ("POST",),
    "keys/<int:pk>/revoke/": ("POST",),
    "c/<uuid:conversation_id>/delete/": ("POST",),
    "c/<uuid:conversation_id>/share/": ("GET",),
    "runs/<uuid:run_id>/share/": ("GET", "POST"),
    "runs/<uuid:run_id>/share/readers/": ("POST",),
    "shared/<uuid:share_id>/revoke/": ("POST",),
    "shared/<uuid:share_id>/": ("GET",),
    "api/v1/shares/<share_id>": ("GET", "DELETE"),
}
# Addresses for administrators: everybody else gets 404, whether there is something or not.
ADMINISTRATORS: dict[str, tuple[str, ...]] = {
    "unanswered/": ("GET",),
    "unanswered/<int:pk>/": ("POST",),
    "api/v1/unanswered": ("GET",),
    "api/v1/unanswered/<question_id>": ("PATCH",),
    "api/v1/unanswered/<question_id>/ask": ("POST",),
    "documents/search/": ("GET",),  # for staff as well, over what they may read
    "documents/search/keep/": ("POST",),
    "feedback/": ("GET",),
    "overview/": ("GET",),
    "audit/": ("GET",),
    "api/v1/audit": ("GET",),
    "api/v1/audit/export": ("GET",),
    "overview/<str:what>.csv": ("GET",),
    "api/v1/evaluation-sets": ("GET",),
    "api/v1/evaluation-questions": ("POST",),
    "api/v1/evaluation-sets/<set_id>/runs": ("GET", "POST"),
    "api/v1/evaluation-runs/<evaluation_id>": ("GET",),
    "api/v1/evaluation-runs/<evaluation_id>/cancel": ("POST",),
    "api/v1/evaluation-runs/<evaluation_id>/resume": ("POST",),
    "documents/evaluation/": ("GET", "POST"),
    "documents/evaluation/<int:set_id>/": ("GET",),
    "documents/evaluation/<int:set_id>/act/": ("POST",),
    "documents/evaluation/<int:set_id>/questions.jsonl": ("GET",),
    "documents/evaluation/runs/<int:evaluation_id>/": ("GET",),
    "documents/evaluation/runs/<int:evaluation_id>/act/": ("POST",),
    "people/": ("GET",),
    "people/<int:pk>/": ("GET",),
    "embedding/": ("GET",),
    "embedding/act/": ("POST",),
    "api/v1/embedding-models": ("GET",),
    "api/v1/embedding-models/<model_id>": ("DELETE",),
    "api/v1/embedding-models/<model_id>/switch": ("POST",),
    "documents/sources/": ("GET",),
    "documents/sources/new/": ("GET", "POST"),
    "documents/sources/<int:source_id>/": ("GET",),
    "documents/sources/<int:source_id>/edit/": ("GET", "POST"),
    "documents/sources/<int:source_id>/act/": ("POST",),
    "api/v1/sources": ("GET", "POST"),
    "api/v1/sources/<source_id>": ("GET", "PATCH", "DELETE"),
    "api/v1/sources/<source_id>/<action>": ("POST",),
    "tool-servers/": ("GET",),
    "tool-servers/new/": ("GET", "POST"),
    "tool-servers/<int:pk>/": ("GET", "POST"),
    "tool-servers/<int:pk>/act/": ("POST",),
    "api/v1/tool-servers": ("GET", "POST"),
    "api/v1/tool-servers/<server_id>": ("GET", "PUT", "DELETE"),
    "api/v1/tool-servers/<server_id>/look": ("POST",),
    "api/v1/tool-servers/<server_id>/tools": ("PUT",),
}
# Addresses that name nobody's object. What they show is what the asker may read (test_canary.py).
SIGNED_IN = {
    "", "ask/", "attach/", "shared/", "api/v1/shares", "keys/", "models/", "thinking-left/", "documents/",
    "documents/new/", "documents/progress/",
    "documents/bulk/",
    "api/v1/me", "api/v1/conversations", "api/v1/collections", "api/v1/search", "api/v1/ask", "api/v1/tables/query",
    "v1/models", "v1/models/<str:name>", "v1/chat/completions",
}  # fmt: skip
OPEN = {
    "healthz", "readyz", "metrics", "favicon.ico", "sign-in/", "sign-out/", "language/",
    "api/v1/", "api/v1/docs", "api/v1/openapi.json",
}  # fmt: skip
# allauth's pages are about whoever is signed in; Django's admin is for the staff.
ACCOUNT, ADMIN = "account/", "admin/"


def addresses(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern)
        else:
            yield from addresses(pattern, prefix + str(pattern.pattern))


def test_every_address_has_its_rights_written_down() -> None:
    known = {*DOCUMENTS, *PERSONAL, *ADMINISTRATORS, *SIGNED_IN, *OPEN}
    new = {one for one in addresses() if one not in known and not one.startswith((ACCOUNT, ADMIN))}
    assert not new, f"Write into a table of {__name__} who may reach these addresses: {sorted(new)}"
    gone = known - set(addresses())
    assert not gone, f"These addresses are no more; take them out of the tables: {sorted(gone)}"


@dataclass
class Target:
    """Alice's objects, as the parameters of addresses."""

    world: World
    run: Run
    values: dict[str, Any]

    def path(self, pattern: str) -> str:
        place = pattern.partition("/")[0]
        kinds = {"keys": "key", "tool-servers": "server_id", "unanswered": "question_id", "people": "person_id"}
        values = self.values | {"pk": self.values[kinds.get(place, "document_id")]}
        if pattern.endswith("rows.csv"):
            values |= {"run_id": values["survey_id"]}
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values[found[1]]), pattern)


@pytest.fixture(scope="module")
def target(_world: World) -> Target:
    """A PDF on alice's shelf, and an answer of hers that quotes it."""
    world = _world
    with PDF.open("rb") as file:
        document = add_document(
            world.shelves["people_files"], "pay.pdf", file, by=world.people["admin"], title=f"Pay {CANARY}"
        )
    while work_next():
        pass
    with acting_as_system():
        version = DocumentVersion.objects.get(document=document)
        passage = version.passages.values_list("pk", flat=True)[0]
    assert version.state == "ready"
    run = ended(world, "alice", f"The code word is {CANARY} [1].")
    with acting_as_system():
        source = Source.objects.create(collection=document.collection, kind="url", name=CANARY, settings={"url": "x"})
        question = keep_question(CANARY, "What is the code word?", {document.pk: 1}, by=world.people["admin"])
        evaluation = EvaluationRun.objects.create(set=question.set, by=world.people["admin"])
    server = ToolServer.objects.create(name=CANARY, url="https://desk.example.com/mcp")
    values = {
        "source_id": source.pk,
        "set_id": question.set_id,
        "evaluation_id": evaluation.pk,
        "server_id": server.pk,
        "action": "pause",
        "what": "tokens",
        "model_id": 1,
        "person_id": world.people["alice"].pk,
        "kind": "md",
        "collection_id": document.collection_id,
        "document_id": document.pk,
        "version_id": version.pk,
        "passage_id": passage,
        "number": 1,
        "run_id": run.pk,
        "survey_id": surveyed(run).pk,
        "question_id": Unanswered.objects.create(run=run, person=run.person, question=CANARY, verdict="uncited").pk,
        "conversation_id": run.conversation_id,
        "share_id": share(run, by=run.person, people=[Person.objects.create_user("dora").pk]).pk,
        "key": ApiKey.objects.get(person=world.people["alice"]).pk,
    }
    return Target(world, run, values)


def ended(world: World, name: str, answer: str) -> Run:
    """A run of somebody's, from the question to its end."""
    world.models.enqueue(text(answer))
    with world.http(name) as http:
        body = {"question": "What is the code word of the people files?", "mode": "fast"}
        response = http.post("/api/v1/ask", json=body)
        assert response.status_code == 200, response.text
    return Run.objects.get(pk=response.json()["run"])


def surveyed(run: Run) -> Run:
    """A finished check of every document, asked for by the same person."""
    survey = Run.objects.create(
        person=run.person, conversation=run.conversation, question="Which?", road="exhaustive", state="finished"
    )
    row = SurveyRow(1, 1, "unclear", title=CANARY)
    event = Surveyed(checked=1, total=1, rows=(row,), complete=True)
    StoredEvent.objects.create(run=survey, seq=1, kind=event.kind, data=to_data(event))
    return survey


def body_of(path: str, method: str) -> dict[str, Any]:
    if "/tool-servers" in path and path.startswith("/api/"):
        body = {"name": "x", "url": "https://example.com/mcp", "enabled": True}
        return {"data": body, "content_type": JSON} if method in ("POST", "PUT") else {}
    if method == "PUT":
        data = encode_multipart(BOUNDARY, {"file": SimpleUploadedFile("new.md", b"# New")})
        return {"data": data, "content_type": MULTIPART_CONTENT}
    if method == "POST" and ("upload" in path or path.endswith(("/documents", "/attachments"))):
        return {"data": {"files": SimpleUploadedFile("new.md", b"# New")}}
    if path.endswith("/sources") and method == "POST":
        body = {"collection": 1, "kind": "url", "name": "x", "settings": {"url": "https://example.com"}}
        return {"data": body, "content_type": JSON}
    if path.endswith("/sync"):
        return {"data": {"documents": []}, "content_type": JSON}
    if path.endswith("/sync/finish"):
        return {"data": {"sync": 1}, "content_type": JSON}
    if method == "POST" and "documents/d/" in path and "/passages/" not in path:
        return {"data": {"file": SimpleUploadedFile("new.md", b"# New")}}
    if path.endswith("/evaluation-questions"):
        return {"data": {"set": "Mine", "question": "What?"}, "content_type": JSON}
    if path.startswith("/api/") and path.endswith("/runs"):
        return {"data": {}, "content_type": JSON}
    if path.endswith("/notes"):
        return {"data": {"text": "Mine"}, "content_type": JSON}
    if "/passages/" in path:
        return {"data": {"enabled": False}, "content_type": JSON} if path.startswith("/api/") else {}
    if method == "PATCH" and "unanswered" in path:
        return {"data": {"state": "answered"}, "content_type": JSON}
    if method == "PATCH":
        return {"data": {"title": "Mine", "effective_from": "2020-01-01"}, "content_type": JSON}
    if path.endswith("/feedback"):
        return {"data": {"helped": False}, "content_type": JSON}
    return {"data": {"helped": "yes"}} if "feedback" in path else {}


def asked(target: Target, name: str, pattern: str, method: str) -> tuple[int, bytes]:
    """Status and content of alice's object, asked for by somebody."""
    path = target.path(pattern)
    client = target.world.api(name) if path.startswith(("/api/", "/v1/")) else target.world.browser(name)
    response = getattr(client, method.lower())(path, **body_of(path, method))
    return response.status_code, content_of(response)


def cases(table: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(pattern, method) for pattern, methods in table.items() for method in methods]


@pytest.mark.parametrize(("pattern", "method"), cases(DOCUMENTS | PERSONAL))
def test_a_stranger_finds_nothing(target: Target, pattern: str, method: str) -> None:
    status, content = asked(target, "bob", pattern, method)
    assert status == 404
    assert CANARY.encode() not in content
    absent = re.sub(rb"\d+", b"", content)
    values = {name: 987_654 if isinstance(value, int) else value for name, value in target.values.items()}
    values |= {
        "run_id": "00000000-0000-4000-8000-000000000000",
        "survey_id": "00000000-0000-4000-8000-000000000000",
        "conversation_id": "00000000-0000-4000-8000-000000000000",
        "share_id": "00000000-0000-4000-8000-000000000000",
    }
    nothing = Target(target.world, target.run, values)
    status, content = asked(nothing, "bob", pattern, method)
    assert status == 404
    assert re.sub(rb"[\da-f-]+", b"", content) == re.sub(rb"[\da-f-]+", b"", absent) or "/api/" not in pattern


@pytest.mark.parametrize(("pattern", "method"), cases(DOCUMENTS | PERSONAL))
def test_nobody_without_an_account_finds_anything(target: Target, pattern: str, method: str) -> None:
    status, content = asked(target, "nobody", pattern, method)
    assert status in (302, 401, 403)
    assert CANARY.encode() not in content


@pytest.mark.parametrize(("pattern", "method"), cases(PERSONAL))
def test_an_admin_reads_nobody_elses_questions(target: Target, pattern: str, method: str) -> None:
    status, content = asked(target, "admin", pattern, method)
    assert status == 404
    assert CANARY.encode() not in content


@pytest.mark.parametrize(("pattern", "method"), cases(ADMINISTRATORS))
def test_sources_are_for_administrators(target: Target, pattern: str, method: str) -> None:
    for name, expected in (("nobody", (302, 401, 403)), ("bob", (404,)), ("alice", (404,))):
        status, content = asked(target, name, pattern, method)
        assert status in expected
        assert CANARY.encode() not in content
    if method == "GET":
        assert asked(target, "admin", pattern, method)[0] == 200


@pytest.mark.parametrize(
    "pattern", [pattern for pattern, methods in (DOCUMENTS | PERSONAL).items() if "GET" in methods]
)
def test_readers_reach_their_own(target: Target, pattern: str) -> None:
    """The other tests could not fail if nobody reached these."""
    status, content = asked(target, "alice", pattern, "GET")
    assert status == 200
    assert content
    if pattern in DOCUMENTS:
        assert asked(target, "admin", pattern, "GET")[0] == 200


@pytest.mark.parametrize(("pattern", "method"), [case for case in cases(DOCUMENTS) if case[1] != "GET"])
def test_readers_change_nothing(target: Target, pattern: str, method: str) -> None:
    path = target.path(pattern)
    before = document_state(target)
    status, _content = asked(target, "alice", pattern, method)
    assert status in ((403,) if path.startswith("/api/") else (302, 403, 422))
    assert document_state(target) == before


def document_state(target: Target) -> list[tuple[Any, ...]]:
    with acting_as_system():
        versions = DocumentVersion.objects.filter(document__collection=target.values["collection_id"])
        return list(versions.order_by("pk").values_list("pk", "state", "sha256"))


@pytest.mark.parametrize("name", ["nobody", "bob", "alice"])
def test_the_admins_pages_are_for_the_staff(world: World, name: str) -> None:
    client = world.browser(name)
    for address in addresses():
        if address.startswith(ADMIN) and "^" not in address and "(" not in address:
            path = "/" + re.sub(r"<[^>]+>", "1", address)
            response = client.get(path)
            assert response.status_code in (302, 403, 404), path
            assert CANARY.encode() not in response.content


@pytest.mark.parametrize("address", sorted(SIGNED_IN))
def test_nothing_is_shown_to_nobody(world: World, address: str) -> None:
    path = "/" + address.replace("<str:name>", "zhinang-fast")
    for method in ("get", "post"):
        response = getattr(Client(), method)(path, content_type=JSON) if method == "post" else Client().get(path)
        assert response.status_code in (302, 401, 405), (method, path)
        if response.status_code == 302:
            assert response.headers["Location"].startswith(("/sign-in/", "/account/login/"))


def test_foreign_ids_in_bodies_are_no_way_in(target: Target) -> None:
    bob, values = target.world.api("bob"), target.values
    for body in ({"collections": [values["collection_id"]]}, {"documents": [values["document_id"]]}):
        found = bob.post("/api/v1/search", {"query": "code word", **body}, content_type=JSON)
        assert found.json()["hits"] == []
    for table in (CANARY, values["document_id"], "people_files"):
        query = {"sql": f'select * from "{table}"', "collections": [values["collection_id"]]}
        refused = bob.post("/api/v1/tables/query", query, content_type=JSON)
        assert refused.status_code == 422
        assert "190,000" not in refused.text
    question = {"question": "What is the code word?", "conversation": str(values["conversation_id"])}
    assert bob.post("/api/v1/ask", question, content_type=JSON).status_code == 404
    for place in ("follows", "edits"):
        question = {"question": "What is the code word?", place: str(values["run_id"])}
        assert bob.post("/api/v1/ask", question, content_type=JSON).status_code == 404
    shared = {"run": str(values["run_id"]), "people": ["bob"]}
    assert bob.post("/api/v1/shares", shared, content_type=JSON).status_code == 404
    narrowed = {"question": "What is the code word?", "collections": [values["collection_id"]]}
    assert bob.post("/api/v1/ask", narrowed, content_type=JSON).status_code == 404
    page = target.world.browser("bob")
    asked = page.post("/ask/", {"question": "What?", "conversation": str(values["conversation_id"])})
    assert asked.status_code == 404
    before = document_state(target)
    page.post("/documents/bulk/", {"action": "delete", "confirmed": "1", "document": [values["document_id"]]})
    assert document_state(target) == before
    assert CANARY.encode() not in page.get(f"/documents/progress/?id={values['document_id']}").content


def test_leaving_a_group_counts_from_the_next_request(target: Target) -> None:
    world = target.world
    alice = world.people["alice"]
    api, page = world.api("alice"), world.browser("alice")
    reading = [
        target.path(pattern)
        for pattern, methods in DOCUMENTS.items()
        if "GET" in methods and pattern.endswith(("file/", "/file", "/")) and "upload" not in pattern
    ]
    reading += [target.path("pages/<int:version_id>/<int:number>.png"), target.path("api/v1/documents/<document_id>")]

    def statuses() -> set[int]:
        return {(api if path.startswith("/api/") else page).get(path).status_code for path in reading}

    groups = list(alice.groups.all())
    assert statuses() == {200}
    alice.groups.clear()
    try:
        assert statuses() == {404}
        found = api.post("/api/v1/search", {"query": "code word"}, content_type=JSON).json()
        assert CANARY not in str(found)
        world.models.reset()
        again = runs.regenerate(target.run)
        world.models.enqueue(text("The documents do not answer this."))
        with world.http("alice") as http:
            http.get(f"/api/v1/runs/{again.pk}/events")
        assert world.models.chats()
        assert "190,000" not in str(world.models.chats())
    finally:
        alice.groups.set(groups)
    assert statuses() == {200}
