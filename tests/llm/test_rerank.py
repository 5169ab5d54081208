"""Rerank against a real HTTP server."""

from typing import Any

import pytest

from llm.clients import rerank_model
from llm.errors import ModelError
from llm.profiles import Endpoint
from llm.rerank import RerankModel
from tests.llm.scripted import ScriptedServer, error, reply

PATH = "/v1/rerank"
DOCUMENTS = ["The cafeteria opens at noon.", "Annual leave is fifteen days.", "Leave the door open."]


@pytest.fixture
def model(scripted: ScriptedServer) -> RerankModel:
    return RerankModel(scripted.servers())


def results(*pairs: tuple[Any, Any], score: str = "relevance_score") -> dict[str, Any]:
    return {"results": [{"index": index, score: value} for index, value in pairs]}


def test_the_best_come_first(scripted: ScriptedServer, model: RerankModel) -> None:
    found = model.rerank("annual leave", DOCUMENTS, 2)
    assert [index for index, _ in found] == [1, 2]
    body = scripted.requests[-1].body
    assert body == {"model": "scripted-rerank", "query": "annual leave", "documents": DOCUMENTS, "top_n": 2}
    assert scripted.requests[-1].headers["authorization"] == "Bearer sk-test-secret"


def test_model_studios_own_root_is_reached(scripted: ScriptedServer) -> None:
    servers = scripted.servers(rerank=Endpoint(f"{scripted.root}/compatible-api/v1/reranks", "k"))
    assert RerankModel(servers).rerank("annual leave", DOCUMENTS, 9)[0][0] == 1
    assert scripted.requests[-1].path == "/compatible-api/v1/reranks"


@pytest.mark.parametrize(
    "body",
    [
        results((1, 0.9), (0, 0.2)),
        results((0, 0.2), (1, 0.9)),
        results((1, 0.9), (0, 0.2), score="score"),
        {"output": results((1, 0.9), (0, 0.2))},
        results((1, 0.9), (1, 0.1), (7, 0.8), (-1, 0.8), (None, 0.8), ("0", 0.8), (2, None), (0, 0.2)),
        {"results": [None, *results((1, 0.9), (0, 0.2))["results"]]},
    ],
    ids=["sorted", "unsorted", "score", "native", "wrong and repeated indexes", "not an object"],
)
def test_every_shape_is_read_and_wrong_indexes_dropped(
    scripted: ScriptedServer, model: RerankModel, body: dict[str, Any]
) -> None:
    scripted.enqueue(reply(200, body), path=PATH)
    assert model.rerank("q", DOCUMENTS, 3) == [(1, 0.9), (0, 0.2)]


def test_a_bare_list_is_read(scripted: ScriptedServer, model: RerankModel) -> None:
    scripted.enqueue(reply(200, b'[{"index": 1, "score": 0.9}]'), path=PATH)
    assert model.rerank("q", DOCUMENTS, 3) == [(1, 0.9)]


@pytest.mark.parametrize("body", [{"results": []}, {"results": None}, {}, "text", "<html></html>"])
def test_a_reply_that_orders_nothing_is_an_error_to_fall_back_from(
    scripted: ScriptedServer, model: RerankModel, body: Any
) -> None:
    scripted.enqueue(reply(200, body), reply(200, body), path=PATH)
    with pytest.raises(ModelError) as caught:
        model.rerank("q", DOCUMENTS, 3)
    assert caught.value.kind in ("bad_output", "configuration")


def test_errors_are_classified_and_repeated_like_any_other(scripted: ScriptedServer, model: RerankModel) -> None:
    scripted.enqueue(error(429, "Throttling", "slow"), reply(200, results((1, 0.9))), path=PATH)
    assert model.rerank("q", DOCUMENTS, 1) == [(1, 0.9)]
    scripted.enqueue(error(404, "model_not_found", "gone"), path=PATH)
    with pytest.raises(ModelError) as caught:
        model.rerank("q", DOCUMENTS, 1)
    assert caught.value.kind == "configuration"


def test_nothing_to_order_asks_nobody(scripted: ScriptedServer, model: RerankModel) -> None:
    assert model.rerank("q", [], 3) == []
    assert not scripted.requests


def test_servers_without_rerank_have_no_model(scripted: ScriptedServer) -> None:
    servers = scripted.servers(rerank=None)
    assert rerank_model(servers) is None
    with pytest.raises(ValueError, match="no rerank"):
        RerankModel(servers)
