"""Texts → vectors: of the embedding model whose vectors answer now, unless another is named."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from kb.generations import answering_servers
from kb.models import Passage
from llm.clients import EmbeddingModel, embedding_model
from llm.profiles import ModelServers

Vectors = NDArray[np.float32]

REMEMBERED_QUERIES = 1000


def model(servers: ModelServers | None = None) -> EmbeddingModel:
    """The embedding model of `servers`; by default the one whose vectors answer."""
    return embedding_model(servers or answering_servers())


def passage_text(passage: Passage, title: str) -> str:
    """What is embedded of a passage: where it stands says as much as what it says."""
    place = " > ".join((title, *passage.heading_path))
    return "\n".join(part for part in (place, passage.context, passage.text) if part.strip())


def embed_documents(texts: Sequence[str], servers: ModelServers | None = None) -> Vectors:
    """Unit vectors of passages, shape (len(texts), dimensions). Raises llm.errors.ModelError."""
    return model(servers).embed(texts, "document")


def embed_query(text: str, servers: ModelServers | None = None) -> Vectors:
    """The unit vector of a question, shape (dimensions,). Raises llm.errors.ModelError."""
    return _queries.vector(model(servers), text)


class QueryCache:
    """The vectors of the questions asked last."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._vectors: OrderedDict[tuple[EmbeddingModel, str], Vectors] = OrderedDict()
        self._lock = Lock()

    def vector(self, model: EmbeddingModel, text: str) -> Vectors:
        """The remembered vector, or the model's. Raises llm.errors.ModelError."""
        key = (model, text)
        with self._lock:
            if key in self._vectors:
                self._vectors.move_to_end(key)
                return self._vectors[key]
        vector: Vectors = model.embed([text], "query")[0]
        vector.setflags(write=False)
        with self._lock:
            self._vectors[key] = vector
            if len(self._vectors) > self.size:
                self._vectors.popitem(last=False)
        return vector


_queries = QueryCache(REMEMBERED_QUERIES)
