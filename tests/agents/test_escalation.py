"""A quick answer whose evidence is weak is thought about further, within limits, and people stay in charge."""

from typing import TypeVar

import pytest
from django.conf import settings
from django.test import Client
from pytest_django import Settings

from agents import runs
from agents.budget import budget_of
from agents.changes import revised
from agents.events import (
    Checked,
    Citation,
    Claim,
    Escalated,
    Event,
    Failed,
    Finished,
    Kept,
    Revised,
    Thinking,
    answer_of,
)
from agents.judging import coverage, weakness
from agents.models import Run
from kb.models import Document
from llm.profiles import Limits
from tests.agents.conftest import LEAVE, Asker, events_of
from tests.agents.test_runs import abandon, stored, until
from tests.llm.scripted import ScriptedServer, error, hold, reasoning, text

E = TypeVar("E", bound=Event)
QUESTION = "How many days of annual leave do I have?"
WRONG = "You have 25 days of annual leave [1]. Up to 5 unused days carry over to the next year [1]."
RIGHT = "You have 15 days of annual leave a year [1]. Up to 5 unused days carry over to the next year [1]."


def one(events: list[Event], kind: type[E]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]


def finished(events: list[Event]) -> Finished:
    """How the run ended, which was well."""
    assert isinstance(events[-1], Finished)
    return events[-1]


