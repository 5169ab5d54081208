"""Texts → vectors of the embedding model that the settings name."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from kb.models import Passage
from llm.clients import EmbeddingModel, embedding_model

Vectors = NDArray[np.float32]

REMEMBERED_QUERIES = 1000


def model() -> EmbeddingModel:
    """The embedding model that documents and questions go through."""
    return embedding_model(settings.MODEL_SERVERS)


def passage_text(passage: Passage, title: str) -> str:
    """What is embedded of a passage: where it stands says as much as what it says."""
    place = " > ".join((title, *passage.heading_path))
    return "\n".join(part for part in (place, passage.context, passage.text) if part.strip())


def embed_documents(texts: Sequence[str]) -> Vectors:
    """Unit vectors of passages, shape (len(texts), dimensions). Raises llm.errors.ModelError."""
    return model().embed(texts, "document")


def embed_query(text: str) -> Vectors:
    """The unit vector of a question, shape (dimensions,). Raises llm.errors.ModelError."""
    return _queries.vector(model(), text)


class QueryCache:
    """The vectors of the questions asked last."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._vectors: OrderedDict[tuple[str, str], Vectors] = OrderedDict()
        self._lock = Lock()

    def vector(self, model: EmbeddingModel, text: str) -> Vectors:
        """The remembered vector, or the model's. Raises llm.errors.ModelError."""
        key = (model.model, text)
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
