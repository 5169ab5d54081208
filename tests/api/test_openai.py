"""OpenAI's own client against a real server: whole answers, streams, history, extra fields and errors."""

from collections.abc import Callable
from typing import Any

import httpx2
import openai
import pytest
from openai.types.chat import ChatCompletion

from agents.models import Conversation, Run, RunState
from tests.api.asking import ANSWER, broken, cut_off, good, overloaded
from tests.llm.scripted import reasoning, text, tool_calls
from tests.world import World

QUESTION: Any = {"role": "user", "content": "How many days of annual leave do I have?"}
FAST: Any = {"model": "zhinang-fast", "messages": [QUESTION]}


@pytest.fixture
def bob(world: World) -> Any:
    with openai.OpenAI(base_url=f"{world.site}/v1", api_key=world.keys["bob"], max_retries=0) as client:
        yield client


def test_models_are_listed_and_found(bob: openai.OpenAI) -> None:
    names = [model.id for model in bob.models.list()]
    assert names == ["zhinang-auto", "zhinang-fast", "zhinang-thinking", "zhinang-exhaustive"]
    assert bob.models.retrieve("zhinang-fast").owned_by == "zhinang"
    with pytest.raises(openai.NotFoundError):
        bob.models.retrieve("gpt-5")


def test_a_whole_answer(bob: openai.OpenAI, world: World) -> None:
    world.models.enqueue(good())
    completion = bob.chat.completions.create(**FAST)
    (choice,) = completion.choices
    assert choice.finish_reason == "stop"
    answer, _separator, sources = str(choice.message.content).partition("\n\n")
    assert answer == ANSWER
    assert sources.startswith("[1] Leave policy")
    assert "15 days of annual leave" in sources
    assert completion.usage is not None
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (120, 12)
    assert completion.usage.total_tokens == 132
    (citation,) = (completion.model_extra or {})["citations"]
    assert citation["document"] == world.documents["leave"].pk
    (claim,) = (completion.model_extra or {})["claims"]
    assert claim["support"] == "supported"


def test_a_streamed_answer(bob: openai.OpenAI, world: World) -> None:
    world.models.enqueue(good())
    chunks = list(bob.chat.completions.create(**FAST, stream=True, stream_options={"include_usage": True}))
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    content = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert content.startswith(ANSWER + "\n\n[1] Leave policy")
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    (with_citations,) = [chunk for chunk in chunks if "citations" in (chunk.model_extra or {})]
    assert with_citations.choices[0].finish_reason == "stop"
    assert (with_citations.model_extra or {})["claims"][0]["support"] == "supported"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 132


def test_what_documents_say_differently_is_given_whole_and_streamed(bob: openai.OpenAI, world: World) -> None:
    said = "The sources disagree: 15 days of annual leave a year [1], up to 180 euros a night in Berlin [2]."
    world.models.otherwise = text(said)
    completion = bob.chat.completions.create(**FAST)
    (conflict,) = (completion.model_extra or {})["conflicts"]
    titles = {one["title"] for one in conflict["statements"]}
    assert titles == {"Leave policy", "Travel policy"}
    assert all(one["quote"] and one["updated"] for one in conflict["statements"])
    chunks = list(bob.chat.completions.create(**FAST, stream=True))
    (last,) = [chunk for chunk in chunks if "conflicts" in (chunk.model_extra or {})]
    assert (last.model_extra or {})["conflicts"] == [conflict]
    with world.http("bob") as http:
        body = http.post("/api/v1/ask", json={"question": "Leave and hotels?", "mode": "fast"}).json()
        assert {one["title"] for one in body["conflicts"][0]["statements"]} == titles
        assert http.get(f"/api/v1/runs/{body['run']}").json()["conflicts"] == body["conflicts"]


def test_a_stream_without_usage_has_none(bob: openai.OpenAI, world: World) -> None:
    world.models.enqueue(good())
    chunks = list(bob.chat.completions.create(**FAST, stream=True))
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)


def test_the_stream_helper(bob: openai.OpenAI, world: World) -> None:
    world.models.enqueue(good())
    with bob.chat.completions.stream(**FAST) as stream:
        kinds = {event.type for event in stream}
        completion = stream.get_final_completion()
    assert {"chunk", "content.delta", "content.done"} <= kinds
    assert str(completion.choices[0].message.content).startswith(ANSWER)


