"""A run that is killed right after any kind of event goes on elsewhere and ends as if nothing had happened.

The processes are real: one child that has loaded the project forks for each kind, and the fork kills itself with
SIGKILL in the moment in which the event is stored.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from agents import runs
from agents.events import KINDS, Event, ToolCalled, answer_of
from agents.journal import stored_after
from agents.models import Run, RunState
from kb.models import Document
from tests.agents.conftest import Asker, events_of
from tests.agents.story import citations, story
from tests.agents.test_survey_runs import documents_in
from tests.llm.scripted import Request, Script, ScriptedServer, error, reasoning, text, tool_calls

ROOT = Path(__file__).resolve().parents[2]
QUESTION = "How many days of annual leave do I have?"
WRONG = "You have 25 days of annual leave [1]."
RIGHT = "You have 15 days of annual leave a year [1]. Up to 5 unused days carry over to the next year [1]."
CHILD = """
import os, signal, sys
import django
django.setup()
import h11, httpcore2, jiter, openai.resources.chat, truststore
from django.db import connections
from accounts.models import Person
from agents import runs, storing, writer
from agents import roads
from agents.journal import append, append_together
from kb.search import search_as

search_as(Person.objects.get(username="bob"), "annual leave", method="lexical")  # what is loaded now no fork loads

for line in sys.stdin:
    kind, number, question = line.split(maxsplit=2)
    connections.close_all()
    if not os.fork():
        left = [int(number)]
        def die_after(run_id, events):
            left[0] -= sum(event.kind == kind for event in events)
            if left[0] <= 0:
                print(run_id, flush=True)
                os.kill(os.getpid(), signal.SIGKILL)
        def stored_then_killed(run_id, lease, last_seq, events, **columns):
            numbered = append(run_id, lease, last_seq, events, **columns)
            die_after(run_id, events)
            return numbered
        def stored_together_then_killed(lease, additions):
            held = append_together(lease, additions)
            for addition in additions:
                die_after(addition.run_id, addition.events)
            return held
        writer.append = stored_then_killed
        storing.append_together = stored_together_then_killed
        runs.start(Person.objects.get(username="bob"), question.strip())
        signal.pause()
    os.wait()
"""
KILLS = [
    ("routed", 1), ("tool_called", 1), ("tool_returned", 1), ("text", 1), ("cited", 1), ("checked", 1),
    ("escalated", 1), ("thinking", 1), ("tool_called", 2), ("planned", 1), ("tool_returned", 2), ("tool_returned", 3),
    ("thinking", 2), ("limited", 1), ("text", 2), ("cited", 2), ("checked", 2), ("revised", 1),
]  # fmt: skip


def model(request: Request) -> Script:
    """A weak quick answer; then a plan and two calls at once, one more call, the limit, and the answer."""
    messages = request.body["messages"]
    results = sum(message["role"] == "tool" for message in messages)
    if request.body["model"] == "scripted-instruct":
        return text(WRONG)
    if not results:
        calls = (("plan", {"steps": ["Search", "Add", "Answer"]}), ("search_knowledge", {"query": "annual leave"}))
        return reasoning("First a plan.") + tool_calls(*calls)
    if "tools" in request.body:
        return reasoning("Now the sum.") + tool_calls(("run_python", {"code": f"{results} + 13"}))
    return text(RIGHT, pieces=9)


@pytest.fixture
def child(ask: Asker, scripted: ScriptedServer) -> Iterator[subprocess.Popen[str]]:
    place = connection.settings_dict
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": f"postgresql://{place['USER']}@/{place['NAME']}?host={place['HOST']}",
        "LOCAL_MODEL_URL": scripted.base_url,
        "INSTRUCT_MODEL": "scripted-instruct",
        "THINKING_MODEL": "scripted-thinking",
        "PYTHONPATH": str(ROOT),
        "THINKING_STEPS": "2",
        "EMBEDDING_MODEL": "scripted-embedding",
        "EMBEDDING_DIMENSIONS": "16",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    yield process
    assert process.stdin
    process.stdin.close()
    assert process.wait(10) == 0


def asking(request: Request) -> Script:
    """A weak quick answer; then the Thinking model asks the person back."""
    if request.body["model"] == "scripted-instruct":
        return text(WRONG)
    return reasoning("It may mean two things.") + tool_calls(("ask_person", {"question": "Which country do you mean?"}))


def failing(request: Request) -> Script:
    """A weak quick answer; then the Thinking model's server refuses the key."""
    if request.body["model"] == "scripted-instruct":
        return text(WRONG)
    return error(401, "invalid_api_key", "Incorrect API key provided.")


