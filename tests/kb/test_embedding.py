"""Texts and questions → vectors of the model the settings name."""

import numpy as np
import pytest

from kb import embedding
from kb.embedding import QueryCache, embed_documents, embed_query, passage_text
from kb.models import Passage
from llm.clients import EmbeddingModel
from llm.profiles import ModelServers


def test_a_passage_is_embedded_with_its_place() -> None:
    passage = Passage(text="180 euros a night", context="| City | Limit |", heading_path=["Hotels", "Limits"])
    assert passage_text(passage, "Travel") == "Travel > Hotels > Limits\n| City | Limit |\n180 euros a night"
    assert passage_text(Passage(text="words"), "Travel") == "Travel\nwords"


@pytest.mark.django_db
def test_passages_and_questions_meet(model_server: ModelServers) -> None:
    vectors = embed_documents(["Hotels cost at most 180 euros.", "The office opens at eight."])
    question = embed_query("What may a hotel cost?")
    assert vectors.shape == (2, 256)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert vectors[0] @ question > vectors[1] @ question


@pytest.mark.django_db
def test_questions_asked_last_are_remembered(model_server: ModelServers, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    embed = EmbeddingModel.embed

    def counted(self: EmbeddingModel, texts: list[str], kind: str) -> embedding.Vectors:
        asked.extend(texts)
        return embed(self, texts, kind)  # type: ignore[arg-type]

    monkeypatch.setattr(EmbeddingModel, "embed", counted)
    cache = QueryCache(size=2)
    for text in ("a", "b", "a", "c", "a", "b"):
        vector = cache.vector(embedding.model(), text)
    assert asked == ["a", "b", "c", "b"]
    with pytest.raises(ValueError, match="read-only"):
        vector[0] = 1