async def test_the_asynchronous_client(world: World) -> None:
    world.models.enqueue(good())
    async with openai.AsyncOpenAI(base_url=f"{world.site}/v1", api_key=world.keys["bob"], max_retries=0) as client:
        stream = await client.chat.completions.create(**FAST, stream=True)
        content = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
    assert content.startswith(ANSWER)


@pytest.mark.parametrize("stream", [False, True])
def test_reasoning_comes_in_its_own_field(bob: openai.OpenAI, world: World, stream: bool) -> None:
    world.models.enqueue(reasoning("Let me look it up.") + good())
    answer = bob.chat.completions.create(model="zhinang-thinking", messages=[QUESTION], stream=stream)
    if not isinstance(answer, ChatCompletion):
        deltas = [chunk.choices[0].delta for chunk in answer if chunk.choices]
        thought = "".join((delta.model_extra or {}).get("reasoning_content", "") for delta in deltas)
        said = "".join(delta.content or "" for delta in deltas)
    else:
        message = answer.choices[0].message
        thought, said = (message.model_extra or {})["reasoning_content"], message.content or ""
    assert thought == "Let me look it up."
    assert said.startswith(ANSWER)


def test_turns_before_are_the_conversation(bob: openai.OpenAI, world: World) -> None:
    world.models.enqueue(good())
    messages: Any = [
        {"role": "system", "content": "You are a pirate."},
        {"role": "user", "content": "May I fly business class?"},
        {"role": "assistant", "content": "Over six hours you may [1]."},
        {"role": "developer", "content": "Be short."},
        {"role": "user", "content": [{"type": "text", "text": "And how many days"}, {"type": "text", "text": "off?"}]},
    ]
    completion = bob.chat.completions.create(model="zhinang-fast", messages=messages)
    assert str(completion.choices[0].message.content).startswith(ANSWER)
    sent = world.models.chats()[-1]["messages"]
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "user"]
    assert "business class" in sent[1]["content"]
    assert "And how many days\noff?" in sent[3]["content"]
    assert "pirate" not in str(sent)  # the rules are the server's own
    run = Run.objects.get(pk=completion.id.removeprefix("chatcmpl-"))
    assert not Conversation.objects.get(pk=run.conversation_id).listed
    assert run.conversation.runs.filter(state=RunState.RUNNING).count() == 0


def test_fields_that_mean_nothing_here_are_accepted(bob: openai.OpenAI, world: World) -> None:
    world.models.enqueue(good())
    tools: Any = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    extra = {"enable_thinking": False, "anything": {"else": 1}}
    options: Any = {"max_tokens": 10, "temperature": 0.2, "top_p": 0.9, "n": 1, "user": "u", "seed": 1, "stop": ["x"]}
    completion = bob.chat.completions.create(**FAST, **options, tools=tools, extra_body=extra)
    assert str(completion.choices[0].message.content).startswith(ANSWER)


def test_there_is_one_answer(bob: openai.OpenAI, world: World) -> None:
    world.models.otherwise = good()
    assert len(bob.chat.completions.create(**FAST, n=1).choices) == 1
    with pytest.raises(openai.BadRequestError) as raised:
        bob.chat.completions.create(**FAST, n=2)
    assert raised.value.param == "n"


def test_a_quick_answer_and_the_one_that_follows_do_not_run_together(bob: openai.OpenAI, world: World) -> None:
    wrong = "You have 25 days of annual leave [1]."
    world.models.enqueue(text(wrong), reasoning("25 is not there.") + good())
    stream = bob.chat.completions.create(model="zhinang-auto", messages=[QUESTION], stream=True)
    content = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    first, separator, second = content.partition("\n\n---\n\n*")
    assert separator
    assert first.startswith(wrong + "\n\n[1] Leave policy")
    sentence, _separator, answer = second.partition("*\n\n")
    assert sentence.endswith("A more thorough one follows.")
    assert answer.startswith(ANSWER + "\n\n[1] Leave policy")


