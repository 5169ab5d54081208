"""Runs: following, cancelling, taking up, and what a person may ask."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import connection
from django.utils import timezone

from accounts.models import Person
from agents import runs
from agents.events import Cancelled, Event, Failed, Finished, Text, Thinking, ToolReturned, answer_of
from agents.journal import LeaseLost, append, stored_after
from agents.models import Conversation, Run, RunState
from agents.tasks import sweep
from agents.work import workshop
from kb.models import Document
from tests.agents.conftest import Asker, events_of
from tests.llm.scripted import Script, ScriptedServer, error, hold, reasoning, text, tool_calls, wait

ROOT = Path(__file__).resolve().parents[2]
LONG = "You have 15 days of annual leave [1]. " + "Up to 5 unused days carry over to the next year [1]. " * 6


def until(condition: Callable[[], object], seconds: float = 90) -> None:
    """Wait for something another thread or process does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def stored(run: Run) -> list[Event]:
    return [event for _, event in stored_after(run.pk, 0).events]


def abandon(run: Run) -> None:
    """As if the run's process had died a minute ago."""
    Run.objects.filter(pk=run.pk).update(lease="dead", heartbeat_at=timezone.now() - timedelta(minutes=1))
    until(lambda: run.pk not in workshop().at_work())


def test_a_follower_from_any_event_reads_the_same(ask: Asker, scripted: ScriptedServer) -> None:
    slow = [text(piece, pieces=2) + wait(0.05) for piece in (LONG[:90], LONG[90:200], LONG[200:])]
    scripted.enqueue(reasoning("Hm. ") + slow[0] + slow[1] + slow[2])
    run = runs.start(ask.person, "How many days of annual leave?", mode="thinking")

    live = events_of(run)

    assert [type(event) for event in live] == [type(event) for event in stored(run)]
    for after in range(len(live) + 1):
        assert events_of(run, after) == live[after:]
    assert events_of(run, len(live) + 5) == []


def test_followers_who_come_and_go_see_every_event_once(ask: Asker, scripted: ScriptedServer) -> None:
    pieces = Script()
    for start in range(0, len(LONG), 20):
        pieces += text(LONG[start : start + 20], pieces=1) + wait(0.02)
    scripted.enqueue(pieces)
    run = runs.start(ask.person, "How many days of annual leave?", mode="fast")

    async def impatient() -> list[tuple[int, Event]]:
        """Goes away after every second event, and comes back where it left."""
        seen: list[tuple[int, Event]] = []
        while not seen or not isinstance(seen[-1][1], Finished):
            stream = runs.follow(run.pk, seen[-1][0] if seen else 0)
            async for numbered in stream:
                seen.append(numbered)
                if len(seen) % 2 == 0:
                    break
            assert isinstance(stream, AsyncGenerator)
            await stream.aclose()
        return seen

    async def watch() -> list[list[tuple[int, Event]]]:
        patient = [_collect(run) for _ in range(3)]
        return list(await asyncio.gather(impatient(), *patient))

    first, *others = asyncio.run(asyncio.wait_for(watch(), 30))

    assert all(other == first for other in others)
    assert [seq for seq, _ in first] == list(range(1, len(first) + 1))
    assert answer_of(event for _, event in first).startswith("You have 15 days of annual leave [1].")
    assert sum(isinstance(event, Text) for _, event in first) > 3


async def _collect(run: Run) -> list[tuple[int, Event]]:
    return [numbered async for numbered in runs.follow(run.pk)]


