"""Trying a search: scores, marked words, places, and questions kept as golden ones."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Person
from kb.access import acting_as_system
from kb.models import Collection, Document
from kb.models_evaluation import GoldenQuestion
from tests.kb.shelves import shelve

SignIn = Callable[[Person], Client]
TRY = "/documents/search/"


@pytest.fixture
def staff(alice: Person) -> Person:
    alice.is_staff = True
    alice.save()
    return alice


@pytest.fixture
def travel(handbook: Collection) -> Document:
    return shelve(
        handbook,
        "Travel policy",
        "Hotels are paid up to 180 euros a night.",
        "出差住宿标准为每晚不超过600元。",
        headings=("Rules", "Hotels"),
    )


def test_each_hit_shows_its_scores_words_and_place(staff: Person, travel: Document, sign_in: SignIn) -> None:
    page = sign_in(staff).get(TRY, {"q": "hotel per night", "method": "lexical"}).content.decode()
    assert "<mark>Hotels</mark> are paid up to 180 euros a <mark>night</mark>." in page
    assert "Rules › Hotels" in page
    assert "rank 1" in page
    with acting_as_system():
        passage = travel.passages.get(ordinal=0)
    assert f"/sources/{passage.version_id}/?start=0&amp;end={passage.end}" in page
    page = sign_in(staff).get(TRY, {"q": "住宿標準", "method": "lexical"}).content.decode()
    assert "出差<mark>住宿标准</mark>为" in page


def test_filters_narrow_it(staff: Person, travel: Document, handbook: Collection, sign_in: SignIn) -> None:
    client, asked = sign_in(staff), {"q": "hotel", "method": "lexical"}
    assert "<mark>Hotels</mark>" in client.get(TRY, asked | {"collection": handbook.pk}).content.decode()
    assert "Nothing was found" in client.get(TRY, asked | {"tags": "law，rules"}).content.decode()
    wrong = client.get(TRY, asked | {"dated_from": "2026-02-01", "dated_to": "2026-01-01"})
    assert wrong.status_code == 422
    assert client.get(TRY, asked | {"collection": "987654"}).status_code == 422


def test_only_what_the_person_may_read_is_found(
    staff: Person, admin: Person, handbook: Collection, sign_in: SignIn
) -> None:
    secret = shelve(handbook, "Board minutes", "The hotel is being sold.", groups=["Board"])
    asked = {"q": "hotel", "method": "lexical"}
    assert "Board minutes" not in sign_in(staff).get(TRY, asked).content.decode()
    assert "Board minutes" in sign_in(admin).get(TRY, asked).content.decode()
    kept = {"q": "hotel", "set": "Mine", "document": [secret.pk], "search": "q=hotel"}
    said = sign_in(staff).post(f"{TRY}keep/", kept, follow=True).content.decode()
    assert "It does not exist" in said
    with acting_as_system():
        assert not GoldenQuestion.objects.exists()


def test_a_question_is_kept_and_corrected(staff: Person, travel: Document, sign_in: SignIn) -> None:
    client = sign_in(staff)
    form = {"q": "How much is a hotel?", "set": " Travel ", "search": "q=How+much", "answers": "180\n\n180 euros"}
    said = client.post(f"{TRY}keep/", form, follow=True).content.decode()
    assert "Tick the hits" in said
    said = client.post(f"{TRY}keep/", form | {"document": [travel.pk]}, follow=True).content.decode()
    assert "kept in Travel" in said
    with acting_as_system():
        question = GoldenQuestion.objects.get()
        assert (question.has_answer, question.answers) == (True, ["180", "180 euros"])
        assert list(question.documents.values_list("pk", flat=True)) == [travel.pk]
    client.post(f"{TRY}keep/", form | {"none": "on"})
    with acting_as_system():
        question = GoldenQuestion.objects.get()
        assert not question.has_answer
        assert not question.documents.exists()


def test_it_is_for_staff(bob: Person, sign_in: SignIn) -> None:
    assert sign_in(bob).get(TRY).status_code == 404
    assert sign_in(bob).post(f"{TRY}keep/", {}).status_code == 404
    assert TRY not in sign_in(bob).get("/documents/").content.decode()
