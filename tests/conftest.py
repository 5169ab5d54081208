"""The cast of the tests, and the sets that some of them measure with.

Alice and Carol are in the group People, Bob is in Engineering; the admin looks after everything. The shelf `handbook`
is everyone's, `people_files` is for People alone.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.utils import translation

from accounts.models import Person
from kb import version_languages
from kb.access import acting_as_system
from kb.models import Collection, Scope

ROOT = Path(__file__).resolve().parent.parent


# Folders and files whose tests wait for processes, browsers or pictures. They begin first, so that at the end no worker
# waits for the one that got the longest file last.
LONGEST = (
    "samples_golden",
    "resilience",
    "test_fixtures.py",
    "test_recognition.py",
    "test_launch.py",
    "browser",
    "test_samples.py",
    "test_evaluation.py",
    "parsing",
    "security",
    "test_parts.py",
    "test_embedded.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; `make test` keeps this order."""

    def place(item: pytest.Item) -> int:
        return next((number for number, part in enumerate(LONGEST) if part in item.path.parts), len(LONGEST))

    items.sort(key=place)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """No language is left over from a page that the test before asked for."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the database of another test the same numbers may have been other versions."""
    monkeypatch.setattr(version_languages, "_known", {})


def _person(username: str, *groups: str, **fields: bool) -> Person:
    person = Person.objects.create_user(username, f"{username}@example.com", "a good password", **fields)
    person.groups.set([Group.objects.get_or_create(name=name)[0] for name in groups])
    return person


@pytest.fixture
def admin(db: None) -> Person:
    return _person("admin", is_staff=True, is_superuser=True)


@pytest.fixture
def alice(db: None) -> Person:
    return _person("alice", "People")


@pytest.fixture
def carol(db: None) -> Person:
    return _person("carol", "People")


@pytest.fixture
def bob(db: None) -> Person:
    return _person("bob", "Engineering")


def _collection(name: str, *groups: str, everyone: bool = False) -> Collection:
    with acting_as_system():
        collection = Collection.objects.create(name=name)
        scope = Scope.objects.create(collection=collection, everyone=everyone)
        scope.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
    return collection


@pytest.fixture
def handbook(db: None) -> Collection:
    return _collection("Handbook", everyone=True)


@pytest.fixture
def people_files(db: None) -> Collection:
    return _collection("People files", "People")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the measuring sets; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("ZHINANG_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip("the measuring sets are not beside this checkout (ZHINANG_SHARED names their folder)")
    return folder
