"""Embeddings against a real HTTP server: batches, order, counts, lengths, refusals."""

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from llm.clients import embedding_model
from llm.embeddings import EmbeddingModel
from llm.errors import ModelError
from llm.profiles import LOCAL, MODELSTUDIO, Endpoint
from tests.llm.scripted import Request, Script, ScriptedServer, error, reply

PATH = "/v1/embeddings"


def bodies(scripted: ScriptedServer) -> list[dict[str, Any]]:
    return [request.body for request in scripted.requests if request.path == PATH]


def vectors(*rows: list[float] | None, **changes: Any) -> Script:
    data = [{"index": index, "embedding": row} | changes for index, row in enumerate(rows)]
    return reply(200, {"data": data})


@pytest.fixture
def model(scripted: ScriptedServer) -> EmbeddingModel:
    return EmbeddingModel(scripted.servers(embedding_dimensions=None))


def failure(scripted: ScriptedServer, model: EmbeddingModel, *answers: Script) -> ModelError:
    scripted.enqueue(*answers, path=PATH)
    with pytest.raises(ModelError) as caught:
        model.embed(["a", "b"], "document")
    return caught.value


def test_vectors_have_unit_length_and_the_order_of_the_texts(scripted: ScriptedServer) -> None:
    model = EmbeddingModel(scripted.servers())
    texts = [f"text {number}" for number in range(25)]
    found = model.embed(texts, "document")
    assert found.shape == (25, model.dimensions) == (25, 16)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(found[13], model.embed([texts[13]], "query")[0], rtol=1e-5)


def test_batches_are_no_larger_than_the_server_takes(scripted: ScriptedServer, model: EmbeddingModel) -> None:
    model.embed([f"text {number}" for number in range(25)], "document")
    assert sorted(len(body["input"]) for body in bodies(scripted)) == [5, 10, 10]


def test_floats_are_asked_for_and_the_configured_dimensions(scripted: ScriptedServer) -> None:
    EmbeddingModel(scripted.servers(embedding_dimensions=8)).embed(["a"], "document")
    (body,) = bodies(scripted)
    assert (body["encoding_format"], body["dimensions"], body["input"]) == ("float", 8, ["a"])


def test_a_model_of_one_size_is_not_asked_for_dimensions(scripted: ScriptedServer) -> None:
    scripted.dimensions = 256
    servers = scripted.servers(embedding_profile=LOCAL, embedding_model=LOCAL.embedding_model, embedding_dimensions=256)
    EmbeddingModel(servers).embed(["a"], "document")
    assert "dimensions" not in bodies(scripted)[0]


def test_unknown_dimensions_are_measured_once(scripted: ScriptedServer, model: EmbeddingModel) -> None:
    assert model.dimensions == model.dimensions == 16
    assert len(bodies(scripted)) == 1


def test_no_texts_give_no_vectors(scripted: ScriptedServer, model: EmbeddingModel) -> None:
    assert model.embed([], "document").shape == (0, 16)


@pytest.mark.parametrize("text", ["", " \n"])
def test_a_blank_text_is_refused_before_any_server_sees_it(
    scripted: ScriptedServer, model: EmbeddingModel, text: str
) -> None:
    with pytest.raises(ModelError) as caught:
        model.embed(["a", text], "document")
    assert caught.value.kind == "invalid_request"
    assert not scripted.requests


def test_results_out_of_order_are_put_in_order_by_index(scripted: ScriptedServer, model: EmbeddingModel) -> None:
    data = [{"index": 1, "embedding": [0, 2]}, {"index": 0, "embedding": [3, 0]}]
    scripted.enqueue(reply(200, {"data": data}), path=PATH)
    assert model.embed(["a", "b"], "document").tolist() == [[1, 0], [0, 1]]


def test_results_without_index_are_taken_as_they_come(scripted: ScriptedServer, model: EmbeddingModel) -> None:
    scripted.enqueue(vectors([3, 0], [0, 2], index=None), path=PATH)
    assert model.embed(["a", "b"], "document").tolist() == [[1, 0], [0, 1]]


