"""Which model is asked: names people know, retired models, servers that list and servers that do not."""

from typing import Any

import pytest

from llm.clients import ChatModel
from llm.errors import ModelError
from tests.llm.asking import answer, collect, failure
from tests.llm.scripted import Request, Script, ScriptedServer, error, reply, text


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
