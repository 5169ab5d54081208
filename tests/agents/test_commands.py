"""`manage.py ask`."""

import json

import pytest
from django.core.management import CommandError, call_command

from tests.agents.conftest import Asker
from tests.llm.scripted import ScriptedServer, error, text, tool_calls

QUESTION = "How many days of annual leave do I have?"


def test_it_streams_the_answer_and_lists_its_citations(
    ask: Asker, scripted: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.enqueue(
        tool_calls(("escalate", {"reason": "Two policies."})),
        tool_calls(("plan", {"steps": ["Search", "Answer"]}), ("run_python", {"code": "7 * 2 + 1"})),
        text("You have 15 days of annual leave [1]."),
    )

    call_command("ask", QUESTION, "--as", "bob")

    out, err = capsys.readouterr()
    assert out == (
        "You have 15 days of annual leave [1].\n"
        "[1] Leave policy: “Staff are entitled to 15 days of annual leave a year.”\n"
    )
    for said in ("→ fast (simple)", "→ thinking: Two policies.", "1. Search", "run_python", "15"):
        assert said in err


def test_it_gives_one_json_object(ask: Asker, scripted: ScriptedServer, capsys: pytest.CaptureFixture[str]) -> None:
    scripted.enqueue(text("You have 15 days of annual leave [1]."))
    call_command("ask", QUESTION, "--as", "bob", "--mode", "fast", "--json")
    given = json.loads(capsys.readouterr().out)
    assert given["mode"] == "fast"
    assert given["citations"][0]["quote"].startswith("Staff are entitled")
    assert given["claims"][0]["support"] == "supported"


def test_it_says_what_is_wrong(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.enqueue(error(401, "invalid_api_key", "no"))
    with pytest.raises(CommandError, match="API key"):
        call_command("ask", QUESTION, "--as", "bob", "--mode", "fast")
    with pytest.raises(CommandError, match="nobody named 'dora'"):
        call_command("ask", QUESTION, "--as", "dora")
    with pytest.raises(CommandError, match="Write a question first"):
        call_command("ask", " ", "--as", "bob")
