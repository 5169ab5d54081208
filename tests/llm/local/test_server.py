"""The wire, over real HTTP with the clients that people use."""

import base64
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import numpy as np
import openai
import pytest
import uvicorn
from openai import OpenAI
from openai.types.chat.chat_completion_chunk import ChoiceDeltaToolCall

from llm.local.server import MAX_BODY, create_app
from tests.llm.local.handbook import PASSAGES, TOOLS, source, user_message

INSTRUCT, THINKING = "zhinang-local-instruct", "zhinang-local-thinking"
QUESTION: Any = [user_message("Who leads the Harbour team?", [source(3, PASSAGES[2])])]
OFFERED: Any = [{"type": "function", "function": {"name": name, "parameters": {}}} for name in TOOLS]
ESCALATE: Any = [{"type": "function", "function": {"name": "escalate", "parameters": {}}}]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(create_app(), port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def client(address: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as opened:
        yield opened


def test_models_say_that_they_are_offline(client: OpenAI) -> None:
    cards = client.models.list().data
    assert [card.id for card in cards] == [INSTRUCT, THINKING, "zhinang-local-embedding", "zhinang-local-rerank"]
    assert all("offline" in card.model_dump()["description"] for card in cards)
    assert client.models.retrieve(INSTRUCT).id == INSTRUCT


def test_health(address: str) -> None:
    assert httpx2.get(f"{address}/healthz").json() == {"status": "ok"}


def test_a_completion_at_once(client: OpenAI) -> None:
    reply = client.chat.completions.create(model=INSTRUCT, messages=QUESTION)
    assert "Nadia Brandt. [3]" in (reply.choices[0].message.content or "")
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens


def test_a_streamed_completion_comes_in_pieces_and_ends_with_usage(client: OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(
            model=INSTRUCT, messages=QUESTION, stream=True, stream_options={"include_usage": True}
        )
    )
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    whole = client.chat.completions.create(model=INSTRUCT, messages=QUESTION).choices[0].message.content
    assert "".join(texts) == whole
    assert len(texts) > 8
    assert chunks[-1].choices == []
    assert chunks[-1].usage
    assert chunks[-2].choices[0].finish_reason == "stop"


def test_without_include_usage_there_is_none_and_the_stream_is_closed(address: str) -> None:
    body = {"model": INSTRUCT, "messages": QUESTION, "stream": True}
    lines = httpx2.post(f"{address}/v1/chat/completions", json=body).text.strip().split("\n\n")
    assert lines[-1] == "data: [DONE]"
    assert all(json.loads(line[6:])["usage"] is None for line in lines[:-1])


def test_thinking_streams_its_reasoning_before_the_calls(client: OpenAI) -> None:
    stream = client.chat.completions.create(
        model=THINKING, messages=QUESTION, tools=OFFERED, stream=True, extra_body={"enable_thinking": True}
    )
    kinds: list[str] = []
    fragments: list[ChoiceDeltaToolCall] = []
    for chunk in stream:
        delta = chunk.choices[0].delta
        if getattr(delta, "reasoning_content", None):
            kinds.append("reasoning")
        if delta.tool_calls:
            kinds.append("call")
            fragments += delta.tool_calls
    assert kinds.index("call") == kinds.count("reasoning")
    assert chunk.choices[0].finish_reason == "tool_calls"
    first, *later = fragments
    assert (first.id or "").startswith("call_")
    assert first.function
    assert first.function.name == "plan"
    assert all(f.index == 0 and f.id == "" and f.function and f.function.name is None for f in later)
    assert len(json.loads("".join(f.function.arguments or "" for f in fragments if f.function))["steps"]) >= 3


def test_reasoning_is_only_told_where_thinking_was_asked_for(client: OpenAI) -> None:
    reply = client.chat.completions.create(model=THINKING, messages=QUESTION)
    assert "reasoning_content" not in reply.choices[0].message.model_dump()


def test_the_answer_streams_after_its_reasoning(address: str) -> None:
    body = {"model": THINKING, "messages": QUESTION, "stream": True, "enable_thinking": True}
    lines = httpx2.post(f"{address}/v1/chat/completions", json=body).text.strip().split("\n\n")
    deltas = [json.loads(line[6:])["choices"][0]["delta"] for line in lines[:-1]]
    thought = [i for i, delta in enumerate(deltas) if delta.get("reasoning_content")]
    told = [i for i, delta in enumerate(deltas) if delta.get("content")]
    assert max(thought) < min(told)


def test_escalation_is_a_tool_call_in_one_piece_too(client: OpenAI) -> None:
    messages: Any = [user_message("Compare the limits of Berlin and Paris.", [source(1, PASSAGES[0])])]
    reply = client.chat.completions.create(model=INSTRUCT, messages=messages, tools=ESCALATE)
    (call,) = reply.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert call.function.name == "escalate"
    assert json.loads(call.function.arguments)["reason"]
    assert reply.choices[0].finish_reason == "tool_calls"


def test_thinking_without_a_stream_is_refused_as_the_vendor_does(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="must be set to false for non-streaming calls") as caught:
        client.chat.completions.create(model=THINKING, messages=QUESTION, extra_body={"enable_thinking": True})
    assert caught.value.code == "invalid_parameter_error"
    assert caught.value.response.json()["request_id"]


def test_forcing_a_tool_while_thinking_is_refused(address: str) -> None:
    body = {"model": THINKING, "messages": QUESTION, "stream": True, "enable_thinking": True, "tool_choice": "required"}
    reply = httpx2.post(f"{address}/v1/chat/completions", json=body)
    assert reply.status_code == 400
    assert "tool_choice" in reply.json()["error"]["message"]


def test_an_unknown_model_is_not_found(client: OpenAI) -> None:
    for call in (
        lambda: client.chat.completions.create(model="qwen3-max", messages=QUESTION),
        lambda: client.embeddings.create(model="text-embedding-v4", input="a"),
        lambda: client.models.retrieve("gone"),
    ):
        with pytest.raises(openai.NotFoundError) as caught:
            call()
        assert caught.value.code == "model_not_found"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("chat/completions", {"messages": QUESTION}),
        ("chat/completions", {"model": INSTRUCT}),
        ("chat/completions", {"model": INSTRUCT, "messages": []}),
        ("chat/completions", {"model": INSTRUCT, "messages": [{"role": "robot", "content": "x"}]}),
        ("chat/completions", {"model": INSTRUCT, "messages": [{"role": "tool", "content": "x"}]}),
        ("chat/completions", {"model": INSTRUCT, "messages": QUESTION, "tools": [{"name": "x"}]}),
        ("chat/completions", {"model": INSTRUCT, "messages": QUESTION, "tools": 5}),
        ("chat/completions", [1]),
        ("embeddings", {"input": "a"}),
        ("embeddings", {"model": "zhinang-local-embedding"}),
        ("embeddings", {"model": "zhinang-local-embedding", "input": [[1, 2]]}),
        ("embeddings", {"model": "zhinang-local-embedding", "input": ["a"] * 65}),
        ("embeddings", {"model": "zhinang-local-embedding", "input": "a", "dimensions": 512}),
        ("rerank", {"model": "zhinang-local-rerank", "documents": ["a"]}),
        ("rerank", {"model": "zhinang-local-rerank", "query": "a", "documents": []}),
        ("rerank", {"model": "zhinang-local-rerank", "query": "a", "documents": [1]}),
        ("rerank", {"model": "zhinang-local-rerank", "query": "a", "documents": ["a"] * 501}),
        ("rerank", {"model": "zhinang-local-rerank", "query": "a", "documents": ["a"], "top_n": -1}),
    ],
)
def test_a_wrong_request_is_refused_with_a_sentence(address: str, path: str, body: object) -> None:
    reply = httpx2.post(f"{address}/v1/{path}", json=body)
    assert reply.status_code == 400
    error = reply.json()["error"]
    assert error["message"]
    assert error["type"] == "invalid_request_error"


