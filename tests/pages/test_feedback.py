"""Why an answer did not help: asked for, kept, and read by administrators."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Person
from agents.events import Finished, Text
from agents.models import Feedback, Run

SignIn = Callable[[Person], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def run(alice: Person, make_run: Callable[..., Run]) -> Run:
    return make_run(alice, [Text("Fifteen days."), Finished("fast", "Fifteen days.")])


def test_a_no_asks_why_and_a_yes_does_not(alice: Person, run: Run, sign_in: SignIn) -> None:
    client, address = sign_in(alice), f"/runs/{run.pk}/feedback/"
    assert 'name="reason" value="outdated"' in client.post(address, {"helped": "no"}, headers=HTMX).content.decode()
    assert "reason" not in client.post(address, {"helped": "yes"}, headers=HTMX).content.decode()


def test_the_reason_and_the_words_are_kept_and_thanked_for(alice: Person, run: Run, sign_in: SignIn) -> None:
    said = {"helped": "no", "reason": "outdated", "comment": " It is 20 days now. "}
    html = sign_in(alice).post(f"/runs/{run.pk}/feedback/", said, headers=HTMX).content.decode()
    given = Feedback.objects.get(run=run)
    assert (given.reason, given.comment) == ("outdated", "It is 20 days now.")
    assert "Thank you" in html
    assert 'name="reason"' not in html


def test_words_without_a_reason_are_something_else(alice: Person, run: Run, sign_in: SignIn) -> None:
    sign_in(alice).post(f"/runs/{run.pk}/feedback/", {"helped": "no", "comment": "No."})
    assert Feedback.objects.get(run=run).reason == "other"


@pytest.mark.parametrize("bad", [{"reason": "dull"}, {"comment": "x" * 2001}])
def test_what_cannot_be_kept_gets_a_sentence(alice: Person, run: Run, sign_in: SignIn, bad: dict[str, str]) -> None:
    response = sign_in(alice).post(f"/runs/{run.pk}/feedback/", {"helped": "no", **bad})
    assert response.status_code == 422
    assert not Feedback.objects.exists()


def test_administrators_read_it_and_nobody_else(alice: Person, admin: Person, run: Run, sign_in: SignIn) -> None:
    Feedback.objects.create(run=run, person=alice, helped=False, reason="wrong", comment="It is <b>20</b>.")
    html = sign_in(admin).get("/feedback/").content.decode()
    for shown in (run.question, "Fifteen days.", "The answer is wrong", "It is &lt;b&gt;20&lt;/b&gt;."):
        assert shown in html
    assert run.question not in sign_in(admin).get("/feedback/?reason=outdated").content.decode()
    assert run.question not in sign_in(admin).get("/feedback/?helped=yes").content.decode()
    alice.is_staff = True
    alice.save()
    assert sign_in(alice).get("/feedback/").status_code == 404
