"""`check_models`: every check succeeds against a good server, and says what to set against a bad one."""

import json
import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from llm.checks import Check, check_models
from tests.llm.scripted import Request, Script, ScriptedServer, error, reasoning, reply, text, tool_calls

NAMES = ["chat", "no-thinking", "thinking", "tools", "embeddings", "rerank"]


def good(request: Request) -> Script:
    if request.body.get("tools"):
        return reasoning("hm") + tool_calls(("search_knowledge", {"query": "leave"}))
    return reasoning("hm") + text("Yes.") if request.body.get("enable_thinking") else text("Yes.")


def checked(scripted: ScriptedServer, **changes: Any) -> dict[str, Check]:
    return {check.name: check for check in check_models(scripted.servers(**changes))}


def test_a_good_server_passes_every_check(scripted: ScriptedServer) -> None:
    scripted.otherwise = good
    checks = check_models(scripted.servers())
    assert [check.name for check in checks] == NAMES
    assert not [check for check in checks if not check.ok]
    assert [check.model for check in checks][2:5] == ["scripted-thinking", "scripted-thinking", "scripted-embedding"]
    assert "16 dimensions" in checks[4].sentence


def test_a_model_that_cannot_stop_thinking_names_the_variable(scripted: ScriptedServer) -> None:
    scripted.otherwise = reasoning("hm") + text("Yes.")
    check = checked(scripted)["no-thinking"]
    assert not check.ok
    assert "INSTRUCT_MODEL" in check.sentence


def test_a_model_that_cannot_think_or_call_names_the_variable(scripted: ScriptedServer) -> None:
    scripted.otherwise = text("Yes.")
    checks = checked(scripted)
    assert not checks["thinking"].ok
    assert "--reasoning-parser" in checks["thinking"].sentence
    assert not checks["tools"].ok
    assert "--tool-call-parser" in checks["tools"].sentence


def test_broken_arguments_are_seen(scripted: ScriptedServer) -> None:
    broken = {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "search_knowledge", "arguments": "{"}}]}
    frame = {"choices": [{"delta": broken, "finish_reason": "tool_calls"}]}
    scripted.otherwise = reply(200, f"data: {json.dumps(frame)}\n\n", content_type="text/event-stream")
    assert "not JSON" in checked(scripted)["tools"].sentence


def test_each_failure_has_its_own_sentence_and_stops_no_other_check(scripted: ScriptedServer) -> None:
    scripted.models = ["other-model"]
    scripted.otherwise = error(404, "model_not_found", "The model does not exist.")
    scripted.enqueue(error(401, "InvalidApiKey", "Invalid API-key"), path="/v1/embeddings")
    scripted.enqueue(reply(200, {"results": [{"index": 0, "relevance_score": 1}]}), path="/v1/rerank")
    checks = checked(scripted)
    assert not [check for check in checks.values() if check.ok]
    assert "other-model" in checks["chat"].sentence
    assert "API key" in checks["embeddings"].sentence
    assert "[request req-1]" in checks["embeddings"].sentence
    assert "RERANK_MODEL" in checks["rerank"].sentence


def test_no_rerank_is_no_failure(scripted: ScriptedServer) -> None:
    scripted.otherwise = good
    check = checked(scripted, rerank=None, rerank_model="")["rerank"]
    assert check.ok
    assert "not configured" in check.sentence


def test_sentences_come_in_chinese_too(scripted: ScriptedServer) -> None:
    scripted.otherwise = error(400, "Arrearage", "Access denied")
    assert "欠费" in check_models(scripted.servers(), "zh-hans")[0].sentence


def test_the_command_prints_a_table(scripted: ScriptedServer, settings: object) -> None:
    scripted.otherwise = good
    settings.MODEL_SERVERS = scripted.servers()  # type: ignore[attr-defined]
    out = StringIO()
    call_command("check_models", stdout=out)
    lines = out.getvalue().splitlines()
    assert scripted.base_url in lines[0]
    assert [line.split()[:2] for line in lines[2:]] == [["ok", name] for name in NAMES]
    assert "secret" not in out.getvalue()


def test_the_command_fails_where_a_check_does_and_prints_json(scripted: ScriptedServer, settings: object) -> None:
    scripted.otherwise = error(401, "InvalidApiKey", "Invalid API-key")
    settings.MODEL_SERVERS = scripted.servers()  # type: ignore[attr-defined]
    out = StringIO()
    with pytest.raises(CommandError, match="4 of 6 checks failed: chat, no-thinking, thinking, tools"):
        call_command("check_models", "--json", stdout=out)
    assert [check["ok"] for check in json.loads(out.getvalue())["checks"]] == [False] * 4 + [True] * 2


def test_what_works_and_what_does_not_is_said_in_chinese(scripted: ScriptedServer) -> None:
    scripted.otherwise = text("At once.")
    checks = check_models(scripted.servers(), "zh-hans")
    assert {check.ok for check in checks} == {True, False}
    assert all(re.search("[\u4e00-\u9fff]", check.sentence) for check in checks), [one.sentence for one in checks]
