"""Chunks → deltas: each quirk of each server, without a network."""

from typing import Any

import orjson
import pytest

from llm.errors import ModelError
from llm.messages import ToolCall
from llm.streams import ChatReply, Delta, Finished, Reasoning, Text, Usage
from tests.llm.scripted import DIALECTS, Script, delta, raw, reasoning, text, tool_calls

STOP: dict[str, Any] = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


def frame(data: object) -> bytes:
    return b"data: " + orjson.dumps(data) + b"\n\n"


def played(script: Script) -> bytes:
    return b"".join(step.value for step in script.steps)


def read(*pieces: bytes | Script | dict[str, Any], **options: Any) -> list[Delta]:
    reply = ChatReply(**options)
    found: list[Delta] = []
    for piece in pieces:
        found += reply.feed(
            played(piece) if isinstance(piece, Script) else frame(piece) if isinstance(piece, dict) else piece
        )
    return [*found, *reply.end()]


def answer(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, Text))


def thought(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, Reasoning))


def failure(*pieces: bytes | Script | dict[str, Any], **options: Any) -> ModelError:
    with pytest.raises(ModelError) as caught:
        read(*pieces, **options)
    return caught.value


# Choices, usage, content


def test_the_usage_chunk_has_no_choices() -> None:
    deltas = read(text("Hi"), STOP, {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}})
    assert deltas[-2:] == [Usage(3, 2), Finished("stop")]


def test_choices_may_be_null_or_missing() -> None:
    assert answer(read({"choices": None}, {"id": "x"}, text("Hi"), STOP)) == "Hi"


def test_usage_may_come_with_every_chunk_and_the_last_counts() -> None:
    chunks = [
        {"choices": [{"delta": {"content": letter}}], "usage": {"prompt_tokens": 5, "completion_tokens": count}}
        for count, letter in enumerate("abc", 1)
    ]
    deltas = read(*chunks, STOP | {"usage": None})
    assert [delta for delta in deltas if isinstance(delta, Usage)] == [Usage(5, 3)]


def test_usage_may_be_absent() -> None:
    assert read(text("Hi", pieces=1), STOP) == [Text("Hi"), Finished("stop")]


def test_usage_details_are_read_and_may_be_null() -> None:
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 8,
        "completion_tokens_details": {"reasoning_tokens": 5},
        "prompt_tokens_details": {"cached_tokens": 4},
    }
    assert Usage(9, 8, 5, 4) in read(text("Hi"), STOP | {"usage": usage})
    assert Usage(9, 8) in read(
        text("Hi"), STOP | {"usage": usage | dict.fromkeys(("completion_tokens_details", "prompt_tokens_details"))}
    )


def test_content_may_be_null_empty_and_the_role_null() -> None:
    chunks = [delta(role="assistant", content=""), delta(role=None, content=None), delta(content="Hi", role=None)]
    assert answer(read(*chunks, STOP)) == "Hi"


def test_content_may_be_a_list_of_parts() -> None:
    assert answer(read(delta(content=[{"type": "text", "text": "Hi"}]), STOP)) == "Hi"


def test_a_refusal_is_an_answer() -> None:
    assert answer(read(delta(refusal="I cannot."), STOP)) == "I cannot."


def test_other_choices_are_left_out() -> None:
    assert answer(read(text("Hi"), {"choices": [{"index": 1, "delta": {"content": "No"}}]}, STOP)) == "Hi"


def test_a_delta_may_be_null() -> None:
    assert answer(read(text("Hi"), {"choices": [{"delta": None, "finish_reason": "stop"}]})) == "Hi"


def test_keep_alive_comments_and_blank_data_are_passed_over() -> None:
    assert answer(read(b": OPENROUTER PROCESSING\n\n", b"data:\n\n", text("Hi"), STOP)) == "Hi"


# Reasoning


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_comes_in_either_field_and_keeps_its_name(field: str) -> None:
    deltas = read(reasoning("Let me see", field=field), text("Hi"), STOP)
    assert (thought(deltas), answer(deltas)) == ("Let me see", "Hi")
    assert {delta.field for delta in deltas if isinstance(delta, Reasoning)} == {field}


def test_reasoning_in_both_fields_is_counted_once() -> None:
    deltas = read(delta(reasoning_content="once", reasoning="once"), text("Hi"), STOP)
    assert thought(deltas) == "once"


def test_reasoning_may_resume_after_text() -> None:
    deltas = read(reasoning("a", pieces=1), text("b", pieces=1), reasoning("c", pieces=1), text("d", pieces=1), STOP)
    assert deltas[:4] == [
        Reasoning("a", "reasoning_content"),
        Text("b"),
        Reasoning("c", "reasoning_content"),
        Text("d"),
    ]


