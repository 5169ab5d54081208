"""A check of every document against a scripted model: what is believed, and what is kept when it ends early."""

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Person
from agents import runs, survey
from agents.events import Cancelled, Checked, Event, Failed, Finished, Limited, Surveyed
from agents.models import Run
from agents.survey import Limits
from agents.survey_report import Survey, survey_of
from agents.survey_rows import as_data, csv_file
from agents.work import workshop
from kb.access import acting_as_system
from kb.models import Collection, Document, DocumentVersion, State
from llm.prices import parse_prices
from tests.agents.conftest import AddDocument, Asker, events_of
from tests.agents.test_runs import until
from tests.llm.scripted import Request, Script, ScriptedServer, error, hold, text

QUESTION = "Which documents mention the annual audit?"
TEXTS = {
    "One": "The annual audit is in May. It takes 3 days.",
    "Two": "Nobody knows the way.",
    "Three": "Each year an annual audit is held.",
    "Four": "The audit of the year is called =annual audit=.",
}
SECRET = "The annual audit of the board is called heliotrope."


def documents_in(request: Request) -> list[dict[str, Any]]:
    lines = re.findall(r"^\{.*\}$", request.body["messages"][-1]["content"].partition("</documents>")[0], re.MULTILINE)
    return [json.loads(line) for line in lines]


def row_of(document: dict[str, Any]) -> dict[str, Any]:
    """What a faithful model says of a document."""
    for passage in document["passages"]:
        if found := re.search("[^.]*annual audit[^.]*", passage["text"]):
            quote = found.group().strip()
            return {"document": document["document"], "meets": "yes", "source": passage["source"], "quote": quote}
    return {"document": document["document"], "meets": "no"}


def faithful(request: Request) -> Script:
    return text(json.dumps({"rows": [row_of(document) for document in documents_in(request)]}))


def stuck_at(title: str) -> Callable[[Request], Script]:
    """A model that answers until it is shown this document."""

    def answer(request: Request) -> Script:
        return hold() if any(one["title"] == title for one in documents_in(request)) else faithful(request)

    return answer


@pytest.fixture
def papers(
    add_document: AddDocument, handbook: Collection, people_files: Collection, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Document]:
    monkeypatch.setattr(survey, "Limits", lambda: Limits(batch=1))
    made = {title: add_document(handbook, title, words) for title, words in TEXTS.items()}
    add_document(people_files, "Secret", SECRET)
    return made


def survey_in(events: list[Event]) -> Survey:
    found = survey_of(events)
    assert found is not None
    return found


def titles(found: Survey) -> list[str]:
    return [row.title for row in found.found]


def shown(scripted: ScriptedServer) -> list[str]:
    """The documents that were shown, in order; a call that got no answer may have been repeated."""
    chats = [request for request in scripted.requests if request.path.endswith("/chat/completions")]
    return [one["title"] for request in chats for one in documents_in(request)]


def test_every_document_is_shown_once_and_no_other(
    papers: dict[str, Document], bob: Person, scripted: ScriptedServer
) -> None:
    scripted.otherwise = faithful
    events = Asker(bob)(QUESTION)
    found = survey_in(events)
    assert titles(found) == ["One", "Three", "Four"]
    assert (found.checked, found.total, found.complete) == (4, 4, True)
    assert shown(scripted) == list(TEXTS)
    asked = [request.body for request in scripted.requests if request.path.endswith("/chat/completions")]
    assert "heliotrope" not in json.dumps(asked)
    checked = next(event for event in events if isinstance(event, Checked))
    assert [claim.support for claim in checked.claims] == ["supported"] * 3
    assert checked.verdict == "good"
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.answer.startswith(
        "**3 documents** meet the condition. 4 of 4 documents that you may read were checked."
    )


