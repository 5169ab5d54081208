"""The chat client against a real HTTP server that misbehaves, through the real `openai` package."""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from llm import connections
from llm.clients import ChatModel, chat_model
from llm.errors import ModelError, ThinkingMustStream
from llm.messages import ToolCall, ToolSpec, assistant_message, tool_message
from llm.profiles import MODELSTUDIO, Endpoint, Limits
from llm.streams import Delta, Finished, Reasoning, Text, Usage
from tests.llm.scripted import (
    Request,
    Script,
    ScriptedServer,
    completion,
    cut,
    end,
    error,
    hold,
    no_end,
    raw,
    reasoning,
    reply,
    text,
    tool_calls,
    wait,
)

HI = [{"role": "user", "content": "Hi"}]
SEARCH = ToolSpec("search_knowledge", "Find passages.", {"type": "object", "properties": {}})


async def collect(model: ChatModel, *, thinking: bool = False, **options: Any) -> list[Delta]:
    async with aclosing(model.stream(HI, thinking=thinking, **options)) as deltas:
        return [delta async for delta in deltas]


async def failure(model: ChatModel, **options: Any) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await collect(model, **options)
    return caught.value


def answer(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, Text))


@pytest.fixture
def instruct(scripted: ScriptedServer) -> ChatModel:
    return ChatModel(scripted.servers(), "instruct")


@pytest.fixture
def thinker(scripted: ScriptedServer) -> ChatModel:
    return ChatModel(scripted.servers(), "thinking")


# The road of a reply


async def test_a_streamed_answer(scripted: ScriptedServer, instruct: ChatModel) -> None:
    scripted.enqueue(text("Ten days.", usage=(12, 3)))
    deltas = await collect(instruct)
    assert answer(deltas) == "Ten days."
    assert deltas[-2:] == [Usage(12, 3), Finished("stop")]
    assert scripted.requests[-1].headers["authorization"] == "Bearer sk-test-secret"


async def test_thinking_with_tools_is_streamed(scripted: ScriptedServer, thinker: ChatModel) -> None:
    scripted.enqueue(reasoning("I should search.") + tool_calls(("search_knowledge", {"query": "leave"})))
    deltas = await collect(thinker, thinking=True, tools=[SEARCH], thinking_budget=2048)
    assert ToolCall("call_0a", "search_knowledge", '{"query":"leave"}') in deltas
    body = scripted.chats()[0]
    assert (body["enable_thinking"], body["thinking_budget"], body["stream"]) == (True, 2048, True)
    assert body["stream_options"] == {"include_usage": True}
    assert body["tools"] == [SEARCH.to_openai()]


async def test_the_fast_road_turns_thinking_off_explicitly(scripted: ScriptedServer, instruct: ChatModel) -> None:
    scripted.enqueue(text("Yes."))
    await collect(instruct)
    assert scripted.chats()[0]["enable_thinking"] is False
    assert "thinking_budget" not in scripted.chats()[0]


async def test_complete_is_one_reply_without_a_stream(scripted: ScriptedServer, instruct: ChatModel) -> None:
    scripted.enqueue(text("Yes."), tool_calls(("search_knowledge", {"query": "a"})))
    reply = await instruct.complete(HI, max_tokens=50)
    assert (reply.text, reply.usage) == ("Yes.", Usage(11, 7))
    body = scripted.chats()[0]
    assert (body["stream"], body["max_tokens"], body["enable_thinking"]) == (False, 50, False)
    assert "stream_options" not in body
    assert (await instruct.complete(HI, tools=[SEARCH])).tool_calls[0].name == "search_knowledge"


async def test_thinking_without_a_stream_is_refused_before_any_server_sees_it(
    scripted: ScriptedServer, thinker: ChatModel
) -> None:
    with pytest.raises(ThinkingMustStream):
        await thinker.complete(HI, thinking=True)
    assert not scripted.requests


async def test_reasoning_goes_back_under_the_field_it_came_in(scripted: ScriptedServer, thinker: ChatModel) -> None:
    call = ToolCall("c1", "search_knowledge", "{}")
    turn = assistant_message("", tool_calls=[call], reasoning="hm", reasoning_field="reasoning_content")
    scripted.enqueue(text("Yes."))
    async with aclosing(thinker.stream([*HI, turn, tool_message(call, "{}")], thinking=True)) as deltas:
        assert [delta async for delta in deltas]
    assert scripted.chats()[0]["messages"][1]["reasoning_content"] == "hm"
    assert scripted.chats()[0]["messages"][2] == {"role": "tool", "tool_call_id": "c1", "content": "{}"}


