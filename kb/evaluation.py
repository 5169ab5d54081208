"""How well and how fast questions find documents, measured on a question set in a collection made for it.

The documents go through the product's own cutting, embedding and index tables, the questions through its own search.
The collection is deleted afterwards, however the measuring ends.
"""

import math
import os
import socket
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from itertools import islice
from typing import Any

import psutil
from django.db import connection
from django.utils import timezone

from kb.access import acting_as_system
from kb.beir import QuestionSet, SetDocument, ndcg, percentile, recall, reciprocal_rank
from kb.calibration import calibrate_if_due
from kb.chunking import passages
from kb.collections import create_collection, delete_collection
from kb.embedding import embed_documents, passage_text
from kb.generations import answering_servers
from kb.graph import fill_graph
from kb.indexing import fold_statistics, index_whole_versions
from kb.models import Collection, Document, DocumentVersion, Page, Passage, State
from kb.operators import operator
from kb.parsing.languages import count_scripts, main_language
from kb.parsing.parsed import ParsedPage
from kb.parsing.plain import text_blocks
from kb.records import passage_row
from kb.search import Method, search

DOCUMENTS_AT_ONCE = 200
PASSAGES_ASKED = 20
"""Passages asked for, to have ten documents of them."""
PREFIX = "evaluation"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Shelf:
    """A question set whose documents can be searched."""

    questions: QuestionSet
    collection: Collection
    ids: Mapping[int, str]  # Document's primary key → the set's id
    passages: int
    seconds: float


@dataclass(slots=True)
class Tally:
    """What the questions found."""

    rankings: dict[str, list[str]] = field(default_factory=dict)
    milliseconds: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Judge:
    """A further measurement, of a part that this one does not know: it gives figures to report beside its own.

    `add_arguments` declares the options of the command that `measure` reads.
    """

    measure: Callable[[Shelf, Mapping[str, Any], Progress], dict[str, Any]]
    add_arguments: Callable[[ArgumentParser], None] = lambda parser: None
    help: str = ""


JUDGES: dict[str, Judge] = {}
"""Measurements by the name of their option; apps that stand above this one add theirs as they start."""


def evaluate(
    questions: QuestionSet,
    *,
    method: Method = "fused",
    judges: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
    progress: Progress,
) -> dict[str, Any]:
    """The figures of one question set, by document: nDCG, recall, reciprocal rank, times.

    Questions without an answer count for the judges only.

    Raises:
        llm.errors.ModelError: the embedding server does not answer.
    """
    with shelved(questions, progress) as shelf:
        figures = measure(shelf, method, progress)
        for name in judges:
            figures |= JUDGES[name].measure(shelf, options or {}, progress)
    return figures


def measure(shelf: Shelf, method: Method, progress: Progress) -> dict[str, Any]:
    """Ask all questions that have an answer; the figures of what one method found."""
    return _figures(shelf, _ask(shelf, method, progress))


@contextmanager
def shelved(questions: QuestionSet, progress: Progress) -> Iterator[Shelf]:
    """The question set's documents in a collection that nobody but administrators sees, while the block lasts."""
    _remove_abandoned()
    by = operator(None)
    name = f"{PREFIX} {questions.name} {socket.gethostname()} {os.getpid()} {time.time_ns()}"
    collection = create_collection(name, by=by)
    try:
        started = time.monotonic()
        ids, count = _load(questions, collection, progress)
        seconds = time.monotonic() - started
        _settle()
        yield Shelf(questions, collection, ids, count, seconds)
    finally:
        delete_collection(collection, by=by)


def _load(questions: QuestionSet, collection: Collection, progress: Progress) -> tuple[dict[int, str], int]:
    ids: dict[int, str] = {}
    count = 0
    documents = iter(questions.documents)
    while batch := list(islice(documents, DOCUMENTS_AT_ONCE)):
        rows = _store(batch, collection)
        titled = [(passage, passage.document.title) for passage in rows]
        vectors = embed_documents([passage_text(passage, title) for passage, title in titled])
        index_whole_versions(titled, vectors)
        ids |= {passage.document_id: passage.document.external_id for passage in rows}
        count += len(rows)
        progress("documents", len(ids), len(questions.documents))
    return ids, count


