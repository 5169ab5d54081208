"""Who may make, name, open and delete collections."""

from collections.abc import Callable
from io import BytesIO

import pytest
from django.contrib.auth.models import Group

from accounts.models import Person
from kb.access import acting_as, acting_as_system, collections_for
from kb.documents import (
    add_document,
    create_collection,
    delete_collection,
    rename_collection,
    set_groups,
)
from kb.errors import DocumentError
from kb.models import Collection, Document, Scope
from kb.readers import narrow

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(alice: Person) -> Person:
    alice.is_staff = True
    alice.save()
    return alice


def names(person: Person) -> list[str]:
    with acting_as(person):
        return [collection.name for collection in collections_for()]


def test_a_collection_is_read_by_its_groups(staff: Person, bob: Person, carol: Person) -> None:
    create_collection("  Pay   and bonus ", by=staff, groups=["People"])
    assert names(carol) == ["Pay and bonus"]
    assert names(bob) == []


def test_everyone_may_read_an_open_collection(staff: Person, bob: Person) -> None:
    create_collection("Handbook", by=staff, everyone=True)
    assert names(bob) == ["Handbook"]


@pytest.mark.parametrize(("name", "code"), [("  ", "name_missing"), ("x" * 201, "name_too_long"), ("HR", "name_taken")])
def test_a_bad_name_is_refused(admin: Person, name: str, code: str) -> None:
    create_collection("HR", by=admin)
    with pytest.raises(DocumentError) as caught:
        create_collection(name, by=admin)
    assert caught.value.code == code
    other = create_collection("Other", by=admin)
    with pytest.raises(DocumentError) as caught:
        rename_collection(other, name, by=admin)
    assert caught.value.code == code


def test_only_staff_make_collections(bob: Person) -> None:
    with pytest.raises(DocumentError) as caught:
        create_collection("Mine", by=bob, everyone=True)
    assert caught.value.kind == "forbidden"


def test_nobody_locks_themselves_out(staff: Person, admin: Person) -> None:
    Group.objects.get_or_create(name="Engineering")
    with pytest.raises(DocumentError) as caught:
        create_collection("Firmware", by=staff, groups=["Engineering"])
    assert caught.value.code == "would_lose_access"
    with acting_as_system():
        assert not Collection.objects.exists()
    create_collection("Firmware", by=admin, groups=["Engineering"])


def test_an_unknown_group_is_named(admin: Person) -> None:
    with pytest.raises(DocumentError, match="Nobody"):
        create_collection("Firmware", by=admin, groups=["Nobody"])


def test_a_collection_is_renamed_and_described(admin: Person, handbook: Collection) -> None:
    rename_collection(handbook, "Guide", by=admin, description="For new people")
    with acting_as(admin):
        handbook.refresh_from_db()
    assert (handbook.name, handbook.description) == ("Guide", "For new people")


def test_readers_change_with_the_groups(staff: Person, bob: Person, handbook: Collection) -> None:
    set_groups(handbook, ["People"], by=staff)
    assert names(bob) == []
    assert names(staff) == ["Handbook"]
    with pytest.raises(DocumentError) as caught:
        set_groups(handbook, [], by=staff)
    assert caught.value.code == "would_lose_access"
    assert names(staff) == ["Handbook"]


def test_those_who_may_not_read_it_may_not_change_it(bob: Person, people_files: Collection) -> None:
    bob.is_staff = True
    bob.save()
    changes: tuple[Callable[[], object], ...] = (
        lambda: set_groups(people_files, ["Engineering"], by=bob),
        lambda: rename_collection(people_files, "Mine", by=bob),
        lambda: delete_collection(people_files, by=bob),
    )
    for change in changes:
        with pytest.raises(DocumentError) as caught:
            change()
        assert caught.value.kind == "forbidden"


def test_deleting_a_collection_deletes_what_is_in_it(admin: Person, handbook: Collection, alice: Person) -> None:
    document = add_document(handbook, "a.md", BytesIO(b"# A"), by=admin)
    narrow(document, ["People"], by=admin)
    delete_collection(handbook, by=admin)
    delete_collection(handbook, by=admin)
    with acting_as_system():
        assert not Collection.objects.exists()
        assert not Document.objects.exists()
    assert not Scope.objects.exists()