async def test_closing_the_stream_stops_the_generation(scripted: ScriptedServer, instruct: ChatModel) -> None:
    scripted.enqueue(text("One", pieces=1) + hold())
    async with aclosing(instruct.stream(HI, thinking=False)) as deltas:
        assert await anext(deltas) == Text("One")
        assert not scripted.abandoned.is_set()
    assert await asyncio.to_thread(scripted.abandoned.wait, 5)


async def test_cancelling_the_task_stops_the_generation(scripted: ScriptedServer, instruct: ChatModel) -> None:
    scripted.enqueue(text("One", pieces=1) + hold())
    seen = asyncio.Event()

    async def ask() -> None:
        async for _ in instruct.stream(HI, thinking=False):
            seen.set()

    task = asyncio.create_task(ask())
    await seen.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(scripted.abandoned.wait, 5)


async def test_streams_run_side_by_side_over_one_client(scripted: ScriptedServer, instruct: ChatModel) -> None:
    scripted.otherwise = wait(0.05) + text("Yes.")
    replies = await asyncio.gather(*(collect(instruct) for _ in range(20)))
    assert [answer(reply) for reply in replies] == ["Yes."] * 20


def test_every_event_loop_has_a_client_of_its_own(scripted: ScriptedServer) -> None:
    scripted.otherwise = text("Yes.")

    async def ask() -> str:
        model = chat_model(scripted.servers(), "instruct")
        assert model is chat_model(scripted.servers(), "instruct")
        return answer(await collect(model))

    assert [asyncio.run(ask()) for _ in range(3)] == ["Yes."] * 3
    assert len([loop for loop in connections._of_loop if not loop.is_closed()]) <= 1


# Ends that are none


async def test_a_connection_cut_within_the_reply_is_truncated(scripted: ScriptedServer, instruct: ChatModel) -> None:
    scripted.enqueue(text("Half an", pieces=1) + cut())
    assert (await failure(instruct)).kind == "truncated"
    assert len(scripted.chats()) == 1


async def test_a_stream_without_finish_reason_is_truncated(scripted: ScriptedServer, instruct: ChatModel) -> None:
    scripted.enqueue(text("Half an") + no_end())
    assert (await failure(instruct)).kind == "truncated"
    assert len(scripted.chats()) == 1


async def test_a_cut_before_the_first_delta_is_repeated(scripted: ScriptedServer, instruct: ChatModel) -> None:
    scripted.enqueue(cut(), no_end(), text("Yes."))
    assert (await failure(instruct)).kind == "truncated"
    assert answer(await collect(instruct)) == "Yes."


async def test_silence_between_two_pieces_is_a_timeout(scripted: ScriptedServer) -> None:
    limits = replace(scripted.servers().limits, chunk=0.2)
    scripted.enqueue(text("Half an") + hold())
    error = await failure(ChatModel(scripted.servers(limits=limits), "instruct"))
    assert (error.kind, error.retry) == ("timeout", True)


async def test_pings_do_not_outlive_the_deadline(scripted: ScriptedServer) -> None:
    limits = replace(scripted.servers().limits, deadline=0.4)
    pings = text("Half an")
    for _ in range(20):
        pings += raw(b": ping\n\n") + wait(0.1)
    scripted.enqueue(pings)
    assert (await failure(ChatModel(scripted.servers(limits=limits), "instruct"))).kind == "timeout"


async def test_a_server_that_is_not_there_is_a_connection_failure() -> None:
    with ScriptedServer() as gone:
        servers = gone.servers(chat=Endpoint("http://127.0.0.1:9/v1"))
        error = await failure(ChatModel(servers, "instruct"))
    assert error.kind == "connection"
    assert error.retry


async def test_more_requests_than_connections_wait_their_turn(scripted: ScriptedServer) -> None:
    limits = replace(scripted.servers().limits, connections=2)
    model = ChatModel(scripted.servers(limits=limits), "instruct")
    scripted.otherwise = wait(0.02) + text("Yes.")
    assert len(await asyncio.gather(*(collect(model) for _ in range(6)))) == 6


