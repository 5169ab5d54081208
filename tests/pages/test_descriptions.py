"""Editing what is said about a document, in a browser without scripts."""

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client

from accounts.models import Person
from kb.access import acting_as_system
from kb.models import Collection, Document

SignIn = Callable[[Person], Client]
MakeDocument = Callable[..., Document]


def said(**fields: object) -> dict[str, object]:
    return {"title": "Travel policy", "tags": "", "owner": "", "review_on": "", "readers": "collection"} | fields


def test_the_form_changes_a_document_and_shows_what_was_changed(
    admin: Person, alice: Person, handbook: Collection, make_document: MakeDocument, sign_in: SignIn
) -> None:
    document = make_document(handbook)
    client = sign_in(admin)
    path = f"/documents/d/{document.pk}/edit/"
    assert 'value="Travel policy"' in client.get(path).content.decode()
    sent = said(title="Journeys", tags="travel，money, travel", owner="alice", review_on="2020-01-31")
    assert client.post(path, sent).status_code == 302
    with acting_as_system():
        document.refresh_from_db()
    assert (document.title, document.tags, document.owner) == ("Journeys", ["travel", "money"], alice)
    page = client.get(path).content.decode()
    assert "Changes so far" in page
    assert "Travel policy</del>" in page
    shown = client.get(f"/documents/d/{document.pk}/").content.decode()
    assert "2020-01-31" in shown
    assert "review due since 2020-01-31" in client.get("/documents/?state=review").content.decode()
    assert "Journeys" not in sign_in(alice).get("/documents/?state=failed").content.decode()


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        (said(title=" "), "Give the document a title."),
        (said(owner="nobody"), "There is no account of this name: nobody."),
        (said(review_on="soon"), "Enter a valid date."),
        (said(readers="all"), "Select a valid choice."),
    ],
)
def test_what_is_wrong_stands_at_its_field(
    admin: Person,
    handbook: Collection,
    make_document: MakeDocument,
    sign_in: SignIn,
    sent: dict[str, object],
    sentence: str,
) -> None:
    response = sign_in(admin).post(f"/documents/d/{make_document(handbook).pk}/edit/", sent)
    assert response.status_code == 422
    assert sentence in response.content.decode()


def test_readers_cannot_edit(bob: Person, handbook: Collection, make_document: MakeDocument, sign_in: SignIn) -> None:
    document = make_document(handbook)
    client = sign_in(bob)
    assert client.get(f"/documents/d/{document.pk}/edit/").status_code == 403
    assert client.post(f"/documents/d/{document.pk}/edit/", said(title="Mine")).status_code == 403
    client.post(f"/documents/d/{document.pk}/versions/1/", {"effective_from": "2020-01-01"})
    with acting_as_system():
        document.refresh_from_db()
        version = document.versions.get()
    assert (document.title, version.effective_from) == ("Travel policy", None)


def test_groups_and_days(
    admin: Person, bob: Person, alice: Person, handbook: Collection, make_document: MakeDocument, sign_in: SignIn
) -> None:
    document = make_document(handbook)
    client = sign_in(admin)
    people = alice.groups.get()
    client.post(f"/documents/d/{document.pk}/edit/", said(readers="groups", groups=[people.pk]))
    assert sign_in(bob).get(f"/documents/d/{document.pk}/").status_code == 404
    assert "narrower than its collection" in sign_in(alice).get(f"/documents/d/{document.pk}/").content.decode()
    path = f"/documents/d/{document.pk}/versions/1/"
    client.post(path, {"effective_from": "2026-01-01", "effective_to": "2026-12-31"})
    with acting_as_system():
        assert document.versions.get().effective_to == date(2026, 12, 31)
    assert "before the first" in client.post(
        path, {"effective_from": "2027-01-01", "effective_to": "2026-12-31"}, follow=True
    ).content.decode()  # fmt: skip
    assert "no date" in client.post(path, {"effective_from": "x"}, follow=True).content.decode()
    assert client.post(f"/documents/d/{document.pk}/versions/9/", {}).status_code == 404


def test_a_passage_is_corrected_by_a_note(
    admin: Person, handbook: Collection, make_document: Callable[..., Document], sign_in: Callable[[Person], Client]
) -> None:
    document, client = make_document(handbook), sign_in(admin)
    with acting_as_system():
        passage = document.passages.get()
    form = {"text": "Up to 200 euros.", "replaces": str(passage.pk)}
    page = client.post(f"/documents/d/{document.pk}/notes/", form, follow=True).content.decode()
    assert "Note on “Travel policy”" in page
    assert "Switched off" in page
    assert client.post(f"/documents/d/{document.pk}/notes/", form | {"replaces": "987654"}).status_code == 404
    page = client.post(f"/documents/d/{document.pk}/notes/", {"text": ""}, follow=True).content.decode()
    assert "Write the note first" in page
