"""A small company that a whole test module shares: people with keys, two shelves of documents, a scripted model
server, and the whole application behind a real server. Built once, because every test of the API would need it.

Import the fixtures `world` (and `site`, which it needs) into a conftest. Tests that change people's rights change them
back. Other rows may pile up: no test may count what another one might have made.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO

import httpx2
import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import setup_databases, teardown_databases
from pytest_django import DjangoDbBlocker

from accounts.api_keys import create_api_key
from accounts.models import Person
from kb.access import acting_as_system
from kb.documents import About, add
from kb.ingest import work_next
from kb.models import Collection, Document, Scope
from tests.llm.scripted import ScriptedServer
from tests.serving import served

CANARY = "heliotrope"
TEXTS = {
    "leave": (
        "handbook",
        "Leave policy",
        "# Leave policy\n\n## Annual leave\n\nStaff are entitled to 15 days of annual leave a year. "
        "Up to 5 unused days carry over to the next year.\n",
    ),
    "travel": (
        "handbook",
        "Travel policy",
        "# Travel policy\n\n## Hotels\n\nHotels are paid up to 180 euros a night in Berlin.\n",
    ),
    "salaries": (
        "people_files",
        f"Salaries {CANARY}",
        f"# Salaries {CANARY}\n\n## Bands {CANARY}\n\nThe salary of the head of engineering is 190,000 euros. "
        f"The code word of the people files is {CANARY}.\n",
    ),
}


@dataclass
class World:
    """Who and what there is. `admin`, `alice` (People) and `bob` (Engineering) have the keys of their names."""

    site: str
    models: ScriptedServer
    people: dict[str, Person] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    shelves: dict[str, Collection] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)

    def http(self, name: str, **headers: str) -> httpx2.Client:
        """An HTTP client with somebody's key, at the real server."""
        return httpx2.Client(base_url=self.site, headers=self.bearer(name) | headers, timeout=30)

    def api(self, name: str, **headers: str) -> Client:
        """Django's test client with somebody's key."""
        return Client(headers=self.bearer(name) | headers)

    def bearer(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[name]}"} if name in self.keys else {}

    def browser(self, name: str) -> Client:
        """Django's test client with somebody signed in; nobody when there is no such name."""
        client = Client()
        if name in self.people:
            client.force_login(self.people[name])
        return client


@pytest.fixture(scope="session")
def _database(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database, also where no test of the session asks pytest-django for one."""
    made = None
    with django_db_blocker.unblock():
        if not str(connection.settings_dict["NAME"]).startswith("test_"):
            made = setup_databases(verbosity=0, interactive=False)
        yield
        _end_other_sessions()
        if made is not None:
            teardown_databases(made, verbosity=0)


def _end_other_sessions() -> None:
    """The served application's threads may have left connections open, and then the database cannot be dropped."""
    with connection.cursor() as cursor:
        cursor.execute("reset role")
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid() and usename = current_user"
        )
    connection.close()


@pytest.fixture(scope="session")
def site(_database: None) -> Iterator[str]:
    """The address of a real server with the whole application."""
    from config.asgi import application

    with served(application) as url:
        yield url


@pytest.fixture(scope="module")
def _world(site: str, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock(), ScriptedServer() as models, override_settings(MODEL_SERVERS=models.servers()):
        world = World(site, models)
        try:
            _populate(world)
            yield world
        finally:
            call_command("flush", verbosity=0, interactive=False)


@pytest.fixture
def world(_world: World) -> World:
    """The company, with nothing enqueued at the model server."""
    _world.models.reset()
    return _world


def _populate(world: World) -> None:
    groups = {name: Group.objects.create(name=name) for name in ("People", "Engineering")}
    for name, group in {"admin": "", "alice": "People", "bob": "Engineering"}.items():
        person = Person.objects.create_user(name, f"{name}@example.com", "a good password")
        person.is_staff = person.is_superuser = name == "admin"
        person.save()
        person.groups.set([groups[group]] if group else [])
        world.people[name], world.keys[name] = person, create_api_key(person, "test")
    with acting_as_system():
        for name, title in {"handbook": "Handbook", "people_files": f"People files {CANARY}"}.items():
            collection = Collection.objects.create(name=title)
            scope = Scope.objects.create(collection=collection, everyone=name == "handbook")
            scope.groups.set([groups["People"]] if name == "people_files" else [])
            world.shelves[name] = collection
    for name, (shelf, title, text) in TEXTS.items():
        world.documents[name] = _document(world, name, shelf, title, text)
    while work_next():
        pass
    with acting_as_system():
        world.documents = {name: Document.objects.get(pk=document.pk) for name, document in world.documents.items()}
    assert all(document.current_version_id for document in world.documents.values())


def _document(world: World, name: str, shelf: str, title: str, text: str) -> Document:
    about = About(title=title)
    return add(world.shelves[shelf], f"{name}.md", BytesIO(text.encode()), about, by=world.people["admin"]).document