def test_base64_is_read_though_floats_were_asked_for(scripted: ScriptedServer, model: EmbeddingModel) -> None:
    coded = base64.b64encode(np.array([3, 0], dtype="<f4").tobytes()).decode()
    scripted.enqueue(reply(200, {"data": [{"index": 0, "embedding": coded}]}), path=PATH)
    assert model.embed(["a"], "document").tolist() == [[1, 0]]


@pytest.mark.parametrize(
    "wrong",
    [
        vectors([1.0, 0.0]),
        vectors([1.0, 0.0], [0.0, 1.0], [1.0, 1.0]),
        vectors([1.0, 0.0], [0.0, 1.0], index=0),
        vectors([1.0, 0.0], [0.0]),
        vectors([], []),
        vectors([1.0, 0.0], [0.0, 0.0]),
        vectors([1.0, 0.0], [None, 1.0]),  # type: ignore[list-item]
        vectors([1.0, 0.0], [1e39, 1.0]),
        vectors([1.0, 0.0], None),
        reply(200, {"data": "none"}),
        reply(200, {}),
        reply(200, "no json"),
        reply(200, b'{"data": [{"index": 0, "embedding": [NaN]}, {"index": 1, "embedding": [1]}]}'),
        reply(200, {"data": [{"index": 0, "embedding": "§"}, {"index": 1, "embedding": "§"}]}),
    ],
)  # fmt: skip
def test_wrong_counts_shapes_and_numbers_are_bad_output_after_one_repeat(
    scripted: ScriptedServer, model: EmbeddingModel, wrong: Script
) -> None:
    assert failure(scripted, model, wrong, wrong).kind == "bad_output"
    assert len(bodies(scripted)) == 2


def test_a_wrong_reply_that_was_a_slip_is_repeated(scripted: ScriptedServer, model: EmbeddingModel) -> None:
    scripted.enqueue(vectors([1.0]), vectors([1.0], [1.0]), path=PATH)
    assert len(model.embed(["a", "b"], "document")) == 2


def test_other_dimensions_than_configured_name_the_variable(scripted: ScriptedServer) -> None:
    model = EmbeddingModel(scripted.servers(embedding_dimensions=3))
    error_ = failure(scripted, model, vectors([1.0, 0.0], [0.0, 1.0]))
    assert error_.kind == "configuration"
    assert "EMBEDDING_DIMENSIONS" in error_.sentence()


def limited(most: int, status: int, code: str, message: str) -> Callable[[Request], Script]:
    def answer(request: Request) -> Script:
        if len(request.body["input"]) > most:
            return error(status, code, message)
        return vectors(*([1.0, float(len(text))] for text in request.body["input"]))

    return answer


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (400, "InvalidParameter", "<400> InternalError.Algo.InvalidParameter: Value error, batch size is invalid, "
         "it should not be larger than 4.: input.contents"),
        (413, "", "Payload Too Large"),
        (400, "BadRequestError", "This model's maximum context length is 512 tokens."),
    ],
)  # fmt: skip
def test_a_batch_the_server_calls_too_large_is_split(
    scripted: ScriptedServer, status: int, code: str, message: str
) -> None:
    servers = scripted.servers(embedding_profile=replace(MODELSTUDIO, embedding_parallel=1), embedding_dimensions=None)
    model = EmbeddingModel(servers)
    texts = ["x" * length for length in range(1, 11)]
    answer = limited(4, status, code, message)
    scripted.enqueue(*[answer] * 20, path=PATH)
    found = model.embed(texts, "document")
    np.testing.assert_allclose(found[:, 1] / found[:, 0], range(1, 11), rtol=1e-5)


