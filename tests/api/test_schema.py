"""The API's own description: valid, complete, shown without the network, and true under generated requests."""

import re
from typing import Any

import httpx2
import pytest
import schemathesis
from django.conf import settings
from django.contrib.staticfiles import finders
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from accounts.models import KeyScope
from config.api import api
from tests.api.asking import good
from tests.world import World

CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]
# Deleting what the other requests need would leave little to be tested.
SAFE = r"^(?!delete|replace).*"


def test_the_description_is_complete() -> None:
    schema = api.get_openapi_schema()
    operations = [
        (path, method, operation) for path, methods in schema["paths"].items() for method, operation in methods.items()
    ]
    names = [operation["operationId"] for _path, _method, operation in operations]
    assert len(names) == len(set(names)) >= 17
    for path, method, operation in operations:
        assert operation["summary"], (path, method)
        assert operation["tags"], (path, method)
        assert 401 in operation["responses"], (path, method)
        assert ("{" in path) <= (404 in operation["responses"]), (path, method)
        (needed,) = operation["security"][0]["KeyAuth"]
        assert needed in KeyScope.values, (path, method)
        assert (needed != "read") <= (403 in operation["responses"]), (path, method)


def test_the_description_is_openapi(world: World) -> None:
    with world.http("nobody") as http:
        schema = http.get("/api/v1/openapi.json").json()
    assert schema["openapi"].startswith("3.")
    schemathesis.openapi.from_dict(schema).validate()


def test_the_reference_is_shown_without_the_network(world: World) -> None:
    with world.http("nobody") as http:
        page = http.get("/api/v1/docs")
        assert page.status_code == 200
        addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert any("swagger-ui-bundle" in address for address in addresses)
        for address in addresses:
            assert address.startswith("/static/"), address
            assert finders.find(address.removeprefix("/static/")), address
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    inline = re.findall(r"<script(?![^>]*(?:src=|application/json))[^>]*>", page.text)
    assert not inline
    assert settings.STATIC_URL


@pytest.fixture
def described(world: World) -> Any:
    """The description, bound to the real server, with the admin's key."""
    world.models.otherwise = good()
    schema = schemathesis.openapi.from_url(f"{world.site}/api/v1/openapi.json")
    schema.config.update(headers=world.bearer("admin"))
    return schema.include(operation_id_regex=SAFE)


def test_generated_requests_meet_no_fault_and_nothing_undescribed(described: Any) -> None:
    tried = [requests_of(result.ok()) for result in described.get_all_operations()]
    assert len(tried) >= 14
    assert sum(tried) >= 60


def requests_of(operation: Any) -> int:
    """Send generated requests to an operation and judge the answers; gives how many were sent."""
    sent = []

    @hypothesis_settings(
        max_examples=6,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def generated(case: Any) -> None:
        case.call_and_validate(checks=CHECKS, timeout=20)
        sent.append(case)

    generated()
    return len(sent)


def test_wrong_requests_are_refused(world: World) -> None:
    """By hand, what generators rarely meet."""
    world.models.otherwise = good()
    with world.http("admin") as http:
        requests: list[tuple[str, str, dict[str, Any]]] = [
            ("GET", f"/api/v1/documents/{2**63}", {}),
            ("GET", "/api/v1/documents/-1", {}),
            ("GET", "/api/v1/collections/0/documents?offset=99999999999999999999", {}),
            ("GET", f"/api/v1/collections/{world.shelves['handbook'].pk}/documents?offset={2**62}", {}),
            ("POST", "/api/v1/search", {"content": b'{"query": "\\ud800"}'}),
            ("POST", "/api/v1/search", {"content": b'{"query": "x", "as_of": "0001-01-01"}'}),
            ("POST", "/api/v1/search", {"content": b'{"query": "x", "as_of": "9999-12-31"}'}),
            ("POST", "/api/v1/search", {"content": b'{"query": "\\u0000"}'}),
            ("POST", "/api/v1/search", {"content": b'{"query": ' + b"[" * 100_000}),
            ("POST", "/api/v1/search", {"content": b'{"query": "x", "limit": 1e400}'}),
            ("POST", "/api/v1/collections", {"content": b'{"name": "\\u0000"}'}),
            ("POST", "/api/v1/ask", {"content": b'{"question": "\\u0000"}'}),
            ("POST", "/api/v1/ask", {"content": b'{"question": "\\udfff"}'}),
            ("GET", "/api/v1/runs/x/events", {}),
            ("GET", "/api/v1/%00", {}),
            ("GET", "/api/v1/%ff", {}),
        ]
        for method, path, options in requests:
            response = http.request(method, path, **options)
            assert response.status_code < 500, (method, path, options, response.text[:200])
            if response.status_code >= 400:
                assert described_error(response), (method, path, response.text[:200])


def described_error(response: httpx2.Response) -> bool:
    error = response.json()["error"]
    return bool(error["code"] and error["message"])
