"""What a key may do: every operation of the API's description, with keys of each scope."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.api_keys import create_api_key
from accounts.models import ApiKey, KeyScope, Person
from config.api import api as description

ASKS = {
    "search",
    "query",
    "ask",
    "cancel_run",
    "keep_quick",
    "give_feedback",
    "begin_conversation",
    "attach_files",
}
"""What is sent with POST and changes nothing but the person's own questions."""


def operations() -> Iterator[tuple[str, str, str, str]]:
    """Method, address, name and the scope that is needed, of every operation."""
    for path, methods in description.get_openapi_schema()["paths"].items():
        for method, operation in methods.items():
            (needed,) = operation["security"][0]["KeyAuth"]
            given = {one["name"]: one["schema"] for one in operation["parameters"] if one["in"] == "path"}
            address = path.format(**{name: _sample(schema) for name, schema in given.items()})
            yield method, address, operation["operationId"], needed


def _sample(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return str(schema["enum"][0])
    return "00000000-0000-4000-8000-000000000000" if schema.get("format") == "uuid" else "999999"


def sent(person: Person, scope: KeyScope, method: str, address: str, language: str = "en") -> Any:
    key = create_api_key(person, "test", scope)
    client = Client(headers={"Authorization": f"Bearer {key}", "Accept-Language": language})
    return client.generic(method.upper(), address, b"{}", content_type="application/json")


def lacks_scope(response: Any) -> bool:
    return bool(response.status_code == 403 and response.json()["error"]["code"] == "scope")


def test_only_asking_is_sent_by_post_to_what_a_reading_key_may_do() -> None:
    changing = {name for method, _address, name, needed in operations() if method != "get" and needed == "read"}
    assert changing == ASKS


@pytest.mark.parametrize("scope", KeyScope)
def test_every_operation_asks_for_the_scope_that_it_names(admin: Person, scope: KeyScope) -> None:
    tried = list(operations())
    assert len(tried) > 50
    for method, address, name, needed in tried:
        response = sent(admin, scope, method, address)
        assert lacks_scope(response) == (not scope.covers(KeyScope(needed))), (name, scope, response.status_code)


def test_a_reading_key_is_told_what_to_do(admin: Person) -> None:
    address = "/api/v1/documents/999999"
    english = sent(admin, KeyScope.READ, "delete", address).json()["error"]["message"]
    assert english == (
        "This key was made with the scope “read”, and this needs “write”. Make a key with that scope under “API keys”, "
        "and send it instead."
    )
    assert "“write”" in sent(admin, KeyScope.READ, "delete", address, "zh-hans").json()["error"]["message"]


def test_nothing_is_deleted_or_made_by_a_key_that_may_only_read(admin: Person) -> None:
    assert lacks_scope(sent(admin, KeyScope.READ, "post", "/api/v1/collections"))
    assert lacks_scope(sent(admin, KeyScope.WRITE, "get", "/api/v1/audit"))


def test_a_reading_key_opens_the_other_doors(admin: Person) -> None:
    assert sent(admin, KeyScope.READ, "get", "/v1/models").status_code == 200


def test_a_key_made_before_scopes_keeps_all_rights(admin: Person) -> None:
    ApiKey.objects.create(person=admin, name="old", prefix="zn-old", digest="0" * 64)
    assert ApiKey.objects.get(name="old").scope == "admin"
