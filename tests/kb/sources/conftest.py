"""A web server on this machine, which sources may be fetched from here, and sources of the handbook."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.models import Person
from kb.models import Collection
from kb.models_sources import Source
from kb.sources.verbs import create_source
from tests.kb.sources.following import Make
from tests.kb.web import Web, web_server


@pytest.fixture(autouse=True)
def _loopback(settings: Settings, tmp_path: Path) -> None:
    settings.FETCH_ALLOWED = ["127.0.0.1"]
    settings.SOURCE_FOLDERS = [str(tmp_path)]


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as web:
        yield web


@pytest.fixture
def make(handbook: Collection, admin: Person) -> Make:
    """A new source of the handbook."""

    def make(kind: str, name: str = "Source", every_minutes: int = 60, **settings: str) -> Source:
        return create_source(handbook, kind, name, settings, by=admin, every_minutes=every_minutes)

    return make