# Errors and repeats


@pytest.mark.parametrize("shape", ["nested", "flat", "framed", "vllm"])
async def test_error_bodies_of_every_shape(scripted: ScriptedServer, instruct: ChatModel, shape: str) -> None:
    scripted.enqueue(error(400, "data_inspection_failed", "Input data may contain inappropriate content.", shape=shape))
    assert (await failure(instruct)).kind == "content_filter"
    assert len(scripted.chats()) == 1


async def test_the_request_id_comes_from_the_body_or_the_header(scripted: ScriptedServer, instruct: ChatModel) -> None:
    scripted.enqueue(error(401, "invalid_api_key", "no"))
    assert (await failure(instruct)).request_id == "req-1"
    scripted.enqueue(error(401, "invalid_api_key", "no", shape="ollama", x_request_id="h-1"))
    assert (await failure(instruct)).request_id == "h-1"


@pytest.mark.parametrize(
    ("status", "code", "message", "tries"),
    [
        (429, "Throttling.RateQuota", "Requests rate limit exceeded", 5),
        (429, "insufficient_quota", "You exceeded your current quota", 4),
        (503, "ModelUnavailable", "busy", 5),
        (500, "InternalError", "An internal error has occured", 3),
        (500, "RequestTimeOut", "Request timed out", 2),
        (429, "PrepaidBillOverdue", "The prepaid bill is overdue.", 1),
        (429, "Throttling.AllocationQuota", "Free allocated quota exceeded.", 1),
        (400, "Arrearage", "Access denied", 1),
        (401, "InvalidApiKey", "Invalid API-key provided.", 1),
        (500, "InternalError.Algo", "list index out of range", 1),
    ],
)
async def test_only_what_may_pass_is_repeated(
    scripted: ScriptedServer, instruct: ChatModel, status: int, code: str, message: str, tries: int
) -> None:
    scripted.otherwise = error(status, code, message)
    await failure(instruct)
    assert len(scripted.chats()) == tries


async def test_a_repeat_that_succeeds_is_the_answer(scripted: ScriptedServer, instruct: ChatModel) -> None:
    scripted.enqueue(error(429, "limit_requests", "slow"), error(503, "ModelUnavailable", "busy"), text("At last."))
    assert answer(await collect(instruct)) == "At last."


async def test_retry_after_beyond_two_minutes_is_not_waited_for(scripted: ScriptedServer, instruct: ChatModel) -> None:
    scripted.enqueue(error(429, "limit_requests", "slow", retry_after="300"))
    assert (await failure(instruct)).retry_after == 300


async def test_an_error_frame_inside_200_is_never_repeated_once_text_was_given(
    scripted: ScriptedServer, instruct: ChatModel
) -> None:
    frame = b'data: {"error":{"code":"data_inspection_failed","message":"blocked"}}\n\n'
    scripted.enqueue(text("Half an") + raw(frame))
    assert (await failure(instruct)).kind == "content_filter"
    scripted.enqueue(text("Half an") + raw(b'data: {"error":{"code":"Throttling","message":"slow"}}\n\n'))
    assert (await failure(instruct)).kind == "rate_limit"
    assert len(scripted.chats()) == 2


async def test_an_error_frame_before_any_text_is_repeated(scripted: ScriptedServer, instruct: ChatModel) -> None:
    scripted.enqueue(raw(b'event:error\ndata:{"code":"Throttling","message":"slow"}\n\n') + no_end(), text("Yes."))
    assert answer(await collect(instruct)) == "Yes."


async def test_throttling_delivered_as_content_is_repeated(scripted: ScriptedServer, instruct: ChatModel) -> None:
    scripted.enqueue(text("Request rate increased too quickly. Slow down.") + end("stop", (0, 0)), text("Yes."))
    assert answer(await collect(instruct)) == "Yes."


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_web_page_points_at_the_address(scripted: ScriptedServer, instruct: ChatModel, streamed: bool) -> None:
    scripted.enqueue(reply(200, "<html>Welcome</html>", content_type="text/html"))
    with pytest.raises(ModelError) as caught:
        await (collect(instruct) if streamed else instruct.complete(HI))
    assert (caught.value.kind, caught.value.advice) == ("configuration", "address")


