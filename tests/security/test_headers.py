"""Headers, cookies and what is kept out of caches and logs, on every kind of answer."""

import logging
from typing import Any

import httpx2
import pytest
from django.test import Client, override_settings

from tests.api.asking import good
from tests.world import CANARY, World

NOBODY = "00000000-0000-4000-8000-000000000000"
PATHS = [
    "/", "/sign-in/", "/documents/", "/keys/", "/nothing/", "/admin/", "/healthz", "/readyz", "/metrics",
    "/api/v1/me", "/api/v1/docs", "/api/v1/openapi.json", "/api/v1/nothing", f"/api/v1/runs/{NOBODY}",
    "/v1/models", "/v1/nothing", "/mcp",
]  # fmt: skip


@pytest.mark.parametrize("name", ["nobody", "bob"])
@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_protected(world: World, path: str, name: str) -> None:
    with world.http(name) as http:
        protected(http.get(path))


def protected(response: httpx2.Response) -> None:
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response.headers["Cache-Control"]
    assert "private" in response.headers["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in response.headers


def test_streams_are_protected(world: World) -> None:
    world.models.otherwise = good()
    question = {"question": "How many days of annual leave?", "mode": "fast"}
    with world.http("bob") as http:
        stream = http.post("/api/v1/ask", json={**question, "stream": True})
        protected(stream)
        protected(http.get(f"/api/v1/runs/{stream.headers['X-Run']}/events"))
        chat = {"model": "zhinang-fast", "stream": True, "messages": [{"role": "user", "content": "Days of leave?"}]}
        protected(http.post("/v1/chat/completions", json=chat))


def test_errors_are_protected(world: World) -> None:
    with override_settings(ALLOWED_HOSTS=["zhinang.example.com"]):
        for path in ("/", "/api/v1/me", "/v1/models"):
            with world.http("bob") as http:
                response = http.get(path)
            assert response.status_code == 400
            protected(response)
    with world.http("bob") as http:
        protected(http.post("/api/v1/search", content=b"{"))
        protected(http.post("/ask/"))


@pytest.mark.parametrize("path", ["/sources/{version}/file/", "/api/v1/documents/{document}/file"])
def test_files_are_downloads_in_a_sandbox(world: World, path: str) -> None:
    document = world.documents["leave"]
    path = path.format(version=document.current_version_id, document=document.pk)
    client = world.api("bob") if path.startswith("/api") else world.browser("bob")
    response = client.get(path)
    assert response.status_code == 200
    assert response.headers["Content-Disposition"].startswith("attachment;")
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/ask/", "/keys/", "/sign-out/", "/language/", "/documents/bulk/", "/sign-in/"])
def test_forms_of_other_sites_are_refused(world: World, path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.people["bob"])
    assert client.post(path, {"question": "x", "name": "x", "language": "en"}).status_code == 403


def test_a_key_is_no_session_and_a_session_no_key(world: World) -> None:
    assert world.browser("bob").get("/api/v1/me").status_code == 401
    assert world.browser("bob").get("/v1/models").status_code == 401
    assert world.api("bob").get("/keys/").status_code == 302


def test_cookies_are_out_of_reach_of_scripts(world: World) -> None:
    client = Client()
    client.post("/sign-in/", {"login": "bob", "password": "a good password"})
    cookie = client.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_secrets_and_contents_stay_out_of_logs(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.models.otherwise = good()
    with caplog.at_level(logging.DEBUG), world.http("alice") as http:
        http.post("/api/v1/ask", json={"question": f"What is {CANARY}?", "mode": "fast"})
        http.post("/api/v1/search", json={"query": CANARY})
        http.get("/api/v1/nothing")
    with caplog.at_level(logging.DEBUG), world.http("bob", Authorization="Bearer zn-wrong-but-secret") as http:
        http.get("/api/v1/me")
        http.get("/mcp")
    ours = [record for record in caplog.records if record.name.split(".")[0] in OURS]
    said = "\n".join(record.getMessage() for record in ours)
    for secret in (world.keys["alice"], "zn-wrong-but-secret", "sk-test-secret", "a good password", CANARY):
        assert secret not in said


OURS: Any = ("accounts", "agents", "config", "kb", "llm", "django.request", "django", "uvicorn", "mcp")
