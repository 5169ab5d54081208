"""Texts → vectors, from any server that speaks OpenAI's embeddings."""

from __future__ import annotations

import base64
import logging
import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from typing import Any, Literal

import httpx2
import numpy as np
from numpy.typing import NDArray

from llm.capabilities import capabilities_of
from llm.connections import blocking_call, blocking_client, read_json
from llm.errors import ModelError
from llm.profiles import ModelServers
from llm.retries import limiter_for

logger = logging.getLogger(__name__)

Vectors = NDArray[np.float32]
TOO_MANY = re.compile(r"batch size|larger than (\d+)|too many inputs|at most (\d+)|list of at most", re.IGNORECASE)
PREFIXES: tuple[tuple[str, str, str], ...] = (
    (
        "qwen3-embedding",
        "Instruct: Given a question, retrieve passages of company documents that answer it\nQuery:",
        "",
    ),
    ("e5-", "query: ", "passage: "),
    ("nomic-embed", "search_query: ", "search_document: "),
)
"""Part of a model's id, and what its makers want before a query and before a document."""


class EmbeddingModel:
    """The embedding model of `servers`. Thread-safe; every call blocks."""

    def __init__(self, servers: ModelServers) -> None:
        self.model = servers.embedding_model
        self._servers = servers
        self._profile = servers.embedding_profile
        self._known = capabilities_of(servers.embedding.base_url, self.model)
        self._limiter = limiter_for(servers.embedding, self.model, self._profile.requests_per_minute)
        self._batch = self._profile.embedding_batch

    @cached_property
    def dimensions(self) -> int:
        """Numbers in one vector: as configured, or measured by asking for one."""
        return self._servers.embedding_dimensions or self._request(["dimensions"]).shape[1]

    def embed(self, texts: Sequence[str], kind: Literal["document", "query"]) -> Vectors:
        """Vectors of unit length, shape (len(texts), dimensions), in the order of the texts.

        Raises ModelError; kind "invalid_request" for a text without any character to embed.
        """
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        if not all(text.strip() for text in texts):
            raise ModelError("invalid_request", "A text to embed is empty.")
        prefix = next((row[1 + (kind == "document")] for row in PREFIXES if row[0] in self.model.lower()), "")
        asked = [prefix + text for text in texts]
        batches = [asked[start : start + self._batch] for start in range(0, len(asked), self._batch)]
        workers = min(self._profile.embedding_parallel, len(batches))
        if workers <= 1:
            return np.concatenate([self._split(batch) for batch in batches])
        with ThreadPoolExecutor(workers, thread_name_prefix="embedding") as pool:
            return np.concatenate(list(pool.map(self._split, batches)))

    def _split(self, batch: list[str]) -> Vectors:
        """One batch, in halves if the server finds it too large."""
        try:
            return self._request(batch)
        except ModelError as error:
            too_many = error.kind == "context_length" or TOO_MANY.search(error.detail)
            if len(batch) == 1 or not too_many or error.retry:
                raise
            self._learn_batch(error, len(batch))
        middle = len(batch) // 2
        return np.concatenate([self._split(batch[:middle]), self._split(batch[middle:])])

    def _learn_batch(self, error: ModelError, size: int) -> None:
        """Later calls ask for no more at once than this server has shown it takes."""
        if error.kind != "context_length":
            most = next((int(number) for number in re.findall(r"(?:than|most) (\d+)", error.detail)), size // 2)
            self._batch = max(1, min(self._batch, most))

    def _request(self, batch: list[str]) -> Vectors:
        while True:
            body = self._body(batch)
            try:
                return blocking_call(
                    partial(self._attempt, body),
                    self._limiter,
                    self._servers.limits,
                    self._servers.limits.embedding * 3,
                    self._profile,
                )
            except ModelError as error:
                if not self._known.learn(error, body):
                    raise

    def _body(self, batch: list[str]) -> dict[str, Any]:
        body: dict[str, Any] = {"model": self.model, "input": batch, "encoding_format": "float"}
        fixed = self.model == self._profile.embedding_model and not self._profile.embedding_sizes
        if self._servers.embedding_dimensions and not fixed:
            body["dimensions"] = self._servers.embedding_dimensions
        return {name: value for name, value in body.items() if name not in self._known.refused}

    def _attempt(self, body: dict[str, Any]) -> Vectors:
        started = time.monotonic()
        client = blocking_client(self._servers.embedding, self._servers.limits, self._servers.limits.embedding)
        response = client.post("/embeddings", body=body, cast_to=httpx2.Response)
        vectors = _vectors(response.content, len(body["input"]))
        expected = self._servers.embedding_dimensions
        if expected and vectors.shape[1] != expected:
            raise ModelError(
                "configuration",
                f"{self.model} gives {vectors.shape[1]} dimensions and EMBEDDING_DIMENSIONS is {expected}. "
                "Set EMBEDDING_DIMENSIONS to what the model gives.",
            )
        logger.info("embedding model=%s texts=%d seconds=%.2f", self.model, len(vectors), time.monotonic() - started)
        return vectors


def _vectors(content: bytes, count: int) -> Vectors:
    """Read a reply of `count` vectors, in the order of their indexes, and bring them to unit length."""
    reply = read_json(content)
    try:
        data = reply["data"]
        order = [index if (at := item.get("index")) is None else int(at) for index, item in enumerate(data)]
        rows = [_numbers(item["embedding"]) for item in data]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelError("bad_output", f"The reply has an unknown shape: {error!r}", wait="once") from error
    if sorted(order) != list(range(count)):
        raise ModelError("bad_output", f"{count} texts gave {len(rows)} vectors.", wait="once")
    if len({row.shape for row in rows}) != 1 or rows[0].ndim != 1 or not rows[0].size:
        raise ModelError("bad_output", "The vectors differ in length or are empty.", wait="once")
    vectors = np.empty((count, len(rows[0])), dtype=np.float32)
    vectors[order] = rows
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or not lengths.all():
        raise ModelError("bad_output", "A vector is not finite or has no length.", wait="once")
    vectors /= lengths
    return vectors


def _numbers(embedding: object) -> Vectors:
    """One vector, as numbers or in base64, which some servers send whatever was asked for."""
    if isinstance(embedding, str):
        return np.frombuffer(base64.b64decode(embedding, validate=True), dtype="<f4").astype(np.float32)
    with np.errstate(over="ignore"):
        return np.asarray(embedding, dtype=np.float32)