def test_a_follower_in_another_process_reads_the_same(
    ask: Asker, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.enqueue(text(LONG[:100]) + wait(0.3) + text(LONG[100:]))
    run = runs.start(ask.person, "How many days of annual leave?", mode="fast")
    monkeypatch.setattr(workshop(), "live", lambda run_id: None)

    events = events_of(run)

    assert events == stored(run)
    assert isinstance(events[-1], Finished)


def test_nobody_has_to_watch(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.enqueue(text("15 days [1]."))
    run = runs.start(ask.person, "How many days of annual leave?", mode="fast")
    until(lambda: Run.objects.get(pk=run.pk).state == RunState.FINISHED)


def test_whoever_follows_holds_no_connection(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.enqueue(text("Soon.") + hold())
    run = runs.start(ask.person, "How many days of annual leave?", mode="fast")

    async def request() -> bool:
        async with ThreadSensitiveContext():  # as Django opens one for each request
            await sync_to_async(connection.ensure_connection)()
            stream = runs.follow(run.pk)
            await anext(stream)
            held = await sync_to_async(lambda: connection.connection is not None)()
            assert isinstance(stream, AsyncGenerator)
            await stream.aclose()
            return held

    assert not asyncio.run(asyncio.wait_for(request(), 30))
    runs.cancel(run)


def test_a_run_that_is_not_there_cannot_be_followed(transactional_db: None) -> None:
    async def look() -> None:
        async for _ in runs.follow(Conversation().pk):
            pass

    with pytest.raises(Run.DoesNotExist):
        asyncio.run(look())


def test_cancelling_keeps_the_text_and_closes_the_models_stream(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.enqueue(text("You have 15 days of annual leave [1]. And") + hold())
    run = runs.start(ask.person, "How many days of annual leave?", mode="fast")
    until(lambda: answer_of(stored(run)).endswith("And"))

    runs.cancel(run)

    assert events_of(run)[-1] == Cancelled()
    assert scripted.abandoned.wait(5)
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert run.answer.startswith("You have 15 days of annual leave [1]")
    assert run.citations[0]["number"] == 1
    runs.cancel(run)
    assert len(events_of(run)) == run.last_seq


def test_cancelling_reaches_a_run_of_another_process(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.enqueue(reasoning("Hm.") + hold())
    run = runs.start(ask.person, "How many days of annual leave?", mode="thinking")
    until(lambda: any(isinstance(event, Thinking) for event in stored(run)))

    Run.objects.filter(pk=run.pk).update(cancel_requested=True)

    assert events_of(run)[-1] == Cancelled()
    assert scripted.abandoned.wait(5)


def test_a_run_that_nobody_works_on_is_cancelled_at_once(ask: Asker, scripted: ScriptedServer) -> None:
    run = _left_behind(ask, scripted, text("You have") + hold(), "You have")
    runs.cancel(run)
    assert events_of(run)[-1] == Cancelled()


def _left_behind(ask: Asker, scripted: ScriptedServer, script: Script, said: str, mode: str = "fast") -> Run:
    """A run whose process died when its answer, or its reasoning if there was none, ended with `said`."""
    scripted.enqueue(script)
    run = runs.start(ask.person, "How many days of annual leave?", mode=mode)
    until(lambda: (answer_of(stored(run)) or _reasoning(run)).endswith(said))
    abandon(run)
    return run


def _reasoning(run: Run) -> str:
    return "".join(event.text for event in stored(run) if isinstance(event, Thinking))


def test_a_run_is_taken_up_in_the_middle_of_its_answer(ask: Asker, scripted: ScriptedServer) -> None:
    run = _left_behind(ask, scripted, text("You have 15 days of annual leave [1]. Up to 5 unu") + hold(), "unu")
    before = answer_of(stored(run))
    scripted.enqueue(text("sed days carry over to the next year [1]."))

    assert runs.take_up_abandoned() == [run.pk]

    events = events_of(run)
    assert isinstance(events[-1], Finished)
    assert before.startswith("You have 15 days of annual leave [1]. Up to 5 un")
    assert (
        events[-1].answer
        == "You have 15 days of annual leave [1]. Up to 5 unused days carry over to the next year [2]."
    )
    assert sum(isinstance(event, ToolReturned) for event in events) == 1, "what was found is not searched again"
    asked = scripted.chats()[-1]["messages"][-1]["content"]
    assert "Continue exactly where it stops" in asked
    assert "15 days of annual leave [1]. Up to 5 un" in asked
    run.refresh_from_db()
    assert (run.attempts, run.state, len(run.citations)) == (2, RunState.FINISHED, 2)


def test_a_model_that_begins_again_word_for_word_is_joined(ask: Asker, scripted: ScriptedServer) -> None:
    whole = "You have 15 days of annual leave [1]. Up to 5 unused days carry over to the next year [1]."
    run = _left_behind(ask, scripted, text(whole[:60]) + hold(), whole[40:60])
    scripted.enqueue(text(whole, pieces=12))

    runs.take_up_abandoned()

    assert answer_of(events_of(run)) == whole.replace("year [1]", "year [2]")


def test_a_model_that_cannot_go_on_fails_the_run_with_its_text(ask: Asker, scripted: ScriptedServer) -> None:
    said = "You have 15 days of annual leave [1]. Up to 5 unused days and the days before them"
    run = _left_behind(ask, scripted, text(said) + hold(), "before them")
    before = answer_of(stored(run))
    scripted.enqueue(
        text("You have 15 days of annual leave. Up to 5 unused days are lost, and that is another answer.")
    )

    runs.take_up_abandoned()

    last = events_of(run)[-1]
    assert isinstance(last, Failed)
    assert (last.error, last.retry) == ("broke_off", True)
    run.refresh_from_db()
    assert run.answer == before


def test_tool_calls_that_returned_are_not_repeated(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.enqueue(
        reasoning("Let me count.")
        + tool_calls(("run_python", {"code": "15 + 5"}), ("search_knowledge", {"query": "hotel"}))
    )
    run = _left_behind(ask, scripted, reasoning("And then") + hold(), "And then", mode="thinking")
    scripted.enqueue(text("It is 20."))

    runs.take_up_abandoned()

    events = events_of(run)
    assert sum(isinstance(event, ToolReturned) for event in events) == 3
    assert answer_of(events) == "It is 20."
    messages = scripted.chats()[-1]["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "tool", "tool"]
    assert messages[2]["reasoning_content"] == "Let me count."
    assert "20" in messages[3]["content"]
    assert "Hotels are paid up to 180 euros" in messages[4]["content"]


def test_whoever_follows_an_abandoned_run_takes_it_up(ask: Asker, scripted: ScriptedServer) -> None:
    run = _left_behind(ask, scripted, reasoning("Hm.") + hold(), "Hm.", mode="thinking")
    scripted.enqueue(text("15 days [1]."))
    assert isinstance(events_of(run)[-1], Finished)


def test_the_sweep_takes_up_what_nobody_follows(ask: Asker, scripted: ScriptedServer) -> None:
    run = _left_behind(ask, scripted, reasoning("Hm.") + hold(), "Hm.", mode="thinking")
    scripted.enqueue(text("15 days [1]."))
    assert sweep() == 1
    assert sweep() == 0
    until(lambda: Run.objects.get(pk=run.pk).state == RunState.FINISHED)


def test_a_run_that_breaks_off_again_and_again_is_given_up(ask: Asker, scripted: ScriptedServer) -> None:
    run = _left_behind(ask, scripted, text("You have 15 days of annual leave [1]. And") + hold(), "And")
    Run.objects.filter(pk=run.pk).update(attempts=runs.ATTEMPTS)

    assert runs.take_up_abandoned() == []

    last = events_of(run)[-1]
    assert isinstance(last, Failed)
    assert (last.error, last.retry) == ("abandoned", True)
    run.refresh_from_db()
    assert run.answer.startswith("You have 15 days of annual leave [1].")


def test_a_process_that_lost_its_lease_stores_nothing_more(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.enqueue(text("You have") + wait(1.5) + text(" 15 days."))
    run = runs.start(ask.person, "How many days of annual leave?", mode="fast")
    until(lambda: any(isinstance(event, Text) for event in stored(run)))
    Run.objects.filter(pk=run.pk).update(lease="another process", heartbeat_at=timezone.now())
    until(lambda: run.pk not in workshop().at_work())
    assert answer_of(stored(run)) == "You have"

    run.refresh_from_db()
    with pytest.raises(LeaseLost):
        append(run.pk, "mine", run.last_seq, [Text("x")])
    with pytest.raises(LeaseLost):
        append(run.pk, "another process", run.last_seq - 1, [Text("x")])


def test_rights_lost_meanwhile_are_respected_when_a_run_is_taken_up(
    ask: Asker, alice: Person, scripted: ScriptedServer
) -> None:
    scripted.enqueue(reasoning("Hm.") + hold())
    run = runs.start(alice, "What is the salary of the head of engineering?", mode="thinking")
    until(lambda: any(isinstance(event, Thinking) for event in stored(run)))
    assert "190,000" in str(scripted.chats()[-1])
    abandon(run)
    alice.groups.clear()
    scripted.enqueue(text("The documents do not answer this."))

    runs.take_up_abandoned()

    events_of(run)
    assert "190,000" not in str(scripted.chats()[-1])


CHILD = """
import django, sys, time
django.setup()
from accounts.models import Person
from agents import runs
run = runs.start(Person.objects.get(username="bob"), "How many days of annual leave?", mode="fast")
print(run.pk, flush=True)
time.sleep(60)
"""


def test_a_killed_process_run_goes_on_elsewhere(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.enqueue(text("You have 15 days of annual leave [1]. Up to 5 unu") + hold())
    place = connection.settings_dict
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": f"postgresql://{place['USER']}@/{place['NAME']}?host={place['HOST']}",
        "LOCAL_MODEL_URL": scripted.base_url,
        "INSTRUCT_MODEL": "scripted-instruct",
        "PYTHONPATH": str(ROOT),
    }
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD], env=environment, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert child.stdout
    run = Run.objects.get(pk=child.stdout.readline().strip())
    until(lambda: answer_of(stored(run)).endswith("Up to 5 unu"))
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    before = answer_of(stored(run))
    Run.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now() - timedelta(seconds=30))
    scripted.enqueue(text("sed days carry over [1]."))

    events = events_of(run)

    assert answer_of(events).startswith(before)
    assert answer_of(events).endswith("Up to 5 unused days carry over [2].")
    assert isinstance(events[-1], Finished)


def test_a_question_must_be_one(bob: Person, alice: Person, transactional_db: None) -> None:
    theirs = Conversation.objects.create(person=alice)
    refused: list[tuple[str, dict[str, Any]]] = [
        ("  ", {}),
        ("x" * 20_001, {}),
        ("Hello?", {"mode": "slow"}),
        ("Hello?", {"conversation": theirs}),
    ]
    for question, options in refused:
        with pytest.raises(runs.QuestionError, match=r"\.$"):
            runs.start(bob, question, **options)
    assert not Run.objects.exists()


def test_asking_again_stands_beside_the_first_answer(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.enqueue(text("15 days [1]."), text("Fifteen days of leave [1]."))
    ask("How many days of annual leave?", mode="fast")
    assert ask.run

    again = runs.regenerate(ask.run, "thinking")

    assert isinstance(events_of(again)[-1], Finished)
    assert (again.regenerates, again.conversation, again.mode) == (ask.run, ask.run.conversation, "thinking")
    assert [message["role"] for message in scripted.chats()[-1]["messages"]] == ["system", "user"]


def test_a_run_is_given_back_when_its_process_ends(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.enqueue(text("You have") + hold())
    run = runs.start(ask.person, "How many days of annual leave?", mode="fast")
    until(lambda: any(isinstance(event, Text) for event in stored(run)))
    workshop().release()
    assert stored_after(run.pk, 0).stale
    runs.cancel(run)
    assert events_of(run)[-1] == Cancelled()


def test_many_runs_at_once(ask: Asker, scripted: ScriptedServer, library: dict[str, Document]) -> None:
    scripted.otherwise = text("You have 15 days of annual leave [1].", pieces=6)
    started = [runs.start(ask.person, "How many days of annual leave?", mode="fast") for _ in range(12)]

    async def everybody() -> list[Run]:
        return list(await asyncio.gather(*(runs.outcome(run.pk) for run in started)))

    ended = asyncio.run(asyncio.wait_for(everybody(), 60))

    assert {run.answer for run in ended} == {"You have 15 days of annual leave [1]."}
    assert threading.active_count() < 60


def test_a_failing_search_is_a_bug_and_says_so(
    ask: Asker, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.evidence.search_as", lambda *args, **kwargs: 1 / 0)
    last = ask("How many days?", mode="fast")[-1]
    assert isinstance(last, Failed)
    assert last.error == "internal"
    scripted.enqueue(error(500, "x", "y"))
