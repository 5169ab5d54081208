"""How well and how fast passages are found: BM25 alone, vectors alone, and both fused, on BEIR folders.

`python -m bench retrieval DIR… [--copies N]` loads each folder once and asks its questions by each method.
"""

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from kb.beir import QuestionSet
    from kb.search import Method

SHARED = Path(os.environ.get("ZHINANG_SHARED", Path(__file__).resolve().parent.parent.parent / "shared")) / "data"
METHODS: "tuple[Method, ...]" = ("lexical", "dense", "fused")


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench retrieval", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, metavar="DIR", help="by default the sets in ../shared/data")
    parser.add_argument(
        "--copies", type=int, default=1, help="load so many copies of each document with their words in another order"
    )
    options = parser.parse_args(arguments)
    folders = options.folders or sorted(path.parent.parent for path in SHARED.glob("*/qrels/test.tsv"))
    if not folders:
        parser.error(f"name a BEIR folder; there is none in {SHARED}.")
    django.setup()
    from django.conf import settings

    from kb.beir import read_set
    from llm.companion import local_models

    found: dict[str, dict[str, Any]] = {}
    with local_models(settings.MODEL_SERVERS):
        for folder in folders:
            questions = _copied(read_set(folder), options.copies)
            found[questions.name] = _measured(questions)
            sys.stdout.write(_line(questions.name, found[questions.name]) + "\n")
            sys.stdout.flush()
    means = {method: fmean(figures[method]["ndcg@10"] for figures in found.values()) for method in METHODS}
    sys.stdout.write("mean nDCG@10: " + "  ".join(f"{method} {mean:.4f}" for method, mean in means.items()) + "\n")
    sys.stdout.write(json.dumps(found) + "\n")


def _measured(questions: "QuestionSet") -> dict[str, Any]:
    from kb.evaluation import measure, shelved

    def quiet(what: str, done: int, total: int) -> None:
        return None

    with shelved(questions, quiet) as shelf:
        return {method: measure(shelf, method, quiet) for method in METHODS}


def _copied(questions: "QuestionSet", copies: int) -> "QuestionSet":
    """More documents of the same words: what a larger library does to times, and noise for quality."""
    more = []
    for copy in range(1, copies):
        for document in questions.documents:
            words = document.text.split(" ")
            text = " ".join(words[copy::copies] + words[:copy]) if len(words) > copies else document.text[::-1]
            more.append(dataclasses.replace(document, id=f"{document.id}+{copy}", title="", text=text))
    return dataclasses.replace(questions, documents=[*questions.documents, *more])


def _line(name: str, figures: dict[str, Any]) -> str:
    shown = [
        f"{method} {one['ndcg@10']:.3f} / {one['recall@5']:.3f} / {one['recall@10']:.3f} "
        f"({one['latency_ms']['p50']:.0f}, {one['latency_ms']['p95']:.0f} ms)"
        for method, one in figures.items()
    ]
    ingest = figures["fused"]["ingest"]
    return f"{name}: {' | '.join(shown)} | {ingest['passages']} passages in {ingest['seconds']} s"