def surveying(request: Request) -> Script:
    """Reads rows of documents as a faithful model would: those that speak of annual leave."""
    rows = []
    for document in documents_in(request):
        said = [one for one in document["passages"] if "annual leave" in one["text"]]
        quote = (
            {"meets": "yes", "source": said[0]["source"], "quote": said[0]["text"][:40]} if said else {"meets": "no"}
        )
        rows.append({"document": document["document"], **quote})
    return text(json.dumps({"rows": rows}))


STORIES: dict[str, tuple[str, Callable[[Request], Script], list[tuple[str, int]]]] = {
    "asked": (QUESTION, asking, [("checked", 1), ("escalated", 1), ("tool_called", 2), ("asked", 1)]),
    "kept": (QUESTION, failing, [("escalated", 1), ("kept", 1)]),
    "surveyed": ("Which documents mention annual leave?", surveying, [("routed", 1), ("surveyed", 1), ("text", 1)]),
}

WITHOUT_EFFECT = {"failed", "cancelled", "attached"}
"""Two are the end of a run; files are waited for anew, before anything else, by whoever takes the run up."""


def killed_and_taken_up(
    kind: str, number: int, question: str, undisturbed: list[Event], child: subprocess.Popen[str]
) -> Run:
    """A run that dies right after an event and goes on here; nothing but its attempts tells that it did."""
    assert child.stdin
    assert child.stdout
    print(kind, number, question, file=child.stdin, flush=True)
    run = Run.objects.get(pk=child.stdout.readline().strip())
    before = [event for _, event in stored_after(run.pk, 0).events]
    assert sum(event.kind == kind for event in before) >= number
    assert run.state == RunState.RUNNING
    Run.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now() - timedelta(seconds=30))

    events = events_of(run)

    where = f"killed after {kind} {number}"
    assert events[: len(before)] == before, where
    assert story(events) == story(undisturbed), where
    assert citations(events) == citations(undisturbed), where
    called = [event.call_id for event in events if isinstance(event, ToolCalled)]
    assert len(set(called)) == len(called), where
    run.refresh_from_db()
    assert (run.state, run.answer, run.attempts) == (RunState.FINISHED, answer_of(undisturbed), 2), where
    assert not runs.take_up(run.pk)
    return run


@pytest.mark.parametrize("kills", [KILLS[:6], KILLS[6:12], KILLS[12:]])
def test_killed_after_each_kind_of_event(
    kills: list[tuple[str, int]],
    ask: Asker,
    scripted: ScriptedServer,
    child: subprocess.Popen[str],
    library: dict[str, Document],
    settings: object,
) -> None:
    settings.THINKING_STEPS = 2  # type: ignore[attr-defined]
    scripted.otherwise = model
    undisturbed = ask(QUESTION)
    kinds = {event.kind for event in undisturbed}
    assert kinds - {"finished"} == {kind for kind, _ in KILLS}
    assert set(KINDS) - kinds == {*STORIES, *WITHOUT_EFFECT}

    for kind, number in kills:
        killed_and_taken_up(kind, number, QUESTION, undisturbed, child)


@pytest.mark.parametrize("ending", STORIES)
def test_killed_where_a_run_takes_another_turn(
    ending: str,
    ask: Asker,
    scripted: ScriptedServer,
    child: subprocess.Popen[str],
    library: dict[str, Document],
    settings: object,
) -> None:
    settings.THINKING_STEPS = 2  # type: ignore[attr-defined]
    question, scripted.otherwise, kills = STORIES[ending]
    undisturbed = ask(question)
    assert ending in {event.kind for event in undisturbed}

    for kind, number in kills:
        killed_and_taken_up(kind, number, question, undisturbed, child)