def test_what_is_not_proved_is_undecided(papers: dict[str, Document], bob: Person, scripted: ScriptedServer) -> None:
    def inventive(request: Request) -> Script:
        (document,) = documents_in(request)
        row = row_of(document)
        if document["title"] == "One":
            row["quote"] = "The annual audit is in June."
        if document["title"] == "Two":
            return text("I would rather not say.")
        if document["title"] == "Three":
            row["meets"] = "unclear"
        return text("```json\n" + json.dumps({"rows": [row]}) + "\n```")

    scripted.otherwise = inventive
    found = survey_in(Asker(bob)(QUESTION))
    assert titles(found) == ["Four"]
    assert [row.title for row in found.undecided] == ["One", "Two", "Three"]
    assert shown(scripted) == ["One", "One", "Two", "Two", "Three", "Four"]


def test_values_with_numbers_that_are_not_there_are_left_out(
    papers: dict[str, Document], bob: Person, scripted: ScriptedServer
) -> None:
    def answer(request: Request) -> Script:
        rows = [{**row_of(document), "values": ["4 days", "May"]} for document in documents_in(request)]
        return text(json.dumps({"rows": rows}))

    scripted.otherwise = answer
    found = survey_in(Asker(bob)("List all documents that mention the annual audit with their length and month"))
    assert found.criterion.columns == ("length", "month")
    assert found.found[0].values == ("", "May")


def test_another_process_goes_on_after_the_last_batch(
    papers: dict[str, Document], bob: Person, scripted: ScriptedServer
) -> None:
    scripted.otherwise = stuck_at("Three")
    run = runs.start(bob, QUESTION)
    until(lambda: "Three" in shown(scripted))
    Run.objects.filter(pk=run.pk).update(lease="dead", heartbeat_at=timezone.now() - timedelta(minutes=1))
    until(lambda: run.pk not in workshop().at_work())
    scripted.otherwise = faithful

    found = survey_in(events_of(run))

    assert titles(found) == ["One", "Three", "Four"]
    assert (found.checked, found.total, found.complete) == (4, 4, True)
    assert [title for title in shown(scripted) if title != "Three"] == ["One", "Two", "Four"]


def test_what_was_stopped_says_how_far_it_came_and_can_go_on(
    papers: dict[str, Document], bob: Person, scripted: ScriptedServer
) -> None:
    scripted.otherwise = stuck_at("Three")
    run = runs.start(bob, QUESTION)
    until(lambda: "Three" in shown(scripted))
    runs.cancel(run)
    assert isinstance(events_of(run)[-1], Cancelled)
    run.refresh_from_db()
    assert run.answer.startswith(
        "**1 document** meets the condition so far. The check stopped after 2 of 4 documents; 2 were not looked at."
    )
    assert [one["title"] for one in run.citations] == ["One"]
    name, csv = csv_file(run) or ("", "")
    assert name.endswith("-2-of-4.csv")
    assert csv.splitlines()[-1] == "not checked,,2 documents"

    scripted.otherwise = faithful
    again = runs.regenerate(run)
    found = survey_in(events_of(again))
    assert titles(found) == ["One", "Three", "Four"]
    assert (found.checked, found.total, found.complete) == (4, 4, True)
    assert [title for title in shown(scripted) if title != "Three"] == ["One", "Two", "Four"]


def test_a_limit_leads_to_a_partial_answer_that_says_so(
    papers: dict[str, Document], bob: Person, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey, "Limits", lambda: Limits(batch=2, tokens=10))
    scripted.otherwise = faithful
    events = Asker(bob)("哪些文件提到了“annual audit”？")
    assert Limited("tokens") in events
    found = survey_in(events)
    assert (found.checked, found.total, found.complete) == (2, 4, False)
    assert isinstance(events[-1], Finished)
    assert "检查完 4 份中的 2 份后停止，其余 2 份尚未检查" in events[-1].answer


