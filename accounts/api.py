"""Who is asking: the API's bearer keys; and the error that every part of the API answers with."""

from typing import Any

from django.http import HttpRequest
from ninja import Field, Schema
from ninja.security import HttpBearer

from accounts.api_keys import person_of_key
from accounts.models import Person


class Problem(Schema):
    """What is wrong, for programs and for people."""

    code: str = Field(description="A word that stays the same in every language and version.")
    message: str = Field(description="A sentence that says what to do, in the language of `Accept-Language`.")


class KeyAuth(HttpBearer):
    """`Authorization: Bearer <key>`; the key's person becomes `request.auth`."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        return person_of_key(token.strip())


class PersonOut(Schema):
    id: int
    username: str
    name: str
    groups: list[str]
    is_admin: bool


def asker(request: HttpRequest) -> Person:
    """The person whose key came with the request."""
    person = request.auth  # type: ignore[attr-defined]
    assert isinstance(person, Person)
    return person


def person_out(person: Person) -> dict[str, Any]:
    """A person as `PersonOut` shows them."""
    return {
        "id": person.pk,
        "username": person.username,
        "name": str(person),
        "groups": list(person.groups.order_by("name").values_list("name", flat=True)),
        "is_admin": person.is_superuser,
    }
