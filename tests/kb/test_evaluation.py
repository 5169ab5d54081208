"""A question set is measured through the product's own tables, and leaves nothing behind."""

import json
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from kb import evaluation
from kb.access import acting_as_system
from kb.beir import BadSet, ndcg, percentile, read_set, recall, reciprocal_rank, sample
from kb.collections import create_collection
from kb.models import Collection, Document, Passage
from kb.models_index import IndexTotal, PassageVector, Posting
from kb.operators import operator
from llm.profiles import Limits, ModelServers

pytestmark = pytest.mark.django_db(transaction=True)

CORPUS = [
    {"_id": "d1", "title": "Travel", "text": "Hotels cost at most 180 euros a night."},
    {"_id": "d2", "title": "Leave", "text": "Everybody has 25 days of leave."},
    {"_id": "d3", "title": "年假", "text": "每名员工每年有十五天年假。"},
]
QUERIES = [
    {"_id": "q1", "text": "How much may a hotel cost?", "metadata": {"answers": ["180 euros"]}},
    {"_id": "q2", "text": "年假有多少天？"},
    {"_id": "q3", "text": "Who is the king?"},
]
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td3\t1\nq2\td2\t0\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "corpus.jsonl").write_text("\n".join(json.dumps(row) for row in CORPUS))
    (tmp_path / "queries.jsonl").write_text("\n".join(json.dumps(row) for row in QUERIES) + "\n\n")
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text(QRELS)
    return tmp_path


def evaluated(folder: Path, *options: str) -> dict[str, object]:
    out = StringIO()
    call_command("evaluate", str(folder), "--json", *options, stdout=out)
    figures: dict[str, object] = json.loads(out.getvalue().splitlines()[-1])
    return figures


def left_behind() -> list[int]:
    with acting_as_system():
        return [model.objects.count() for model in (Collection, Document, Passage, Posting, PassageVector)] + [
            sum(IndexTotal.objects.values_list("passages", flat=True))
        ]


@pytest.mark.parametrize("method", ["fused", "lexical", "dense"])
def test_the_figures_of_a_small_set(folder: Path, model_server: ModelServers, method: str) -> None:
    figures = evaluated(folder, "--method", method)
    assert figures["questions"] == 2
    assert figures["ndcg@10"] == figures["recall@5"] == figures["recall@10"] == figures["mrr@10"] == 1.0
    assert set(figures["latency_ms"]) == {"p50", "p95"}  # type: ignore[call-overload]
    assert figures["ingest"]["documents"] == figures["ingest"]["passages"] == 3  # type: ignore[index]
    assert left_behind() == [0] * 6


def test_it_is_told_without_json_too(folder: Path, model_server: ModelServers) -> None:
    out = StringIO()
    call_command("evaluate", str(folder), stdout=out)
    assert "ndcg@10                1.0" in out.getvalue()


