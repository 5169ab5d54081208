"""Documents in the order in which they answer a query, from any server of the Jina and Cohere shape."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from typing import Any

import httpx2

from llm.connections import blocking_call, blocking_client, read_json
from llm.errors import ModelError
from llm.profiles import Endpoint, ModelServers
from llm.retries import limiter_for

logger = logging.getLogger(__name__)


class RerankModel:
    """The rerank model of `servers`. Thread-safe; every call blocks.

    Raises ValueError if `servers` have none. Whoever calls falls back to the order they had on any ModelError.
    """

    def __init__(self, servers: ModelServers) -> None:
        if servers.rerank is None:
            raise ValueError("These servers have no rerank model.")
        self.model = servers.rerank_model
        self._endpoint: Endpoint = servers.rerank
        self._servers = servers
        self._limiter = limiter_for(servers.rerank, self.model, None)

    def rerank(self, query: str, documents: Sequence[str], top_n: int) -> list[tuple[int, float]]:
        """(index into `documents`, score), best first, at most `top_n`. Raises ModelError."""
        if not documents:
            return []
        body = {"model": self.model, "query": query, "documents": list(documents), "top_n": min(top_n, len(documents))}
        limits = self._servers.limits
        return blocking_call(lambda: self._attempt(body), self._limiter, limits, limits.rerank, self._servers.profile)

    def _attempt(self, body: dict[str, Any]) -> list[tuple[int, float]]:
        started = time.monotonic()
        client = blocking_client(self._endpoint, self._servers.limits, self._servers.limits.rerank)
        reply = read_json(client.post(self._endpoint.base_url, body=body, cast_to=httpx2.Response).content)
        ranked = _ranked(reply, len(body["documents"]))[: body["top_n"]]
        logger.info(
            "rerank model=%s texts=%d seconds=%.2f", self.model, len(body["documents"]), time.monotonic() - started
        )
        return ranked


def _ranked(reply: object, count: int) -> list[tuple[int, float]]:
    """Read `results` (native: under `output`; some servers: a bare list) without wrong or repeated indexes."""
    output = reply.get("output", reply) if isinstance(reply, dict) else reply
    results = output.get("results") if isinstance(output, dict) else output
    scores: dict[int, float] = {}
    for result in results if isinstance(results, list) else ():
        if not isinstance(result, dict):
            continue
        index, score = result.get("index"), result.get("relevance_score", result.get("score"))
        if not isinstance(index, int) or not isinstance(score, int | float) or not math.isfinite(score):
            continue
        if 0 <= index < count:
            scores.setdefault(index, float(score))
    if not scores:
        raise ModelError("bad_output", "The rerank server ordered nothing.", wait="once")
    return sorted(scores.items(), key=lambda pair: -pair[1])
