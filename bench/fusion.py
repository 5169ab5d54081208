"""Whether fused is at least as good as its better half, whatever the embedding model is worth.

`python -m bench fusion [DIR …]` asks BEIR folders with the configured model, with a weaker one (its vectors, with
noise) and with two stronger ones, simulated: their vectors know, more or less, what a question's documents are, so that
they find better than words on some sets, and worse on others. Fusion is told nothing of it: it measures each model on
the documents, as it always does.
"""

import argparse
import dataclasses
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import django
import numpy as np
from numpy.typing import NDArray

from bench.retrieval import folders_of, means, measured, table_head, table_line

if TYPE_CHECKING:
    from kb.beir import QuestionSet
    from llm.clients import EmbeddingModel
    from llm.profiles import ModelServers

MODELS = {
    "weaker": (1.0, 0.0, 0.8),
    "as configured": (1.0, 0.0, 0.0),
    "strong": (0.8, 0.8, 1.8),
    "stronger": (0.7, 1.0, 0.9),
}
"""What counts in a vector: the configured model's own; which document it is about; noise."""
KNOWING = 64
PIECE = 16

Vectors = NDArray[np.float32]


class SimulatedModel:
    """An embedding model of another quality than the one it is made of."""

    def __init__(self, real: "EmbeddingModel", name: str, questions: "QuestionSet") -> None:
        self.real = real
        self.model = f"simulated {name}"
        self.own, self.knowing, self.noise = MODELS[name]
        self.relevant = {question.text: list(question.relevant) for question in questions.questions}
        self.places: dict[str, str] = {}
        for document in questions.documents:
            for start in range(max(len(document.text) - PIECE, 1)):
                self.places.setdefault(document.text[start : start + PIECE], document.id)

    def embed(self, texts: Sequence[str], kind: str) -> Vectors:
        own = np.asarray(self.real.embed(list(texts), kind), dtype=np.float32)  # type: ignore[arg-type]
        known = np.stack([self._known(text) for text in texts])
        noise = np.stack([_direction(f"noise {text}", own.shape[1]) for text in texts])
        spread = self.noise if kind == "query" else 0.0
        if self.knowing:
            error = np.stack([_direction(f"error {text}", KNOWING) for text in texts])
            vectors = np.concatenate([self.own * own, self.knowing * (known + spread * error)], axis=1)
        else:
            vectors = self.own * own + self.noise * noise
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    def _known(self, text: str) -> Vectors:
        """The direction of the documents that a question is about, or that a text is from."""
        about = self.relevant.get(text)
        if about is None:
            votes = Counter(self.places.get(text[at : at + PIECE], "") for at in range(0, len(text), 3))
            votes.pop("", None)
            about = [document for document, _ in votes.most_common(1)]
        if not about:
            return np.zeros(KNOWING, dtype=np.float32)
        total = np.sum([_direction(document, KNOWING) for document in about], axis=0)
        return np.asarray(total / np.linalg.norm(total), dtype=np.float32)


def _direction(name: str, dimensions: int) -> Vectors:
    """A unit vector that is always the same for a name."""
    seed = int.from_bytes(blake2b(name.encode("utf-8", "replace"), digest_size=8).digest(), "big")
    vector = np.random.default_rng(seed).normal(size=dimensions)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench fusion", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, metavar="DIR", help="by default the sets in ../shared/data")
    parser.add_argument("--questions", type=int, default=150, metavar="N", help="ask so many of each set")
    options = parser.parse_args(arguments)
    folders = folders_of(parser, options.folders)
    django.setup()
    from django.core.management import call_command

    from kb.beir import read_set

    call_command("migrate", interactive=False, verbosity=0)
    sys.stdout.write(f"{'':>15}{table_head()}")
    found: dict[str, dict[str, Any]] = {name: {} for name in MODELS}
    for folder in folders:
        questions = read_set(folder)
        asked = questions.answerable[: options.questions]
        questions = dataclasses.replace(questions, questions=asked)
        for name in MODELS:
            with _simulated(name, questions):
                figures = measured(questions)
            found[name][questions.name] = figures
            halves = max(figures["lexical"]["ndcg@10"], figures["dense"]["ndcg@10"])
            gain = figures["fused"]["ndcg@10"] - halves
            sys.stdout.write(f"{name:>13}  {table_line(questions.name, figures)}  {gain:+.3f} to the better half\n")
            sys.stdout.flush()
    for name, sets in found.items():
        means_ = "  ".join(f"{method} {mean:.3f}" for method, mean in means(sets).items())
        sys.stdout.write(f"{name:>13}  mean nDCG@10: {means_}\n")
    sys.stdout.write(json.dumps(found) + "\n")


@contextmanager
def _simulated(name: str, questions: "QuestionSet") -> Iterator[None]:
    """The configured model, made better or worse for as long as the block lasts."""
    from django.conf import settings

    from kb import embedding, generations
    from llm.clients import embedding_model
    from llm.companion import local_models

    servers, real = settings.MODEL_SERVERS, embedding.model
    with local_models(servers):
        own = embedding_model(servers)
        size = own.embed(["size"], "query").shape[1]
        before = generations.ensure_generation(servers.embedding_model, size, servers.embedding.base_url)
        model = SimulatedModel(own, name, questions)
        simulated = dataclasses.replace(servers, embedding_model=model.model, embedding_dimensions=None)
        settings.MODEL_SERVERS = simulated
        generation = generations.ensure_generation(model.model, model.embed(["size"], "query").shape[1])

        def asked(servers: "ModelServers | None" = None) -> "SimulatedModel | EmbeddingModel":
            return model if servers in (None, simulated) else real(servers)

        try:
            generations.activate(generation)  # what is measured of it is read anew for each search
            with patch("kb.embedding.model", asked):
                yield
        finally:
            generations.activate(before)
            generations.drop(generation)
            settings.MODEL_SERVERS = servers