async def test_a_json_body_to_a_stream_call_is_still_the_answer(scripted: ScriptedServer, instruct: ChatModel) -> None:
    scripted.enqueue(completion("Yes."))
    assert answer(await collect(instruct)) == "Yes."


async def test_a_stream_to_a_call_without_one_is_still_the_answer(
    scripted: ScriptedServer, instruct: ChatModel
) -> None:
    events = b'data: {"choices":[{"delta":{"content":"Yes."},"finish_reason":"stop"}]}\n\n'
    scripted.enqueue(reply(200, events, content_type="text/event-stream"))
    assert (await instruct.complete(HI)).text == "Yes."


async def test_empty_content_with_reasoning_is_reported(scripted: ScriptedServer, thinker: ChatModel) -> None:
    scripted.enqueue(reasoning("so long"))
    error = await failure(thinker, thinking=True)
    assert error.advice == "only_reasoning"


async def test_a_blank_reply_is_asked_for_once_more(scripted: ScriptedServer, instruct: ChatModel) -> None:
    scripted.enqueue(Script(), text("Yes."))
    assert answer(await collect(instruct)) == "Yes."


# Refusals that are learned


def refusing(field: str, status: int, code: str, message: str, then: Script | None = None) -> Any:
    """A server that refuses a field and answers without it."""

    def answer(request: Request) -> Script:
        named = field in request.body or any(field in message for message in request.body["messages"])
        return error(status, code, message) if named else then or text("Yes.")

    return answer


@pytest.mark.parametrize(
    ("profile", "field", "status", "code", "message"),
    [
        ("modelstudio", "enable_thinking", 400, "InvalidParameter.NotSupportEnableThinking", "The model does not …"),
        ("modelstudio", "enable_thinking", 400, "InvalidParameter", "The model m does not support enable_thinking."),
        ("modelstudio", "stream_options", 400, "InvalidParameter", "stream_options is not supported"),
        ("openai", "reasoning_effort", 400, "unsupported_parameter", "Unsupported parameter: 'reasoning_effort'"),
        ("vllm", "chat_template_kwargs", 422, "BadRequestError", "[{'type': 'extra_forbidden', 'loc': ('body', "
         "'chat_template_kwargs'), 'msg': 'Extra inputs are not permitted'}]"),
    ],
)  # fmt: skip
async def test_a_field_the_server_refuses_is_dropped_and_remembered(
    scripted: ScriptedServer, profile: str, field: str, status: int, code: str, message: str
) -> None:
    scripted.otherwise = refusing(field, status, code, message)
    servers = scripted.servers(profile)
    assert answer(await collect(ChatModel(servers, "instruct"))) == "Yes."
    assert answer(await collect(ChatModel(servers, "instruct"))) == "Yes."
    assert [field in body for body in scripted.chats()] == [True, False, False]


async def test_a_model_that_only_thinks_is_asked_without_the_switch(
    scripted: ScriptedServer, instruct: ChatModel
) -> None:
    message = "The value of the enable_thinking parameter is restricted to True."
    scripted.otherwise = refusing("enable_thinking", 400, "invalid_parameter_error", message)
    assert answer(await collect(instruct)) == "Yes."
    scripted.otherwise = reasoning("hm") + text("Yes.")
    await collect(instruct, thinking=True)
    assert scripted.chats()[-1]["enable_thinking"] is True


async def test_a_budget_the_server_refuses_is_lowered(scripted: ScriptedServer, thinker: ChatModel) -> None:
    def limited(request: Request) -> Script:
        if request.body["thinking_budget"] <= 8192:
            return reasoning("hm") + text("Yes.")
        message = "The thinking_budget parameter must be a positive integer and not greater than 8192"
        return error(400, "InvalidParameter", message)

    scripted.otherwise = limited
    await collect(thinker, thinking=True)
    assert [body["thinking_budget"] for body in scripted.chats()] == [32_768, 8192]


async def test_a_budget_of_nothing_is_not_sent(scripted: ScriptedServer, thinker: ChatModel) -> None:
    message = "The thinking_budget parameter must be a positive integer and not greater than 0"
    scripted.otherwise = refusing("thinking_budget", 400, "InvalidParameter", message)
    await collect(thinker, thinking=True)
    assert scripted.chats()[-1]["enable_thinking"] is True