def test_weak_evidence_is_thought_about_further_and_what_changed_is_said(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.enqueue(text(WRONG), reasoning("25 is not there.") + text(RIGHT))

    events = ask(QUESTION)

    first, last = one(events, Checked)
    assert (first.weakness, first.held_back) == ("weak_quotes", "")
    [escalated] = one(events, Escalated)
    assert escalated.reason == "weak_quotes"
    assert escalated.answer == WRONG.replace("year [1]", "year [2]")
    assert [citation.number for citation in escalated.citations] == [1, 2]
    assert last.verdict == "good"
    [change] = one(events, Revised)
    assert change.changed == (("You have 25 days of annual leave.", "You have 15 days of annual leave a year."),)
    assert (change.added, change.removed, change.same) == ((), (), 1)
    assert finished(events).mode == "thinking"
    assert finished(events).answer.startswith("You have 15 days")
    assert ask.run
    ask.run.refresh_from_db()
    assert ask.run.answer == finished(events).answer
    assert len(scripted.chats()) == 2


@pytest.mark.parametrize(
    "answer",
    [
        RIGHT,
        "The documents do not answer this. I looked for the code of the safe.",
        "Hello! I answer questions about the documents of this company.",
    ],
)
def test_what_is_good_or_plainly_not_there_is_not_asked_twice(
    ask: Asker, scripted: ScriptedServer, answer: str
) -> None:
    scripted.enqueue(text(answer))
    events = ask("Hello, what can you do?" if answer.startswith("Hello") else QUESTION)
    assert not one(events, Escalated)
    assert len(scripted.chats()) == 1


def test_a_thinking_answer_that_is_weak_too_does_not_loop(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.otherwise = text(WRONG)
    events = ask(QUESTION)
    assert len(one(events, Escalated)) == 1
    assert len(scripted.chats()) == 2
    assert isinstance(events[-1], Finished)


def test_the_fast_mode_only_says_that_more_thought_might_help(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.enqueue(text(WRONG))
    events = ask(QUESTION, mode="fast")
    [checked] = one(events, Checked)
    assert (checked.weakness, checked.held_back) == ("weak_quotes", "asked")
    assert not one(events, Escalated)


def test_beyond_todays_budget_nobody_thinks_unasked(ask: Asker, scripted: ScriptedServer, settings: Settings) -> None:
    settings.THINKING_RUNS_PER_DAY = 1
    scripted.enqueue(text(WRONG), text(RIGHT), text(WRONG), text(RIGHT))
    assert one(ask(QUESTION), Escalated)
    assert budget_of(ask.person).used_up

    [checked] = one(ask(QUESTION), Checked)
    assert (checked.weakness, checked.held_back) == ("weak_quotes", "budget")
    assert finished(ask(QUESTION, mode="thinking")).mode == "thinking", "what is asked for is given"


def test_tokens_count_against_the_budget(ask: Asker, scripted: ScriptedServer, settings: Settings) -> None:
    scripted.enqueue(text(RIGHT, usage=(900, 100)))
    ask(QUESTION, mode="thinking")
    settings.THINKING_TOKENS_PER_DAY = 1001
    assert not budget_of(ask.person).used_up
    settings.THINKING_TOKENS_PER_DAY = 1000
    assert (budget_of(ask.person).tokens, budget_of(ask.person).used_up) == (1000, True)


def _thinking(ask: Asker, scripted: ScriptedServer) -> Run:
    """A run that thinks about its weak quick answer and does not come to an end."""
    settings.MODEL_SERVERS = scripted.servers(limits=Limits(chunk=60, patience=0))
    scripted.enqueue(text(WRONG), reasoning("Hm.") + hold())
    run = runs.start(ask.person, QUESTION)
    until(lambda: one(stored(run), Thinking))
    return run


def test_the_quick_answer_can_be_kept(ask: Asker, scripted: ScriptedServer) -> None:
    run = _thinking(ask, scripted)

    assert runs.keep_quick(run)

    events = events_of(run)
    assert one(events, Kept) == [Kept("asked")]
    assert answer_of(events) == WRONG.replace("year [1]", "year [2]")
    assert finished(events).mode == "fast"
    assert scripted.abandoned.wait(5)
    run.refresh_from_db()
    assert (run.road, run.answer, len(run.citations)) == ("fast", answer_of(events), 2)
    assert not runs.keep_quick(run)


def test_it_can_be_kept_where_nobody_works_on_the_run(ask: Asker, scripted: ScriptedServer) -> None:
    run = _thinking(ask, scripted)
    abandon(run)
    Run.objects.filter(pk=run.pk).update(keep_requested=True)
    assert runs.take_up(run.pk)
    events = events_of(run)
    assert finished(events).mode == "fast"
    assert len(one(events, Kept)) == 1


def test_without_a_quick_answer_there_is_nothing_to_keep(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.enqueue(reasoning("Hm.") + hold())
    run = runs.start(ask.person, QUESTION, mode="thinking")
    until(lambda: one(stored(run), Thinking))
    assert not runs.keep_quick(run)
    runs.cancel(run)


def test_a_failure_of_the_thinking_model_keeps_the_quick_answer(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.enqueue(text(WRONG), error(401, "invalid_api_key", "no"))
    events = ask(QUESTION)
    assert one(events, Kept) == [Kept("authentication")]
    assert not one(events, Failed)
    assert finished(events).answer.startswith("You have 25 days")


def test_the_page_shows_the_quick_answer_while_it_is_thought_about(
    ask: Asker, scripted: ScriptedServer, client: Client
) -> None:
    run = _thinking(ask, scripted)
    client.force_login(ask.person)
    page = client.get(f"/c/{run.conversation_id}/").content.decode()
    assert "Keep the quick answer" in page
    assert "25 days of annual leave" in page
    assert "Thinking further: some sentences of the quick answer are not fully carried by their sources" in page
    chinese = client.get(f"/c/{run.conversation_id}/", headers={"Accept-Language": "zh-CN"}).content.decode()
    assert "正在深入思考：快速回答中有些句子" in chinese
    assert "保留快速回答" in chinese
    assert client.post(f"/runs/{run.pk}/keep/", headers={"HX-Request": "true"}).status_code == 204
    events_of(run)
    page = client.get(f"/c/{run.conversation_id}/").content.decode()
    assert "Keep the quick answer" not in page
    assert "25 days of annual leave" in page


def test_the_page_shows_what_changed_after_a_reload(ask: Asker, scripted: ScriptedServer, client: Client) -> None:
    scripted.enqueue(text(WRONG), text(RIGHT))
    ask(QUESTION)
    client.force_login(ask.person)
    assert ask.run
    page = client.get(f"/c/{ask.run.conversation_id}/").content.decode()
    assert "Thought further: some sentences of the quick answer" in page
    assert "What changed against the quick answer" in page
    assert "<del>You have 25 days of annual leave.</del> <ins>You have 15 days of annual leave a year.</ins>" in page


def test_hidden_documents_are_never_hinted_at_unless_the_administrator_wants_it(
    ask: Asker,
    scripted: ScriptedServer,
    library: dict[str, Document],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refusal = "The documents do not answer this. I looked for a salary."
    question = "What is the salary of the head of engineering?"
    scripted.otherwise = text(refusal)
    looked: list[object] = []

    def look(deps: object) -> bool:
        looked.append(deps)
        return True

    monkeypatch.setattr("agents.roads.may_be_hidden", look)
    assert not any(event.hidden for event in one(ask(question, mode="fast"), Checked))
    assert not looked, "not even time is spent on it"
    monkeypatch.undo()

    settings.HINT_AT_HIDDEN_DOCUMENTS = True
    scripted.otherwise = text(refusal)
    settings.MODEL_SERVERS = scripted.servers()
    [hinted] = one(ask(question, mode="fast"), Checked)
    assert hinted.hidden
    [other] = one(ask("What is the colour of the moon?", mode="fast"), Checked)
    assert not other.hidden


def claim(support: str = "supported", said: str = "A sentence.") -> Claim:
    return Claim(said, 0, 1, (1,), support)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("checked", "answer", "chained", "word"),
    [
        (Checked((claim(),)), "15 days [1].", False, ""),
        (Checked((claim("unsupported"),), "unsupported"), "25 days [1].", False, "unsupported"),
        (Checked((claim(), claim("unsupported")), "partly"), "a [1]. b [1].", False, "weak_quotes"),
        (Checked((claim(), claim(), claim("weak")), "partly"), "a [1]. b [1]. c [1].", False, ""),
        (Checked((claim(), claim("weak"), claim("weak")), "partly"), "a [1]. b [1]. c [1].", False, "weak_quotes"),
        (Checked((claim("unsupported"),), "uncited"), "Leave is 15 days a year.", False, "uncited"),
        (Checked((), "not_in_documents"), "The documents do not answer this.", False, ""),
        (Checked((), "not_in_documents"), "The documents do not answer this.", True, ""),
        (Checked((claim(), claim()), "disagree"), "They disagree [1][2].", False, ""),
        (Checked((claim(), claim("unsupported")), "disagree"), "They disagree [1][2].", False, "conflict"),
        (Checked((claim(),)), "15 days [1]. The documents do not say when.", False, "part_missing"),
    ],
)
def test_what_is_weak(checked: Checked, answer: str, chained: bool, word: str) -> None:
    assert weakness("How many days of annual leave a year?", answer, checked, [LEAVE], chained=chained) == word


def test_a_declined_chain_of_which_a_part_is_found_is_followed() -> None:
    declined = Checked((), "not_in_documents")
    question = "Where is the office of the manager of the team that approves annual leave?"
    passages = ["The team for time approves annual leave."]
    assert weakness(question, "The documents do not answer this.", declined, passages, chained=True) == "hops"


def test_coverage_between_languages_tells_nothing() -> None:
    assert coverage("年假有多少天？", [LEAVE]) == 1.0
    assert coverage("What is the colour of the moon?", [LEAVE]) == 0.0
    assert coverage("annual leave", []) == 0.0
    assert coverage("What is the colour of the moon?", [LEAVE, "月亮是黄色的。"]) == 0.0


def test_changes_are_told_by_sentences() -> None:
    source = Citation(1, 7, 1, None, 0, 1, "x", "Leave")
    quick = Escalated("conflict", "A holiday has 5 days [1]. Ask the office. Red is a colour.", (source,))
    answer = "A holiday has 6 days [1].\n\nRed is a colour [2].\n\nThe travel desk books flights [3]."
    change = revised(quick, answer, [source, Citation(2, 8, 2, None, 0, 1, "y", "Colours")])
    assert change.changed == (("A holiday has 5 days.", "A holiday has 6 days."),)
    assert (change.removed, change.added) == (("Ask the office.",), ("The travel desk books flights.",))
    assert (change.same, change.new_documents, change.reason) == (1, ("Colours",), "conflict")
    same = revised(quick, quick.answer, [source])
    assert (same.added, same.removed, same.changed, same.same) == ((), (), (), 3)