def test_a_question_back_is_told(bob: openai.OpenAI, world: World) -> None:
    asks = {"question": "Which country is it about?", "options": ["Germany", "China"]}
    world.models.enqueue(tool_calls(("ask_person", asks)))
    completion = bob.chat.completions.create(model="zhinang-thinking", messages=[QUESTION])
    assert (completion.model_extra or {})["asks"] == asks
    run = Run.objects.get(pk=str(completion.id).removeprefix("chatcmpl-"))
    assert world.api("bob").get(f"/api/v1/runs/{run.pk}").json()["asks"] == asks


def test_an_unknown_model(bob: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="zhinang-auto") as raised:
        bob.chat.completions.create(model="gpt-5", messages=[QUESTION])
    assert (raised.value.code, raised.value.param) == ("model_not_found", "model")


def test_an_unknown_key(world: World) -> None:
    client = openai.OpenAI(base_url=f"{world.site}/v1", api_key="zn-unknown", max_retries=0)
    with pytest.raises(openai.AuthenticationError) as raised:
        client.chat.completions.create(**FAST)
    assert raised.value.code == "invalid_api_key"
    assert raised.value.response.headers["WWW-Authenticate"] == "Bearer"
    with pytest.raises(openai.AuthenticationError):
        client.models.list()


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "system", "content": "x"}],
        [QUESTION, {"role": "assistant", "content": "15"}],
        [{"role": "king", "content": "x"}],
        [{"role": "user", "content": 5}],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:"}}]}],
        [{"role": "user", "content": "x" * 20_001}],
    ],
)
def test_messages_that_cannot_be_answered(bob: openai.OpenAI, messages: Any) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        bob.chat.completions.create(model="zhinang-fast", messages=messages)
    assert raised.value.code == "invalid_request"
    assert raised.value.type == "invalid_request_error"


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "/v1/chat/completions", b"", 405),
        ("POST", "/v1/models", b"", 405),
        ("POST", "/v1/embeddings", b"{}", 404),
        ("POST", "/v1/chat/completions", b"{", 400),
        ("POST", "/v1/chat/completions", b"\xff", 400),
        ("POST", "/v1/chat/completions", b'{"model": "' + b"x" * 3_000_000 + b'"}', 413),
    ],
)
def test_every_refusal_has_openais_shape(world: World, method: str, path: str, content: bytes, status: int) -> None:
    with world.http("bob") as http:
        response = http.request(method, path, content=content)
    assert response.status_code == status
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("script", "error", "again"),
    [(broken, openai.InternalServerError, "false"), (overloaded, openai.InternalServerError, "true")],
)
def test_a_model_server_that_fails(
    bob: openai.OpenAI, world: World, script: Callable[[], Any], error: type[openai.APIStatusError], again: str
) -> None:
    world.models.otherwise = script()
    with pytest.raises(error) as raised:
        bob.chat.completions.create(**FAST)
    assert raised.value.type == "server_error"
    assert raised.value.response.headers["x-should-retry"] == again
    assert "sk-test-secret" not in str(raised.value)


def test_a_failure_in_the_middle_of_a_stream(bob: openai.OpenAI, world: World) -> None:
    world.models.otherwise = cut_off()
    stream = bob.chat.completions.create(**FAST, stream=True)
    with pytest.raises(openai.APIError) as raised:
        list(stream)
    assert raised.value.code == "content_filter"
    assert raised.value.message.endswith(".")


def test_errors_speak_the_askers_language(world: World) -> None:
    world.models.otherwise = broken()
    with world.http("bob", **{"Accept-Language": "zh-CN"}) as http:
        failed = http.post("/v1/chat/completions", json=FAST)
        unknown = http.post("/v1/chat/completions", json={**FAST, "model": "gpt-5"})
        streamed = http.post("/v1/chat/completions", json={**FAST, "stream": True})
    assert failed.json()["error"]["message"].endswith("。")
    assert "没有名为" in unknown.json()["error"]["message"]
    assert "。" in streamed.text
    assert streamed.text.endswith("data: [DONE]\n\n")


def test_somebody_elses_documents_are_not_cited(world: World) -> None:
    world.models.otherwise = good()
    with httpx2.Client(base_url=world.site, headers=world.bearer("bob"), timeout=30) as http:
        question = {"role": "user", "content": "What is the salary of the head of engineering?"}
        http.post("/v1/chat/completions", json={**FAST, "messages": [question]})
    assert "190,000" not in str(world.models.chats())
