"""How well and how fast passages are found: BM25 alone, vectors alone, and both fused, on BEIR folders.

`python -m bench retrieval DIR… [--copies N] [--scripts s2t …]` loads each folder and asks its questions by each method.
Each line says nDCG@10, recall@5 and recall@10 by document, and the times (p50, p95).
"""

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from kb.beir import QuestionSet
    from kb.search import Method

SHARED = Path(os.environ.get("ZHINANG_SHARED", Path(__file__).resolve().parent.parent.parent / "shared")) / "data"
METHODS: "tuple[Method, ...]" = ("lexical", "dense", "fused")


SCRIPTS = ("s2t", "s2tw", "s2hk", "s2twp")


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench retrieval", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, metavar="DIR", help="by default the sets in ../shared/data")
    parser.add_argument(
        "--copies", type=int, default=1, help="load so many copies of each document with their words in another order"
    )
    parser.add_argument("--questions", type=int, metavar="N", help="ask the first N questions of each set only")
    parser.add_argument(
        "--scripts",
        nargs="*",
        choices=SCRIPTS,
        help="also ask in Simplified Chinese for Traditional text and the other way, converted so by OpenCC",
    )
    options = parser.parse_args(arguments)
    folders = folders_of(parser, options.folders)
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from kb.beir import read_set
    from llm.companion import local_models

    call_command("migrate", interactive=False, verbosity=0)
    found: dict[str, dict[str, Any]] = {}
    sys.stdout.write(table_head())
    with local_models(settings.MODEL_SERVERS):
        for folder in folders:
            questions = _copied(read_set(folder), options.copies)
            questions = dataclasses.replace(questions, questions=questions.answerable[: options.questions])
            for asked in [questions, *_in_other_scripts(questions, options.scripts or ())]:
                found[asked.name] = measured(asked)
                sys.stdout.write(table_line(asked.name, found[asked.name]) + "\n")
                sys.stdout.flush()
    sys.stdout.write("mean nDCG@10: " + "  ".join(f"{name} {mean:.4f}" for name, mean in means(found).items()) + "\n")
    sys.stdout.write(json.dumps(found) + "\n")


def folders_of(parser: argparse.ArgumentParser, given: Sequence[Path]) -> Sequence[Path]:
    """The BEIR folders to measure on."""
    folders = given or sorted(path.parent.parent for path in SHARED.glob("*/qrels/test.tsv"))
    if not folders:
        parser.error(f"name a BEIR folder; there is none in {SHARED}.")
    return folders


def means(found: Mapping[str, Any]) -> dict[str, float]:
    """The mean nDCG@10 of each method over the sets."""
    return {method: fmean(figures[method]["ndcg@10"] for figures in found.values()) for method in METHODS}


def measured(questions: "QuestionSet") -> dict[str, Any]:
    """The figures of a set by each method."""
    from kb.evaluation import measure, shelved

    def quiet(what: str, done: int, total: int) -> None:
        return None

    with shelved(questions, quiet) as shelf:
        return {method: measure(shelf, method, quiet) for method in METHODS}


def _in_other_scripts(questions: "QuestionSet", scripts: Sequence[str]) -> Iterator["QuestionSet"]:
    """The set with its documents in Traditional Chinese, and with its questions."""
    import opencc

    for script in scripts:
        convert = opencc.OpenCC(script).convert
        documents = [
            dataclasses.replace(document, title=convert(document.title), text=convert(document.text))
            for document in questions.documents
        ]
        asked = [dataclasses.replace(question, text=convert(question.text)) for question in questions.questions]
        yield dataclasses.replace(questions, name=f"{questions.name}, documents {script}", documents=documents)
        yield dataclasses.replace(questions, name=f"{questions.name}, questions {script}", questions=asked)


def _copied(questions: "QuestionSet", copies: int) -> "QuestionSet":
    """More documents of the same words: what a larger library does to times, and noise for quality."""
    more = []
    for copy in range(1, copies):
        for document in questions.documents:
            words = document.text.split(" ")
            text = " ".join(words[copy::copies] + words[:copy]) if len(words) > copies else document.text[::-1]
            more.append(dataclasses.replace(document, id=f"{document.id}+{copy}", title="", text=text))
    return dataclasses.replace(questions, documents=[*questions.documents, *more])


def table_head() -> str:
    """What the columns of `table_line` are."""
    columns = "".join(f"{name:>21}" for name in ("BM25", "vectors", "fused"))
    return f"{'':<30}{columns}{'fused, ms':>13}{'passages':>10}\n"


def table_line(name: str, figures: dict[str, Any]) -> str:
    """One line: nDCG@10, recall@5, recall@10 of each method; the fused search's times (p50, p95)."""
    shown = "".join(
        f"   {one['ndcg@10']:.3f} {one['recall@5']:.3f} {one['recall@10']:.3f} " for one in figures.values()
    )
    fused = figures["fused"]
    times = f"{fused['latency_ms']['p50']:.0f}, {fused['latency_ms']['p95']:.0f}"
    return f"{name:<30}{shown}{times:>13}{fused['ingest']['passages']:>10}"