def _store(batch: Sequence[SetDocument], collection: Collection) -> list[Passage]:
    """Documents as ready and current ones, with their pages and passages, in one transaction."""
    with acting_as_system():
        scope = collection.scopes.get(is_default=True)
        documents = Document.objects.bulk_create(
            Document(
                collection=collection,
                scope=scope,
                title=document.title[:500],
                filename=f"{document.id}.txt"[-255:],
                external_id=document.id[:500],
            )
            for document in batch
        )
        versions = DocumentVersion.objects.bulk_create(
            DocumentVersion(
                document=stored,
                scope=scope,
                number=1,
                filename=stored.filename,
                sha256=sha256(document.text.encode()).hexdigest(),
                size=len(document.text.encode()),
                state=State.READY,
                characters=len(document.text),
                language=main_language(count_scripts(document.text)),
            )
            for stored, document in zip(documents, batch, strict=True)
        )
        for stored, version in zip(documents, versions, strict=True):
            stored.current_version = stored.latest_version = version
        Document.objects.bulk_update(documents, ["current_version", "latest_version"])
        rows: list[Passage] = []
        pages: list[Page] = []
        for document, version in zip(batch, versions, strict=True):
            page = ParsedPage(None, "", document.text)
            pages.append(Page(version=version, scope=scope, ordinal=0, start=0, end=len(page.text), text=page.text))
            drafts = passages([(page, tuple(text_blocks(page.text)))])
            rows += [passage_row(version, draft) for draft in drafts]
        Page.objects.bulk_create(pages)
        return Passage.objects.bulk_create(rows)


def _settle() -> None:
    """What the background work does after much was added: statistics, calibration, and what autovacuum is for."""
    fold_statistics()
    fill_graph(seconds=math.inf)
    calibrate_if_due()
    with connection.cursor() as cursor:
        cursor.execute("vacuum (analyze) kb_posting, kb_passagevector, kb_indexedversion, kb_indextotal, kb_passage")


def _ask(shelf: Shelf, method: Method, progress: Progress) -> Tally:
    tally = Tally()
    asked = shelf.questions.answerable
    for number, question in enumerate(asked, start=1):
        started = time.perf_counter()
        with acting_as_system():
            hits = search(question.text, limit=PASSAGES_ASKED, collections=[shelf.collection.pk], method=method)
        tally.milliseconds.append((time.perf_counter() - started) * 1000)
        found = (document for hit in hits for document in (hit.document_id, *hit.also_in))
        tally.rankings[question.id] = list(dict.fromkeys(shelf.ids[document] for document in found))
        if number % 50 == 0 or number == len(asked):
            progress("questions", number, len(asked))
    return tally


def _figures(shelf: Shelf, tally: Tally) -> dict[str, Any]:
    pairs = [(tally.rankings[question.id], question.relevant) for question in shelf.questions.answerable]

    def mean(figure: Callable[[Sequence[str], Mapping[str, int], int], float], k: int) -> float:
        return round(sum(figure(*pair, k) for pair in pairs) / len(pairs), 4) if pairs else 0.0

    return {
        "set": shelf.questions.name,
        "questions": len(pairs),
        "ndcg@10": mean(ndcg, 10),
        "recall@5": mean(recall, 5),
        "recall@10": mean(recall, 10),
        "mrr@10": mean(reciprocal_rank, 10),
        "latency_ms": {
            "p50": round(percentile(tally.milliseconds, 0.5), 1),
            "p95": round(percentile(tally.milliseconds, 0.95), 1),
        },
        "ingest": {
            "documents": len(shelf.questions.documents),
            "passages": shelf.passages,
            "seconds": round(shelf.seconds, 2),
        },
        "embedding_model": answering_servers().embedding_model,
    }


def _remove_abandoned() -> None:
    """Delete what earlier measurements on this machine left behind because they were killed."""
    by = operator(None)
    with acting_as_system():
        left = list(Collection.objects.filter(name__startswith=f"{PREFIX} ", created_by=None))
    for collection in left:
        *_, host, process, _ = [*["", ""], *collection.name.split()]
        old = collection.created_at < timezone.now() - timedelta(days=1)
        gone = host == socket.gethostname() and process.isdigit() and not psutil.pid_exists(int(process))
        if old or gone:
            delete_collection(collection, by=by)