def test_further_measurements_see_the_shelf(
    folder: Path, model_server: ModelServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unanswerable(
        shelf: evaluation.Shelf, options: Mapping[str, object], progress: evaluation.Progress
    ) -> dict[str, object]:
        return {"unanswerable": [question.id for question in shelf.questions.unanswerable], "how": options["how"]}

    def arguments(parser: ArgumentParser) -> None:
        parser.add_argument("--how")

    judge = evaluation.Judge(unanswerable, arguments)
    monkeypatch.setitem(evaluation.JUDGES, "judged", judge)
    figures = evaluated(folder, "--judged", "--how", "well")
    assert (figures["unanswerable"], figures["how"]) == (["q3"], "well")


def test_a_sample_is_spread_over_the_questions(folder: Path, model_server: ModelServers) -> None:
    sampled = sample(read_set(folder), 1)
    assert [question.id for question in sampled.questions] == ["q1", "q3"]
    assert len(sampled.documents) == 3
    assert evaluated(folder, "--limit", "1")["questions"] == 1
    with pytest.raises(CommandError, match="no number of questions"):
        evaluated(folder, "--limit", "0")


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_however_it_ends_it_cleans_up(
    folder: Path, model_server: ModelServers, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    def interrupted(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr(evaluation, "search", interrupted)
    with pytest.raises((CommandError, SystemExit, RuntimeError)):
        evaluated(folder)
    assert left_behind() == [0] * 6


def test_what_a_killed_measurement_left_is_deleted_by_the_next(folder: Path, model_server: ModelServers) -> None:
    import socket

    create_collection(f"evaluation old {socket.gethostname()} 99999999 1", by=operator(None))
    create_collection("evaluation of our suppliers", by=operator(None))
    evaluated(folder)
    with acting_as_system():
        assert [collection.name for collection in Collection.objects.all()] == ["evaluation of our suppliers"]


def test_an_embedding_server_that_is_away_is_said_so(folder: Path, settings: Settings) -> None:
    servers = ModelServers.from_environment(
        {
            "LOCAL_MODEL_URL": "http://127.0.0.2:9/v1",
            "EMBEDDING_BASE_URL": "http://127.0.0.2:9/v1",
            "EMBEDDING_MODEL": "some-model",
        }
    )
    settings.MODEL_SERVERS = replace(servers, limits=Limits(embedding=0.2, patience=0))
    with pytest.raises(CommandError):
        evaluated(folder)
    assert left_behind() == [0] * 6


def spoil(name: str, text: str | None) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        if text is None:
            (folder / name).unlink()
        else:
            (folder / name).write_text(text)

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (spoil("corpus.jsonl", None), "cannot be read"),
        (spoil("qrels/test.tsv", None), "cannot be read"),
        (spoil("corpus.jsonl", "{"), "line 1 is not JSON"),
        (spoil("corpus.jsonl", "[1]"), "line 1 is not a JSON object"),
        (spoil("queries.jsonl", '{"_id": "q1"}'), "line 1 has no text"),
        (spoil("queries.jsonl", ""), "no documents or no questions"),
        (spoil("qrels/test.tsv", "head\nq1\td1\n"), "line 2 is not"),
        (spoil("qrels/test.tsv", "head\nq1\td9\t1\n"), "the corpus does not have"),
    ],
)
def test_what_is_wrong_with_a_folder_is_said(
    folder: Path, change: Callable[[Path], None], sentence: str, model_server: ModelServers
) -> None:
    change(folder)
    with pytest.raises(CommandError, match=sentence):
        evaluated(folder)


def test_text_in_another_encoding_is_said_so(folder: Path) -> None:
    (folder / "corpus.jsonl").write_bytes("年假".encode("gb18030"))
    with pytest.raises(BadSet, match="UTF-8"):
        read_set(folder)


def test_the_figures() -> None:
    relevant = {"a": 1, "b": 1}
    assert ndcg(["a", "b", "c"], relevant, 10) == 1
    assert ndcg(["c", "a"], relevant, 10) == pytest.approx(0.6309 / 1.6309, abs=1e-4)
    assert ndcg(["b", "a"], {"a": 2, "b": 1}, 10) == pytest.approx((1 + 2 * 0.6309) / (2 + 0.6309), abs=1e-4)
    assert recall(["c", "a"], relevant, 1) == 0
    assert recall(["c", "a"], relevant, 2) == 0.5
    assert reciprocal_rank(["c", "a"], relevant, 10) == 0.5
    assert reciprocal_rank(["c"], relevant, 10) == 0
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile([], 0.95) == 0


def test_fused_search_is_no_worse_than_either_half_on_a_public_set(shared: Path, model_server: ModelServers) -> None:
    whole = read_set(shared / "data" / "hotpot_multihop")
    asked = whole.answerable[:40]
    relevant = {document for question in asked for document in question.relevant}
    others = [document for document in whole.documents if document.id not in relevant][:250]
    chosen = [document for document in whole.documents if document.id in relevant] + others

    def quiet(what: str, done: int, total: int) -> None:
        return None

    with evaluation.shelved(replace(whole, documents=chosen, questions=asked), quiet) as shelf:
        lexical, dense, fused = (
            evaluation.measure(shelf, method, quiet)["ndcg@10"] for method in ("lexical", "dense", "fused")
        )
    assert fused >= max(lexical, dense) - 0.01
