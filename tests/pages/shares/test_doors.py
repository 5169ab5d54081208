"""Sharing by page and by API."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.api_keys import create_api_key
from accounts.models import Person
from agents.models import Run
from agents.share_views import SHOWN
from agents.shares import share, shares_of
from tests.pages.conftest import QUOTE
from tests.pages.shares.conftest import ANSWER, JSON, PLAN, SECRET, Case


@pytest.fixture
def browse(sign_in: Callable[[Person], Client]) -> Callable[[Person], Client]:
    return sign_in


def test_sharing_by_page(case: Case, carol: Person, bob: Person, browse: Callable[[Person], Client]) -> None:
    run = case.run()
    page = browse(case.alice)
    assert f"/runs/{run.pk}/share/" in page.get(f"/c/{run.conversation_id}/").content.decode()
    later = case.run(conversation=run.conversation, question="And trains?")
    whole_one = page.get(f"/c/{run.conversation_id}/share/").content.decode()
    assert f"/runs/{later.pk}/share/" in whole_one
    assert 'value="1" checked' in whole_one
    form = page.get(f"/runs/{run.pk}/share/").content.decode()
    assert "People" in form  # a group of her own is offered
    assert "carol" not in form
    found = page.post(f"/runs/{run.pk}/share/readers/", {"q": "car"}).content.decode()
    assert f'value="{carol.pk}"' in found
    refused = page.post(f"/runs/{run.pk}/share/", {"days": "7"})
    assert refused.status_code == 422
    made = page.post(f"/runs/{run.pk}/share/", {"person": [carol.pk, bob.pk], "days": "7"}).content.decode()
    (listed,) = shares_of(case.alice)
    address = f"/shared/{listed.share.pk}/"
    assert address in made
    whole, part = (browse(one).get(address).content.decode() for one in (carol, bob))
    assert SECRET in whole
    assert PLAN in whole
    assert "withheld" not in whole
    for hidden in (SECRET, PLAN, "heliotrope", "Pay"):
        assert hidden not in part
    assert QUOTE in part
    assert "withheld" in part
    assert 'name="conversation"' not in whole  # nobody goes on in somebody else's conversation
    assert address in browse(carol).get("/shared/").content.decode()
    assert page.post(f"{address}revoke/").status_code == 302
    assert browse(carol).get(address).status_code == 404
    assert address not in browse(carol).get("/shared/").content.decode()
    assert Client().get(address).status_code == 302


def test_a_reader_asks_the_question_in_a_conversation_of_their_own(
    case: Case, carol: Person, browse: Callable[[Person], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.runs.workshop", lambda: type("Idle", (), {"lease": "x", "submit": lambda *_: None})())
    run = case.run()
    share(run, by=case.alice, people=[carol.pk])
    page = browse(carol)
    answer = page.post("/ask/", {"question": run.question, "conversation": str(run.conversation_id)})
    assert answer.status_code == 404
    page.post("/ask/", {"question": run.question})
    own = Run.objects.get(person=carol)
    assert own.question == run.question
    assert own.conversation.person == carol


def test_sharing_by_api(case: Case, carol: Person, bob: Person) -> None:
    run = case.run()

    def api(person: Person) -> Client:
        return Client(headers={"Authorization": f"Bearer {create_api_key(person, 'test')}"})

    alice = api(case.alice)
    body = {"run": str(run.pk), "people": ["carol", "bob"], "days": 7}
    made = alice.post("/api/v1/shares", body, content_type=JSON)
    assert made.status_code == 201, made.content
    address = f"/api/v1/shares/{made.json()['id']}"
    assert sorted(alice.get("/api/v1/shares").json()["shared"][0]["readers"]) == ["bob", "carol"]
    (received,) = api(carol).get("/api/v1/shares").json()["received"]
    assert received["readers"] == []  # nobody is told of the others
    (turn,) = api(carol).get(address).json()["turns"]
    assert (turn["withheld"], turn["answer"]) == (False, ANSWER)
    (turn,) = api(bob).get(address).json()["turns"]
    assert (turn["withheld"], turn["answer"], turn["state"]) == (True, None, None)
    assert [claim["text"] for claim in turn["claims"]] == [f"{QUOTE} [1]"]
    assert SECRET not in str(turn)
    for person in (carol, bob):
        assert api(person).get(f"/api/v1/runs/{run.pk}").status_code == 404
        assert api(person).get(f"/api/v1/runs/{run.pk}/events").status_code == 404
        assert api(person).delete(address).status_code == 404
    unknown = alice.post("/api/v1/shares", body | {"people": ["nobody-here"]}, content_type=JSON)
    assert unknown.status_code == 422
    assert api(bob).post("/api/v1/shares", body, content_type=JSON).status_code == 404
    assert alice.delete(address).status_code == 204
    assert api(carol).get(address).status_code == 404


@pytest.fixture
def many(case: Case, carol: Person) -> Case:
    """One more share than fits on a page, from alice to carol."""
    run = case.run()
    for _one in range(SHOWN + 1):
        share(run, by=case.alice, people=[carol.pk])
    return case


def test_long_lists_have_pages(many: Case, carol: Person, browse: Callable[[Person], Client]) -> None:
    for person, name in ((many.alice, "page"), (carol, "received")):
        first = browse(person).get("/shared/", {"other": "1"}).content.decode()
        second = browse(person).get("/shared/", {name: "2"}).content.decode()
        assert first.count('href="/shared/') == SHOWN + 1  # and the menu's link
        assert f'href="?other=1&amp;{name}=2"' in first
        assert f"1 to {SHOWN} of {SHOWN + 1}" in first
        assert second.count('href="/shared/') == 1 + 1
        assert f'href="?{name}=1"' in second


def test_the_api_gives_a_part_of_the_lists(many: Case, carol: Person) -> None:
    key = create_api_key(carol, "test")
    client = Client(headers={"Authorization": f"Bearer {key}"})
    whole = client.get("/api/v1/shares").json()
    part = client.get("/api/v1/shares?limit=2&offset=1").json()
    assert part["received"] == whole["received"][1:3]
    assert (part["shared"], part["total_shared"], part["total_received"]) == ([], 0, SHOWN + 1)
    assert client.get("/api/v1/shares?limit=0").status_code == 422
