"""Who is asking: the API's bearer keys; and the error that every part of the API answers with."""

from typing import Any

from django.http import HttpRequest
from ninja import Field, Schema
from ninja.security import HttpBearer

from accounts.api_keys import person_of_key
from accounts.models import KeyScope, Person


class Problem(Schema):
    """What is wrong, for programs and for people."""

    code: str = Field(description="A word that stays the same in every language and version.")
    message: str = Field(description="A sentence that says what to do, in the language of `Accept-Language`.")


class KeyAuth(HttpBearer):
    """`Authorization: Bearer <key>`; the key's person becomes `request.auth`.

    An operation needs the scope that its own `KeyAuth`, or its router's, names. Where none is named, GET needs `read`
    and everything else `write`, so that nothing new is open to a key that may only read.
    """

    def __init__(self, scope: KeyScope | None = None) -> None:
        super().__init__()
        self._scope = scope

    def needed(self, method: str) -> KeyScope:
        """The scope that a request needs."""
        return self._scope or (KeyScope.READ if method in ("GET", "HEAD") else KeyScope.WRITE)

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        return person_of_key(token.strip(), self.needed(request.method or ""))


ASKING = KeyAuth(KeyScope.READ)
"""For what is sent with POST and changes nothing but the person's own questions."""
WRITING = KeyAuth(KeyScope.WRITE)
ADMINISTRATION = KeyAuth(KeyScope.ADMIN)


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