def test_a_limit_of_cost_says_so_and_the_check_goes_on_from_there(
    papers: dict[str, Document], bob: Person, scripted: ScriptedServer, settings: Settings
) -> None:
    settings.MODEL_PRICES = parse_prices("scripted-instruct=1000/1000")
    settings.EXHAUSTIVE_COST = 0.03  # two calls of 18 tokens are more
    scripted.otherwise = faithful
    run = runs.start(bob, QUESTION)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(survey, "Limits", lambda: Limits(batch=1))
        events = events_of(run)
    assert Limited("cost") in events
    found = survey_in(events)
    assert (found.checked, found.total, found.complete) == (2, 4, False)
    run.refresh_from_db()
    assert "The check stopped after 2 of 4 documents; 2 were not looked at." in run.answer

    again = survey_in(events_of(runs.regenerate(run)))
    assert titles(again) == ["One", "Three", "Four"]
    assert (again.checked, again.total, again.complete) == (4, 4, True)
    assert shown(scripted) == ["One", "Two", "Three", "Four"]


def test_batches_become_smaller_towards_a_limit(
    papers: dict[str, Document], bob: Person, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey, "Limits", lambda: Limits(batch=2, tokens=30))
    scripted.otherwise = faithful
    events = Asker(bob)(QUESTION)
    # A batch of two takes 18 tokens, so the 12 that are left are good for one document.
    assert [event.checked for event in events if isinstance(event, Surveyed)] == [0, 2, 3]
    assert Limited("tokens") in events


def test_a_model_that_fails_leaves_what_was_found(
    papers: dict[str, Document], bob: Person, scripted: ScriptedServer
) -> None:
    def failing(request: Request) -> Script:
        if documents_in(request)[0]["title"] == "Three":
            return error(401, "invalid_api_key", "Incorrect API key provided.")
        return faithful(request)

    scripted.otherwise = failing
    ask = Asker(bob)
    assert isinstance(ask(QUESTION)[-1], Failed)
    assert ask.run
    ask.run.refresh_from_db()
    assert "stopped after 2 of 4" in ask.run.answer


def test_what_cannot_be_read_is_named_and_what_is_not_in_force_is_left_out(
    papers: dict[str, Document], bob: Person, scripted: ScriptedServer
) -> None:
    with acting_as_system():
        DocumentVersion.objects.filter(document=papers["Two"]).update(state=State.FAILED)
        DocumentVersion.objects.filter(document=papers["Three"]).update(effective_to=date(2020, 1, 1))
    scripted.otherwise = faithful
    ask = Asker(bob)
    found = survey_in(ask(QUESTION))
    assert (found.checked, found.total, found.unreadable, found.skipped) == (3, 3, 1, 1)
    assert ask.run
    ask.run.refresh_from_db()
    assert "1 of them could not be read: Two. 1 more is not in force on that day and was left out." in ask.run.answer
    assert as_data(ask.run)["unread"] == [{"document": papers["Two"].pk, "title": "Two", "reason": "failed"}]
    then = survey_in(ask(QUESTION, as_of=date(2019, 12, 31)))
    assert titles(then) == ["One", "Three", "Four"]
    assert then.skipped == 0


def test_any_question_can_be_held_against_every_document(
    papers: dict[str, Document], bob: Person, scripted: ScriptedServer
) -> None:
    scripted.otherwise = faithful
    found = survey_in(Asker(bob)("When is the audit?", mode="exhaustive"))
    assert found.total == 4
    assert found.criterion.condition == "When is the audit?"


def test_a_register_is_asked_as_a_table(
    add_document: AddDocument, handbook: Collection, bob: Person, scripted: ScriptedServer
) -> None:
    register = add_document(handbook, "Contracts", "| Contract | End |\n|---|---|\n| A | 2026 |")
    with acting_as_system():
        Document.objects.filter(pk=register.pk).update(filename="contracts.xlsx")
    scripted.otherwise = text("There is one [1].")
    assert survey_of(Asker(bob)("How many contracts end in 2026?")) is None