def test_the_batch_a_server_takes_is_remembered(scripted: ScriptedServer, model: EmbeddingModel) -> None:
    message = "Value error, batch size is invalid, it should not be larger than 4.: input.contents"
    scripted.enqueue(*[limited(4, 400, "InvalidParameter", message)] * 20, path=PATH)
    model.embed(["a"] * 8, "document")
    before = len(bodies(scripted))
    model.embed(["a"] * 8, "document")
    assert [len(body["input"]) for body in bodies(scripted)[before:]] == [4, 4]


def test_one_text_that_is_too_long_is_said(scripted: ScriptedServer, model: EmbeddingModel) -> None:
    scripted.enqueue(error(400, "InvalidParameter", "Range of input length should be [1, 8192]"), path=PATH)
    with pytest.raises(ModelError) as caught:
        model.embed(["long"], "document")
    assert caught.value.kind == "context_length"


@pytest.mark.parametrize("field", ["dimensions", "encoding_format"])
def test_a_field_the_server_refuses_is_dropped_and_remembered(scripted: ScriptedServer, field: str) -> None:
    model = EmbeddingModel(scripted.servers(embedding_dimensions=2))
    answers = [error(400, "BadRequestError", f"{field} is not supported"), *[vectors([1.0, 0.0])] * 2]
    scripted.enqueue(*answers, path=PATH)
    model.embed(["a"], "document")
    model.embed(["a"], "document")
    assert [field in body for body in bodies(scripted)] == [True, False, False]


def test_rate_limits_are_waited_for(scripted: ScriptedServer, model: EmbeddingModel) -> None:
    scripted.enqueue(*[error(429, "Throttling.RateQuota", "slow")] * 3, vectors([1.0]), path=PATH)
    assert len(model.embed(["a"], "document")) == 1


def test_a_key_that_is_refused_is_said_at_once(scripted: ScriptedServer, model: EmbeddingModel) -> None:
    assert failure(scripted, model, error(401, "InvalidApiKey", "Invalid API-key")).kind == "authentication"
    assert len(bodies(scripted)) == 1


def test_an_error_inside_200_and_a_web_page_are_no_vectors(scripted: ScriptedServer, model: EmbeddingModel) -> None:
    assert failure(scripted, model, error(200, "InvalidApiKey", "no", shape="flat")).kind == "authentication"
    page = reply(200, "<html></html>", content_type="text/html")
    assert failure(scripted, model, page).advice == "address"


def test_a_server_that_is_not_there_is_a_connection_failure(scripted: ScriptedServer) -> None:
    servers = scripted.servers(embedding=Endpoint("http://127.0.0.1:9/v1"))
    with pytest.raises(ModelError) as caught:
        EmbeddingModel(servers).embed(["a"], "query")
    assert caught.value.kind == "connection"


@pytest.mark.parametrize(
    ("name", "kind", "sent"),
    [
        ("Qwen/Qwen3-Embedding-0.6B", "document", "leave"),
        ("multilingual-e5-large", "document", "passage: leave"),
        ("multilingual-e5-large", "query", "query: leave"),
        ("text-embedding-v4", "query", "leave"),
    ],
)
def test_queries_and_documents_get_the_words_their_model_wants(
    scripted: ScriptedServer, name: str, kind: Any, sent: str
) -> None:
    EmbeddingModel(scripted.servers(embedding_model=name)).embed(["leave"], kind)
    assert bodies(scripted)[0]["input"] == [sent]


def test_a_qwen_query_carries_its_instruction(scripted: ScriptedServer) -> None:
    EmbeddingModel(scripted.servers(embedding_model="qwen3-embedding:0.6b")).embed(["leave"], "query")
    (text,) = bodies(scripted)[0]["input"]
    assert text.startswith("Instruct: ")
    assert text.endswith("\nQuery:leave")


def test_threads_share_one_model(scripted: ScriptedServer) -> None:
    model = embedding_model(scripted.servers())
    assert model is embedding_model(scripted.servers())
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: model.embed([f"text {number}"], "query"), range(40)))
    assert all(vector.shape == (1, 16) for vector in found)
