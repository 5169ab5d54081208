"""Fields a server refuses are dropped, remembered, and not sent again."""

from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from llm.clients import ChatModel
from llm.messages import assistant_message
from llm.streams import Reasoning
from tests.llm.asking import HI, SEARCH, answer, collect, failure
from tests.llm.scripted import Request, Script, ScriptedServer, error, reasoning, text


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