def test_inline_think_tags_become_reasoning() -> None:
    deltas = read(reasoning("Let me see", field="think", pieces=9), text("Hi"), STOP)
    assert (thought(deltas).strip(), answer(deltas)) == ("Let me see", "Hi")


def test_a_missing_opening_tag_is_survived_and_reported() -> None:
    reply = ChatReply(doubtful=True)
    stream = reasoning("Let me see", field="unopened", pieces=5) + text("Hi")
    deltas = [*reply.feed(played(stream)), *reply.feed(frame(STOP)), *reply.end()]
    assert (thought(deltas).strip(), answer(deltas)) == ("Let me see", "Hi")
    assert reply.doubt is True


def test_a_plain_answer_that_was_doubted_is_still_the_answer() -> None:
    reply = ChatReply(doubtful=True)
    deltas = [*reply.feed(played(text("Hi there"))), *reply.feed(frame(STOP)), *reply.end()]
    assert answer(deltas) == "Hi there"
    assert reply.doubt is False


def test_a_reasoning_field_ends_the_doubt() -> None:
    deltas = read(reasoning("hm"), text("Hi"), STOP, doubtful=True)
    assert (thought(deltas), answer(deltas)) == ("hm", "Hi")


def test_a_closing_tag_leaked_after_separated_reasoning_is_dropped() -> None:
    deltas = read(reasoning("hm"), text("</think>\n\nHi", pieces=1), STOP)
    assert answer(deltas) == "Hi"


# Tools

CALLS = (("search_knowledge", {"query": "年假 & leave", "limit": 3}), ("read_document", {"document": 17}))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_tool_calls_of_every_dialect(dialect: str) -> None:
    deltas = read(tool_calls(*CALLS, dialect=dialect), STOP)
    calls = [delta for delta in deltas if isinstance(delta, ToolCall)]
    assert [(call.name, orjson.loads(call.arguments)) for call in calls] == list(CALLS)
    assert len({call.id for call in calls}) == 2
    assert all(call.id for call in calls)
    assert deltas[-1] == Finished("tool_calls")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_one_tool_called_twice(dialect: str) -> None:
    twice = (("search_knowledge", {"query": "a"}), ("search_knowledge", {"query": "b"}))
    calls = [call for call in read(tool_calls(*twice, dialect=dialect), STOP) if isinstance(call, ToolCall)]
    assert [orjson.loads(call.arguments) for call in calls] == [{"query": "a"}, {"query": "b"}]


def test_a_full_id_repeated_with_each_piece_is_not_doubled() -> None:
    calls = [call for call in read(tool_calls(*CALLS, dialect="repeated"), STOP) if isinstance(call, ToolCall)]
    assert [call.id for call in calls] == ["call_0a", "call_1a"]


def test_pieces_of_parallel_calls_may_interleave() -> None:
    def piece(index: int, arguments: str, **more: Any) -> Script:
        return delta(tool_calls=[{"index": index, "function": {"arguments": arguments, **more}}])

    deltas = read(piece(0, '{"a"', name="f"), piece(1, '{"b"', name="g"), piece(0, ":1}"), piece(1, ":2}"), STOP)
    assert [call.arguments for call in deltas if isinstance(call, ToolCall)] == ['{"a":1}', '{"b":2}']


def test_pieces_without_index_and_id_follow_the_call_they_belong_to() -> None:
    def piece(arguments: str, **more: Any) -> Script:
        return delta(tool_calls=[{"function": {"name": "f", "arguments": arguments}, **more}])

    deltas = read(piece('{"a"'), piece(":1}"), piece('{"b":2}'), STOP)
    assert [call.arguments for call in deltas if isinstance(call, ToolCall)] == ['{"a":1}', '{"b":2}']


def test_a_piece_before_any_call_begins_one() -> None:
    pieces = [delta(tool_calls=[{"function": {"arguments": "{}"}}]), delta(tool_calls=[{"function": {"name": "f"}}])]
    assert failure(pieces[0], STOP).kind == "bad_output"


def test_a_call_without_arguments_gets_an_empty_object() -> None:
    (call, *_) = read(delta(tool_calls=[{"index": 0, "id": "c", "function": {"name": "f", "arguments": None}}]), STOP)
    assert call == ToolCall("c", "f", "{}")


def test_broken_arguments_are_handed_on_as_written() -> None:
    (call, *_) = read(
        delta(tool_calls=[{"index": 0, "id": "c", "function": {"name": "f", "arguments": '{"a": '}}]),
        {"choices": [{"delta": {}, "finish_reason": "length"}]},
    )
    assert call == ToolCall("c", "f", '{"a":')


def test_a_call_without_a_name_is_bad_output() -> None:
    assert failure(delta(tool_calls=[{"index": 0, "function": {"arguments": "{}"}}]), STOP).kind == "bad_output"


