"""Every error has one shape, a right status, and a sentence in the asker's language."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import Person
from kb.models import Collection
from tests.api.conftest import ClientOf

JSON = "application/json"
NOBODY = "00000000-0000-4000-8000-000000000000"


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The error of a response, once its form is checked."""
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"].startswith(JSON)
    body = response.json()
    assert set(body) == {"error"}
    assert body["error"]["code"] == code
    assert body["error"]["message"].endswith((".", "。"))
    return dict(body["error"])


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer zn-unknown"}, {"Authorization": "Basic YTpi"}])
@pytest.mark.parametrize("path", ["/api/v1/me", "/api/v1/collections", f"/api/v1/runs/{NOBODY}/events"])
def test_without_a_valid_key(db: None, path: str, headers: dict[str, str]) -> None:
    response = Client(headers=headers).get(path)
    problem(response, 401, "unauthenticated")
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/collections/999999",
        "/api/v1/collections/999999/documents",
        "/api/v1/documents/999999",
        "/api/v1/documents/99999999999999999999999",
        "/api/v1/documents/999999/file",
        "/api/v1/documents/999999/versions",
        f"/api/v1/runs/{NOBODY}",
        f"/api/v1/runs/{NOBODY}/events",
    ],
)
def test_what_does_not_exist(api: ClientOf, admin: Person, path: str) -> None:
    english = problem(api(admin).get(path), 404, "not_found")
    chinese = problem(api(admin, "zh-hans").get(path), 404, "not_found")
    assert "nothing with this number" in english["message"]
    assert "没有此编号" in chinese["message"]


@pytest.mark.parametrize("path", ["/api/v1/", "/api/v1/nothing", "/api/v1/documents/x"])
def test_an_unknown_address(api: ClientOf, admin: Person, path: str) -> None:
    response = api(admin).get(path)
    assert response.status_code in (404, 422)
    assert response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path"), [("put", "/api/v1/collections"), ("get", "/api/v1/search"), ("delete", "/api/v1/ask")]
)
def test_a_method_that_is_not_offered(api: ClientOf, admin: Person, method: str, path: str) -> None:
    response = getattr(api(admin), method)(path)
    error = problem(response, 405, "method_not_allowed")
    assert method.upper() in error["message"]
    for allowed in response.headers["Allow"].split(", "):
        assert allowed in error["message"]
    chinese = problem(getattr(api(admin, "zh-hans"), method)(path), 405, "method_not_allowed")
    assert "不能使用" in chinese["message"]


def test_head_is_get_without_its_body(api: ClientOf, admin: Person, handbook: Collection) -> None:
    whole = api(admin).get("/api/v1/collections")
    head = api(admin).head("/api/v1/collections")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["Content-Length"] == str(len(whole.content))
    assert api(admin).head("/api/v1/documents/999999").status_code == 404
    assert api(admin).head("/api/v1/search").status_code == 405


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"null", b"[1]", b'"text"'])
def test_a_body_that_is_not_the_json_expected(api: ClientOf, admin: Person, body: bytes) -> None:
    response = api(admin).post("/api/v1/search", body, content_type=JSON)
    assert response.status_code in (400, 422), response.content
    assert response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "field", "english", "chinese"),
    [
        ({}, "query", "missing", "缺少"),
        ({"query": ""}, "query", "at least 1", "至少"),
        ({"query": 5}, "query", "must be a text", "文本"),
        ({"query": "x" * 2001}, "query", "at most 2000", "2000"),
        ({"query": "x", "limit": 0}, "limit", "1 or more", "1"),
        ({"query": "x", "limit": 1000}, "limit", "at most 100", "100"),
        ({"query": "x", "limit": "many"}, "limit", "whole number", "整数"),
        ({"query": "x", "as_of": "yesterday"}, "as_of", "day like", "日期"),
        ({"query": "x", "method": "magic"}, "method", "fused, lexical", "fused"),
        ({"query": "x", "collections": "all"}, "collections", "list", "列表"),
        ({"query": "x", "collections": []}, "collections", "at least 1", "至少"),
        ({"query": "x", "documents": [2**70]}, "documents.0", "at most", "不能大于"),
    ],
)
def test_a_wrong_field_is_named(
    api: ClientOf, admin: Person, body: dict[str, Any], field: str, english: str, chinese: str
) -> None:
    error = problem(api(admin).post("/api/v1/search", body, content_type=JSON), 422, "invalid")
    assert field in [one["field"] for one in error["fields"]]
    assert english in error["message"]
    error = problem(api(admin, "zh-hans").post("/api/v1/search", body, content_type=JSON), 422, "invalid")
    assert chinese in error["message"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"question": ""}, 422),
        ({"question": "  "}, 422),
        ({"question": "x", "mode": "psychic"}, 422),
        ({"question": "x", "conversation": "first"}, 422),
        ({"question": "x", "conversation": NOBODY}, 404),
        ({"question": "x", "collections": [999999]}, 404),
        ({"question": "x" * 20_001}, 422),
    ],
)
def test_a_question_that_cannot_be_asked(api: ClientOf, bob: Person, body: dict[str, Any], status: int) -> None:
    response = api(bob).post("/api/v1/ask", body, content_type=JSON)
    problem(response, status, "invalid" if status == 422 else "not_found")


def test_a_body_that_is_too_large(api: ClientOf, admin: Person) -> None:
    response = api(admin).post("/api/v1/search", {"query": "x" * 3_000_000}, content_type=JSON)
    problem(response, 413, "too_large")


def test_a_damaged_form(api: ClientOf, admin: Person, handbook: Collection) -> None:
    form = "multipart/form-data; boundary="
    url = f"/api/v1/collections/{handbook.pk}/documents"
    problem(api(admin).post(url, b"nothing", content_type=form), 400, "bad_request")


def test_whoever_may_read_may_not_change(api: ClientOf, bob: Person, handbook: Collection) -> None:
    file = SimpleUploadedFile("a.md", b"# A")
    error = problem(api(bob).post(f"/api/v1/collections/{handbook.pk}/documents", {"files": file}), 403, "not_allowed")
    assert "administrator" in error["message"]
    problem(api(bob).delete(f"/api/v1/collections/{handbook.pk}"), 403, "not_allowed")
    problem(api(bob).post("/api/v1/collections", {"name": "Mine"}, content_type=JSON), 403, "not_allowed")


def test_a_fault_of_ours_is_an_error_like_any_other(
    api: ClientOf, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **options: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("kb.search_api.search_as", broken)
    client = api(admin)
    client.raise_request_exception = False
    response = client.post("/api/v1/search", {"query": "x"}, content_type=JSON)
    problem(response, 500, "internal")
    assert b"secret" not in response.content


def test_a_wrong_host(api: ClientOf, admin: Person, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["zhinang.example.com"]
    client = api(admin)
    assert client.get("/api/v1/me", headers={"host": "zhinang.example.com"}).status_code == 200
    assert client.get("/api/v1/me", headers={"host": "evil.example.com"}).status_code == 400
