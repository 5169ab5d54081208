"""The API as programs see it: through Django's own client, and where it streams, over HTTP from a real server."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.api_keys import create_api_key
from accounts.models import Person
from tests.agents.conftest import scripted
from tests.world import _database, _world, site, world

__all__ = ["_database", "_world", "scripted", "site", "world"]

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
