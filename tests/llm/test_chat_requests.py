"""The body of a request in each server's dialect."""

from typing import Any

import pytest

from llm.capabilities import Capabilities, capabilities_of
from llm.chat_requests import ChatRequest
from llm.errors import ModelError
from llm.messages import ToolCall, ToolSpec, assistant_message
from llm.profiles import PROFILES

HI = ({"role": "user", "content": "Hi"},)


def body(profile: str, model: str = "m", known: Capabilities | None = None, **wanted: Any) -> dict[str, Any]:
    request = ChatRequest(**({"messages": HI} | wanted))
    return request.body(PROFILES[profile], model, known or Capabilities())


def template(thinking: bool) -> dict[str, Any]:
    return {"chat_template_kwargs": {"enable_thinking": thinking}}


VENDOR_FIELDS = {"enable_thinking", "thinking_budget", "chat_template_kwargs", "reasoning_effort"}


@pytest.mark.parametrize(
    ("profile", "off", "on"),
    [
        ("modelstudio", {"enable_thinking": False}, {"enable_thinking": True, "thinking_budget": 32_768}),
        ("local", {"enable_thinking": False}, {"enable_thinking": True}),
        ("openai", {"reasoning_effort": "none"}, {"reasoning_effort": "medium"}),
        ("ollama", {"reasoning_effort": "none"}, {"reasoning_effort": "medium"}),
        ("vllm", template(False), template(True)),
        ("sglang", template(False), template(True)),
        ("lmstudio", {}, {}),
        ("compatible", {}, {}),
    ],
)  # fmt: skip
def test_each_server_is_switched_in_its_own_words(profile: str, off: dict[str, Any], on: dict[str, Any]) -> None:
    for thinking, expected in ((False, off), (True, on)):
        sent = body(profile, thinking=thinking)
        assert {name: value for name, value in sent.items() if name in VENDOR_FIELDS} == expected


@pytest.mark.parametrize(
    ("model", "most"),
    [("qwen3.8-max", 262_144), ("qwen3.7-max-2026-05-20", 131_072), ("qwen3-max", 81_920), ("qwen3-32b", 38_912)],
)
def test_the_thinking_budget_stays_within_the_model(model: str, most: int) -> None:
    assert body("modelstudio", model, thinking=True, thinking_budget=10**6)["thinking_budget"] == most


def test_budget_and_effort_never_travel_together() -> None:
    for profile in PROFILES:
        sent = body(profile, thinking=True, thinking_budget=1000)
        assert not {"thinking_budget", "reasoning_effort"} <= set(sent)


@pytest.mark.parametrize(("budget", "effort"), [(1000, "low"), (10_000, "medium"), (100_000, "high")])
def test_a_budget_becomes_an_effort_where_servers_know_no_tokens(budget: int, effort: str) -> None:
    assert body("openai", thinking=True, thinking_budget=budget)["reasoning_effort"] == effort


def test_incremental_output_is_never_sent() -> None:
    assert not [profile for profile in PROFILES if "incremental_output" in body(profile, thinking=True)]


@pytest.mark.parametrize(("profile", "field"), [("modelstudio", "max_tokens"), ("openai", "max_completion_tokens")])
def test_each_server_has_its_name_for_the_limit(profile: str, field: str) -> None:
    assert body(profile, max_tokens=9)[field] == 9


def test_content_is_sent_as_a_plain_string() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert body("modelstudio", messages=({"role": "user", "content": parts},))["messages"][0]["content"] == "a\nb"


def test_reasoning_is_echoed_where_it_helps_and_left_out_where_it_is_refused() -> None:
    turn = assistant_message("", tool_calls=[ToolCall("c", "f", "{}")], reasoning="hm", reasoning_field="reasoning")
    assert body("vllm", messages=(turn,))["messages"][0]["reasoning"] == "hm"
    assert "reasoning" not in body("openai", messages=(turn,))["messages"][0]
    assert "reasoning" not in body("vllm", messages=(turn,), known=Capabilities({"reasoning"}))["messages"][0]


def test_reasoning_that_came_inline_goes_back_inline() -> None:
    assert (
        assistant_message("Yes", reasoning="hm", reasoning_field="think")["content"] == "<think>\nhm\n</think>\n\nYes"
    )


@pytest.mark.parametrize("name", ["", "a" * 65, "with space", "搜索", "a.b"])
def test_tool_names_servers_refuse_are_refused_here(name: str) -> None:
    with pytest.raises(ValueError, match="64 letters"):
        ToolSpec(name, "", {})


def test_the_tool_name_search_is_refused_on_model_studio_alone() -> None:
    tools = (ToolSpec("search", "", {}),)
    assert body("vllm", tools=tools)["tools"]
    with pytest.raises(ModelError, match="search"):
        body("modelstudio", tools=tools)


def test_what_was_learned_is_shared_by_server_and_model() -> None:
    first = capabilities_of("http://one/v1", "m")
    assert first is capabilities_of("http://one/v1", "m")
    assert first is not capabilities_of("http://one/v1", "n")


def test_only_refusals_are_learned_from() -> None:
    known = Capabilities()
    assert not known.learn(ModelError("rate_limit", "stream_options not supported", status=429), {"stream_options": 1})
    assert not known.learn(ModelError("invalid_request", "dimensions not supported", status=400), {"model": "m"})
    assert known == Capabilities()
