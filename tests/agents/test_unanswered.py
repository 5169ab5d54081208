"""Questions that stay unanswered are kept for administrators, who ask them again and close them."""

import pytest
from django.test import Client

from accounts.api_keys import create_api_key
from accounts.models import Person
from agents import runs
from agents.conversations import begin_nearest, turn_of
from agents.events import Checked, Cited, Finished
from agents.journal import append
from agents.models import Run, RunState
from agents.models_unanswered import Unanswered
from agents.unanswered import nearest_sources, note_end
from kb.access import acting_as_system
from kb.models import Document
from tests.agents.conftest import Asker, events_of
from tests.agents.test_runs import abandon, stored
from tests.llm.scripted import ScriptedServer, text

QUESTION = "How many days of paternity leave do I have?"
DECLINED = "The documents do not answer this."
ANSWER = "Staff are entitled to 15 days of annual leave a year [1]."


@pytest.fixture
def admin(library: dict[str, Document], alice: Person) -> Person:
    """The administrator, who may read everything; alice looks after the leave policy."""
    with acting_as_system():
        Document.objects.filter(pk=library["leave"].pk).update(owner=alice)
    return Person.objects.create_superuser("root", "root@example.com", "a good password")


@pytest.fixture
def page(admin: Person) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def test_a_declined_question_is_kept_with_what_came_closest(
    ask: Asker, scripted: ScriptedServer, admin: Person
) -> None:
    scripted.enqueue(text(DECLINED))
    ask(QUESTION)
    item = Unanswered.objects.get()
    assert (item.run, item.person, item.question) == (ask.run, ask.person, QUESTION)
    assert (item.verdict, item.state) == ("not_in_documents", "open")
    assert nearest_sources(item)[0].title == "Leave policy"
    assert ask.run
    turn = turn_of(ask.run)
    begin_nearest(ask.person, [turn])
    near = turn.nearest[0]
    assert (near.source.title, near.owner) == ("Leave policy", "alice")


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (ANSWER, None),
        ("Staff are entitled to 99 days of annual leave a year [1].", "unsupported"),
        ("All employees have ninety days of paternity leave in every year.", "uncited"),
        ("Hello!", None),
    ],
)
def test_only_what_no_source_carries_is_kept(
    ask: Asker, scripted: ScriptedServer, answer: str, verdict: str | None
) -> None:
    scripted.enqueue(text(answer))
    ask(QUESTION, mode="fast")
    kept = Unanswered.objects.values_list("verdict", flat=True)
    assert list(kept) == ([verdict] if verdict else [])


def test_it_is_kept_once_however_often_the_run_is_taken_up(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.enqueue(text(DECLINED))
    ask(QUESTION)
    run = ask.run
    assert run
    note_end(run.pk)
    Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING)
    abandon(run)
    run.events.filter(kind="finished").delete()
    Run.objects.filter(pk=run.pk).update(last_seq=len(stored(run)))
    assert runs.take_up(run.pk)
    assert isinstance(events_of(run)[-1], Finished)
    assert Unanswered.objects.count() == 1


def test_asking_in_the_same_words_is_one_question_until_it_is_answered(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.enqueue(text(DECLINED), text(DECLINED), text(ANSWER))
    ask(QUESTION, mode="fast")
    ask(QUESTION, mode="fast")
    assert Unanswered.objects.get().run == ask.run
    ask(QUESTION, mode="fast")
    assert Unanswered.objects.get().state == "answered"


def test_it_goes_with_its_conversation(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.enqueue(text(DECLINED))
    ask(QUESTION)
    assert ask.run
    ask.run.conversation.delete()
    assert not Unanswered.objects.exists()


def test_nothing_is_kept_of_a_run_that_was_lost(ask: Asker, scripted: ScriptedServer) -> None:
    run = Run.objects.create(
        person=ask.person, conversation=ask.person.conversations.create(), question=QUESTION, lease="ours"
    )
    append(run.pk, "ours", 0, [Checked((), "not_in_documents")])
    assert not Unanswered.objects.exists()
    append(run.pk, "ours", 1, [Finished("fast", DECLINED)])
    assert Unanswered.objects.get().run == run


def test_an_administrator_asks_again_and_closes(
    ask: Asker, scripted: ScriptedServer, page: Client, admin: Person, library: dict[str, Document]
) -> None:
    scripted.enqueue(text(DECLINED))
    ask(QUESTION)
    item = Unanswered.objects.get()
    html = page.get("/unanswered/").content.decode()
    assert QUESTION in html
    assert "alice" in html  # the owner of what came closest
    assert ask.person.username == "alice" or ask.person.username not in html
    assert QUESTION not in page.get("/unanswered/?state=answered").content.decode()
    assert QUESTION not in page.get("/unanswered/?q=sauerkraut").content.decode()

    scripted.enqueue(text(ANSWER))
    sent = page.post(f"/unanswered/{item.pk}/", {"action": "ask", "back": "/unanswered/?state=open"})
    assert sent.headers["Location"] == f"/unanswered/?state=open#question-{item.pk}"
    item.refresh_from_db()
    assert item.recheck is not None
    assert item.recheck.person == admin
    events_of(item.recheck)
    item.refresh_from_db()
    assert (item.recheck_verdict, item.state) == ("good", "open")
    html = page.get("/unanswered/").content.decode()
    assert "It is answered now." in html
    assert f"/c/{item.recheck.conversation_id}/" in html

    page.post(f"/unanswered/{item.pk}/", {"action": "answered", "back": "https://evil.example/"})
    assert QUESTION in page.get("/unanswered/?state=answered").content.decode()
    item.refresh_from_db()
    assert (item.state, item.closed_by) == ("answered", admin)


def test_a_recheck_that_finds_nothing_is_no_new_question(ask: Asker, scripted: ScriptedServer, page: Client) -> None:
    scripted.enqueue(text(DECLINED), text(DECLINED))
    ask(QUESTION)
    item = Unanswered.objects.get()
    page.post(f"/unanswered/{item.pk}/", {"action": "ask"})
    item.refresh_from_db()
    assert item.recheck
    events_of(item.recheck)
    assert Unanswered.objects.count() == 1
    assert "It is still not answered." in page.get("/unanswered/").content.decode()


def test_over_the_api(ask: Asker, scripted: ScriptedServer, admin: Person) -> None:
    scripted.enqueue(text(DECLINED))
    ask(QUESTION)
    client = Client(headers={"authorization": f"Bearer {create_api_key(admin, 'test')}"})
    listed = client.get("/api/v1/unanswered?state=open").json()
    (one,) = listed["questions"]
    assert one["question"] == QUESTION
    assert one["nearest"][0]["owner"] == "alice"
    assert listed["next"] is None
    changed = client.patch(f"/api/v1/unanswered/{one['id']}", {"state": "answered"}, content_type="application/json")
    assert changed.json()["state"] == "answered"
    assert client.get("/api/v1/unanswered?state=open").json()["questions"] == []
    scripted.enqueue(text(ANSWER))
    again = client.post(f"/api/v1/unanswered/{one['id']}/ask")
    assert again.status_code == 202
    events_of(Run.objects.get(pk=again.json()["recheck"]))
    assert client.get("/api/v1/unanswered").json()["questions"][0]["recheck_verdict"] == "good"


def test_citations_name_whom_to_ask(ask: Asker, scripted: ScriptedServer, admin: Person) -> None:
    scripted.enqueue(text(ANSWER))
    events = ask("How many days of annual leave do I have?", mode="fast")
    (cited,) = [event for event in events if isinstance(event, Cited)]
    assert cited.citations[0].owner == "alice"
