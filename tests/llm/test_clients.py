"""The chat client against a real HTTP server that misbehaves, through the real `openai` package."""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import httpx2
import pytest

from llm import connections
from llm.clients import ChatModel, chat_model
from llm.errors import ModelError, ThinkingMustStream
from llm.messages import ToolCall, assistant_message, tool_message
from llm.profiles import MODELSTUDIO, Endpoint, Limits
from llm.streams import Delta, Finished, Text, Usage
from tests.llm.asking import HI, SEARCH, answer, collect, failure
from tests.llm.scripted import (
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