async def test_the_switch_refused_for_want_of_a_budget_is_dropped(
    scripted: ScriptedServer, instruct: ChatModel
) -> None:
    message = "The thinking_budget parameter must be a positive integer and not greater than 0"
    scripted.otherwise = refusing("enable_thinking", 400, "InvalidParameter", message)
    assert answer(await collect(instruct)) == "Yes."


async def test_more_output_than_the_model_has_is_lowered(scripted: ScriptedServer, instruct: ChatModel) -> None:
    def limited(request: Request) -> Script:
        if request.body["max_tokens"] <= 8192:
            return text("Yes.")
        return error(400, "InvalidParameter", "Range of max_tokens should be [1, 8192]")

    scripted.otherwise = limited
    await collect(instruct, max_tokens=100_000)
    assert [body["max_tokens"] for body in scripted.chats()] == [100_000, 8192]


async def test_the_other_name_of_max_tokens_is_tried(scripted: ScriptedServer, instruct: ChatModel) -> None:
    message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."
    scripted.otherwise = refusing("max_tokens", 400, "unsupported_parameter", message)
    await collect(instruct, max_tokens=100)
    assert scripted.chats()[-1]["max_completion_tokens"] == 100


async def test_a_server_that_only_streams_is_streamed(scripted: ScriptedServer, instruct: ChatModel) -> None:
    def streaming(request: Request) -> Script:
        message = "This model only support stream mode, please enable the stream parameter to access the model."
        return text("Yes.") if request.body["stream"] else error(400, "invalid_parameter_error", message)

    scripted.otherwise = streaming
    assert (await instruct.complete(HI)).text == "Yes."
    assert (await instruct.complete(HI)).text == "Yes."
    assert [body["stream"] for body in scripted.chats()] == [False, True, True]


async def test_a_forced_tool_the_server_refuses_in_thinking_becomes_auto(scripted: ScriptedServer) -> None:
    message = (
        "<400> InternalError.Algo.InvalidParameter: The tool_choice parameter does not support being set to "
        "required or object in thinking mode"
    )
    scripted.otherwise = refusing("tool_choice", 400, "invalid_parameter_error", message)
    model = ChatModel(scripted.servers("vllm"), "thinking")
    await collect(model, thinking=True, tools=[SEARCH], forced_tool="search_knowledge")
    assert ["tool_choice" in body for body in scripted.chats()] == [True, False]


async def test_a_tool_is_never_forced_in_thinking_on_model_studio(
    scripted: ScriptedServer, thinker: ChatModel, instruct: ChatModel
) -> None:
    scripted.otherwise = text("Yes.")
    await collect(thinker, thinking=True, tools=[SEARCH], forced_tool="search_knowledge")
    await collect(instruct, tools=[SEARCH], forced_tool="search_knowledge")
    forced = {"type": "function", "function": {"name": "search_knowledge"}}
    assert [body.get("tool_choice") for body in scripted.chats()] == [None, forced]


async def test_a_tool_named_search_is_refused_before_any_server_sees_it(
    scripted: ScriptedServer, instruct: ChatModel
) -> None:
    error = await failure(instruct, tools=[replace(SEARCH, name="search")])
    assert error.kind == "invalid_request"
    assert not scripted.requests


async def test_reasoning_a_strict_server_refuses_is_not_sent_again(scripted: ScriptedServer) -> None:
    message = "Unrecognized request argument: messages[1].reasoning_content"
    scripted.otherwise = refusing("reasoning_content", 400, "invalid_request_error", message)
    model = ChatModel(scripted.servers("vllm"), "instruct")
    messages = [*HI, assistant_message("Hm", reasoning="hm"), *HI]
    async with aclosing(model.stream(messages, thinking=False)) as deltas:
        assert answer([delta async for delta in deltas]) == "Yes."


async def test_a_refusal_that_repeats_itself_ends(scripted: ScriptedServer, instruct: ChatModel) -> None:
    scripted.otherwise = error(400, "InvalidParameter", "stream_options is not supported")
    assert (await failure(instruct)).kind == "invalid_request"
    assert len(scripted.chats()) == 2