def test_what_is_no_json_or_too_large_or_not_there(address: str) -> None:
    assert httpx2.post(f"{address}/v1/embeddings", content=b"{broken").status_code == 400
    assert httpx2.post(f"{address}/v1/embeddings", content=b" " * (MAX_BODY + 1)).status_code == 413
    missing = httpx2.get(f"{address}/v2/models")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
    assert httpx2.get(f"{address}/v1/embeddings").json()["error"]["code"] == "method_not_allowed"


def test_embeddings_are_unit_vectors_in_both_encodings(address: str, client: OpenAI) -> None:
    texts = ["The hotel limit is 150 EUR.", "住宿标准", ""]
    body = {"model": "zhinang-local-embedding", "input": texts}
    floats = httpx2.post(f"{address}/v1/embeddings", json={**body, "encoding_format": "float"}).json()
    coded = httpx2.post(f"{address}/v1/embeddings", json={**body, "encoding_format": "base64"}).json()
    vectors = np.array([item["embedding"] for item in floats["data"]])
    decoded = [np.frombuffer(base64.b64decode(item["embedding"]), "<f4") for item in coded["data"]]
    assert vectors.shape == (3, 256)
    assert np.allclose(np.linalg.norm(vectors, axis=1), [1, 1, 0], atol=1e-5)
    assert np.allclose(vectors, decoded)
    assert client.embeddings.create(model="zhinang-local-embedding", input=texts[0]).usage.prompt_tokens > 3


def test_like_texts_have_like_vectors_across_languages(client: OpenAI) -> None:
    texts = ["How much annual leave do I have?", "我有多少天年假？", "The gateway is offline."]
    data = client.embeddings.create(model="zhinang-local-embedding", input=texts).data
    leave, also_leave, gateway = (np.array(item.embedding) for item in data)
    assert leave @ also_leave > leave @ gateway + 0.2


def test_rerank_puts_the_answer_first(address: str) -> None:
    documents = ["Lunch is at noon.", {"text": "The hotel limit in Berlin is 150 EUR."}, "Hotels are booked early."]
    body = {"model": "zhinang-local-rerank", "query": "hotel limit Berlin", "documents": documents}
    reply = httpx2.post(f"{address}/v1/rerank", json={**body, "top_n": 2, "return_documents": True}).json()
    assert [result["index"] for result in reply["results"]] == [1, 2]
    assert reply["results"][0]["document"]["text"].startswith("The hotel")
    assert 0 <= reply["results"][1]["relevance_score"] < reply["results"][0]["relevance_score"] <= 1


def test_the_server_runs_as_a_process_of_its_own() -> None:
    # Port 0 lets the system choose; the log names the address it took.
    command = [sys.executable, "-m", "llm.local", "--port", "0", "--log-level", "info"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if "running on" in line)
        process.terminate()
    assert "http://127.0.0.1:" in line
