"""The API as programs see it: through Django's own client, and where it streams, over HTTP from a real server."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from accounts.api_keys import create_api_key
from accounts.models import Person
from tests.agents.conftest import add_document, library, scripted
from tests.serving import served

__all__ = ["add_document", "library", "scripted"]

KeyOf = Callable[[Person], str]
ClientOf = Callable[..., Client]


@pytest.fixture
def key_of(db: None) -> KeyOf:
    """A new API key of somebody."""
    return lambda person: create_api_key(person, "test")


@pytest.fixture
def api(key_of: KeyOf) -> ClientOf:
    """A client that sends somebody's key: `api(bob)`, `api(bob, language="zh-hans")`."""

    def client(person: Person, language: str = "en") -> Client:
        return Client(headers={"Authorization": f"Bearer {key_of(person)}", "Accept-Language": language})

    return client


@pytest.fixture(scope="session")
def _site() -> Iterator[str]:
    from config.asgi import application

    with served(application) as url:
        yield url


@pytest.fixture
def site(transactional_db: None, _site: str) -> str:
    """The address of a real server with the whole application, over the test's database."""
    return _site