@pytest.mark.parametrize("code", ["InvalidParameter", "invalid_parameter_error"])
async def test_other_refusals_are_raised_at_once(scripted: ScriptedServer, instruct: ChatModel, code: str) -> None:
    scripted.otherwise = error(400, code, 'messages with role "tool" must be a response')
    assert (await failure(instruct)).kind == "invalid_request"
    assert len(scripted.chats()) == 1


async def test_inline_thinking_without_an_opening_tag_is_learned_for_later_answers(scripted: ScriptedServer) -> None:
    model = ChatModel(scripted.servers("vllm"), "thinking")
    scripted.otherwise = reasoning("hm", field="unopened") + text("Yes.")
    for _ in range(2):
        deltas = await collect(model, thinking=True)
        assert answer(deltas) == "Yes."


async def test_a_model_that_never_thinks_inline_streams_its_next_answer_at_once(scripted: ScriptedServer) -> None:
    model = ChatModel(scripted.servers("vllm"), "thinking")
    scripted.otherwise = text("Yes.")
    assert answer(await collect(model, thinking=True)) == "Yes."
    assert not [delta for delta in await collect(model, thinking=True) if isinstance(delta, Reasoning)]


# Which model


@pytest.mark.parametrize("alias", [None, "qwen3-max", "qwen3-max-instruct", "qwen3-max-thinking"])
async def test_the_names_people_know_resolve_to_what_is_offered(scripted: ScriptedServer, alias: str | None) -> None:
    scripted.models = ["text-embedding-v4", "qwen3.7-max", "qwen3.8-max"]
    model = ChatModel(scripted.servers(thinking_model=alias), "thinking")
    assert await model.resolve() == "qwen3.8-max"
    assert await model.resolve() == "qwen3.8-max"
    assert len(scripted.requests) == 1


async def test_a_gateway_may_put_a_vendor_before_the_name(scripted: ScriptedServer) -> None:
    scripted.models = ["qwen/qwen3-max-thinking", "qwen/qwen3-max"]
    model = ChatModel(scripted.servers("compatible", thinking_model="qwen3-max-thinking"), "thinking")
    assert await model.resolve() == "qwen/qwen3-max-thinking"


async def test_a_configured_model_is_used_as_it_is_named(scripted: ScriptedServer) -> None:
    scripted.models = None
    assert await ChatModel(scripted.servers(instruct_model="my-model"), "instruct").resolve() == "my-model"
    assert not scripted.requests


@pytest.mark.parametrize(("role", "chosen"), [("instruct", "qwen3-30b"), ("thinking", "qwen3-30b-thinking")])
async def test_a_self_hosted_server_is_asked_what_it_has(scripted: ScriptedServer, role: Any, chosen: str) -> None:
    scripted.models = ["qwen3-embedding-8b", "bge-m3", "qwen3-30b-thinking", "qwen3-30b"]
    servers = scripted.servers("vllm", instruct_model=None, thinking_model=None)
    assert await ChatModel(servers, role).resolve() == chosen


async def test_a_model_that_is_gone_names_those_that_are_there(scripted: ScriptedServer, instruct: ChatModel) -> None:
    scripted.models = ["qwen3.9-max"]
    scripted.otherwise = error(404, "model_not_found", "The model scripted-instruct does not exist.")
    error_ = await failure(instruct)
    assert error_.kind == "configuration"
    assert "qwen3.9-max" in error_.sentence()
    assert "INSTRUCT_MODEL" in error_.sentence("zh-hans")


async def test_no_preferred_model_names_those_that_are_there(scripted: ScriptedServer) -> None:
    scripted.models = ["some-model"]
    with pytest.raises(ModelError, match="some-model") as caught:
        await ChatModel(scripted.servers(instruct_model="qwen3-max"), "instruct").resolve()
    assert caught.value.kind == "configuration"


@pytest.mark.parametrize("models", [None, ["qwen3-max", "qwen3-max-2026-01-23", "qwen3.8-max"]])
async def test_a_retired_model_makes_room_for_the_next_preferred(
    scripted: ScriptedServer, models: list[str] | None
) -> None:
    def retired(request: Request) -> Script:
        if request.body["model"].startswith("qwen3-max"):
            return error(400, "InvalidParameter", "Model not exist.")
        return text("Yes.")

    scripted.models = models
    scripted.otherwise = retired
    model = ChatModel(scripted.servers(instruct_model=None), "instruct")
    assert answer(await collect(model)) == "Yes."
    assert answer(await collect(model)) == "Yes."
    assert [body["model"] for body in scripted.chats()][-2:] == ["qwen3.8-max", "qwen3.8-max"]
    assert len(scripted.chats()) == 4


