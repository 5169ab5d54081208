"""People for administrators: who there is, and what each may read and why."""

from collections.abc import Callable

from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import Person
from kb.models import Collection, Document
from kb.readers import narrow

SignIn = Callable[[Person], Client]


def test_people_are_listed_and_found(admin: Person, alice: Person, bob: Person, sign_in: SignIn) -> None:
    html = sign_in(admin).get("/people/?q=ALICE").content.decode()
    assert f"/people/{alice.pk}/" in html
    assert f"/people/{bob.pk}/" not in html
    assert "People" in html


def test_what_somebody_may_read_and_why(
    admin: Person,
    alice: Person,
    bob: Person,
    handbook: Collection,
    people_files: Collection,
    make_document: Callable[..., Document],
    sign_in: SignIn,
) -> None:
    for shelf in (handbook, handbook, people_files):
        make_document(shelf)
    narrowed = make_document(handbook)
    narrow(narrowed, ["People"], by=admin)
    client = sign_in(admin)
    alices, bobs = (client.get(f"/people/{one.pk}/").content.decode() for one in (alice, bob))
    assert "In the group People." in alices
    assert "3 of 3" in alices
    assert "2 of 3" in bobs, "the narrowed document is not his"
    assert "People files" not in bobs
    narrow(make_document(people_files), [Group.objects.get(name="Engineering")], by=admin)
    bobs = client.get(f"/people/{bob.pk}/").content.decode()
    assert "Only single documents" in bobs
    assert "1 of 2" in bobs
    Person.objects.filter(pk=bob.pk).update(is_active=False)
    assert "Nothing." in client.get(f"/people/{bob.pk}/").content.decode()