def test_a_call_cut_by_the_length_says_so() -> None:
    finish = {"choices": [{"delta": {}, "finish_reason": "length"}]}
    assert read(tool_calls(*CALLS), finish)[-1] == Finished("length")


# Ends and errors


def test_a_stream_without_finish_reason_is_truncated() -> None:
    assert failure(text("Hi")).kind == "truncated"


def test_done_without_finish_reason_is_truncated_too() -> None:
    assert failure(text("Hi"), b"data: [DONE]\n\n").kind == "truncated"


def test_an_empty_body_is_truncated() -> None:
    assert failure(b"").kind == "truncated"


def test_nothing_but_reasoning_is_reported() -> None:
    error = failure(reasoning("so long"), STOP)
    assert (error.kind, error.advice) == ("bad_output", "only_reasoning")


def test_nothing_at_all_is_reported() -> None:
    error = failure(delta(content="\n"), STOP)
    assert (error.kind, error.advice) == ("bad_output", "no_answer")


def test_an_error_frame_inside_200_is_raised() -> None:
    frame = {"error": {"code": "data_inspection_failed", "message": "blocked"}, "request_id": "r-2"}
    error = failure(text("Hi"), frame)
    assert (error.kind, error.request_id) == ("content_filter", "r-2")


def test_a_native_error_event_is_raised_with_its_status() -> None:
    event = b'id:1\nevent:error\n:HTTP_STATUS/429\ndata:{"code":"Throttling","message":"slow","request_id":"r"}\n\n'
    error = failure(event)
    assert (error.kind, error.status) == ("rate_limit", 429)


def test_an_error_event_that_is_no_json_is_raised() -> None:
    assert failure(b"event: error\ndata: upstream timed out\n\n").kind == "timeout"


def test_a_flat_error_frame_without_an_event_name_is_raised() -> None:
    frame = {"code": "InternalError.Algo.InvalidParameter", "message": "no", "request_id": "r"}
    assert failure(frame).kind == "invalid_request"


def test_a_null_error_is_none() -> None:
    assert answer(read({"error": None, "choices": [{"delta": {"content": "Hi"}}]}, STOP)) == "Hi"


def test_insufficient_quota_inside_a_stream_follows_the_profile() -> None:
    frame = {"error": {"code": "insufficient_quota", "message": "quota"}}
    assert failure(frame, quota_is_billing=True).kind == "billing"


def test_finish_reason_content_filter_is_an_error() -> None:
    assert failure(text("Hi"), {"choices": [{"delta": {}, "finish_reason": "content_filter"}]}).kind == "content_filter"


@pytest.mark.parametrize("data", [b"data: {not json}\n\n", b'data: {"choices": "x"}\n\n', b"data: 17\n\n"])
def test_chunks_that_cannot_be_read_are_bad_output(data: bytes) -> None:
    assert failure(raw(data)).kind == "bad_output"


def test_html_to_a_stream_call_points_at_the_address() -> None:
    assert failure(b"<!doctype html><html></html>").advice == "address"


def test_text_to_a_stream_call_is_bad_output() -> None:
    assert failure(b"hello").kind == "bad_output"


def test_a_json_error_to_a_stream_call_is_raised() -> None:
    assert failure(b'{"code":"Throttling","message":"slow"}').kind == "rate_limit"


def test_a_whole_completion_to_a_stream_call_is_read() -> None:
    message = {"content": "Hi", "reasoning_content": "hm"}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1}}
    deltas = read(orjson.dumps(body))
    assert deltas == [Reasoning("hm", "reasoning_content"), Text("Hi"), Usage(1), Finished("stop")]


NOTICE = "Request rate increased too quickly. To ensure system stability, please adjust your client logic."


@pytest.mark.parametrize("usage", [None, {"prompt_tokens": 0, "completion_tokens": 0}])
def test_a_throttling_notice_as_content_with_no_tokens_is_a_rate_limit(usage: dict[str, int] | None) -> None:
    assert failure(text(NOTICE, pieces=7), STOP | {"usage": usage}).kind == "rate_limit"


def test_an_answer_that_begins_like_a_notice_is_still_an_answer() -> None:
    deltas = read(text(NOTICE), STOP | {"usage": {"prompt_tokens": 9, "completion_tokens": 20}})
    assert answer(deltas) == NOTICE
    assert answer(read(text("Request rates are high."), STOP)) == "Request rates are high."
    assert answer(read(text("Req"), STOP)) == "Req"


def test_an_answer_is_not_held_back() -> None:
    reply = ChatReply()
    assert list(reply.feed(played(text("Annual", pieces=1)))) == [Text("Annual")]


def test_the_last_event_may_lack_its_blank_line() -> None:
    assert answer(read(text("Hi"), frame(STOP).rstrip())) == "Hi"