async def test_a_known_name_is_tried_where_nothing_is_listed_or_preferred(scripted: ScriptedServer) -> None:
    scripted.models = None
    model = ChatModel(scripted.servers("compatible", instruct_model="qwen3-max-instruct"), "instruct")
    assert await model.resolve() == "qwen3-max-instruct"


async def test_a_server_without_a_list_and_preferences_wants_a_name(scripted: ScriptedServer) -> None:
    scripted.models = None
    with pytest.raises(ModelError, match="INSTRUCT_MODEL is not set"):
        await ChatModel(scripted.servers("vllm", instruct_model=None), "instruct").resolve()


@pytest.mark.parametrize("body", ["<html></html>", {"data": None}, {"object": "list"}])
async def test_a_list_that_is_none_is_passed_over(scripted: ScriptedServer, body: Any) -> None:
    scripted.enqueue(reply(200, body), path="/v1/models")
    assert await ChatModel(scripted.servers(instruct_model=None), "instruct").resolve() == "qwen3-max"


async def test_a_refused_key_is_said_at_once(scripted: ScriptedServer) -> None:
    scripted.enqueue(error(401, "invalid_api_key", "Incorrect API key provided"), path="/v1/models")
    with pytest.raises(ModelError) as caught:
        await ChatModel(scripted.servers(instruct_model=None), "instruct").resolve()
    assert caught.value.kind == "authentication"


# What is written down


async def test_logs_tell_model_tokens_and_request_but_neither_keys_nor_text(
    scripted: ScriptedServer, instruct: ChatModel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="llm")
    scripted.enqueue(text("Confidential.", usage=(12, 3)), error(401, "invalid_api_key", "sk-test-secret is wrong"))
    await collect(instruct)
    await failure(instruct)
    written = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("llm"))
    assert "model=scripted-instruct outcome=finished" in written
    assert "prompt_tokens=12 completion_tokens=3" in written
    assert "outcome=authentication invalid_api_key" in written
    assert "request_id=req-1" in written
    assert "secret" not in written
    assert "Confidential" not in written


async def test_requests_beyond_the_limit_of_the_key_wait(scripted: ScriptedServer) -> None:
    scripted.otherwise = text("Yes.")
    limits = Limits(requests_per_minute=600, patience=0)
    model = ChatModel(scripted.servers(limits=limits), "instruct")
    started = time.monotonic()
    await asyncio.gather(*(collect(model) for _ in range(13)))
    assert time.monotonic() - started > 0.15


@pytest.mark.parametrize("code", ["limit_requests", "Throttling.AllocationQuota"])
async def test_a_retry_after_that_is_a_date_is_passed_over(
    scripted: ScriptedServer, instruct: ChatModel, code: str
) -> None:
    scripted.enqueue(error(429, code, "slow", retry_after="Mon, 23 Nov 2026 10:00:00 GMT"), text("Yes."))
    assert answer(await collect(instruct)) == "Yes."


async def test_a_full_pool_is_overload_and_a_silent_address_no_connection() -> None:
    assert connections.model_error(httpx2.PoolTimeout("full"), MODELSTUDIO).kind == "overloaded"
    assert connections.model_error(httpx2.ConnectTimeout("silent"), MODELSTUDIO).kind == "connection"


def test_a_forked_worker_makes_its_own_connections(scripted: ScriptedServer) -> None:
    servers = scripted.servers()
    client = connections.blocking_client(servers.chat, servers.limits, 1)
    assert connections.blocking_client(servers.chat, servers.limits, 1) is client
    child = os.fork()
    if child == 0:
        os._exit(connections.blocking_client(servers.chat, servers.limits, 1) is client)
    assert os.waitpid(child, 0)[1] == 0


async def test_nothing_is_sent_before_the_stream_is_read(scripted: ScriptedServer, instruct: ChatModel) -> None:
    stream: AsyncIterator[Delta] = instruct.stream(HI, thinking=False)
    await asyncio.sleep(0)
    assert not scripted.requests
    assert stream is not None
