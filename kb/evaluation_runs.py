"""Runs of evaluation sets: begun by an administrator, worked on by any worker, question after question.

Each question's result is stored as it comes. A run whose worker died, or that takes longer than a slice, is carried on
by another worker with the questions that are left.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.audit import Act, record
from accounts.models import Person
from kb.access import acting_as_system
from kb.beir import SetQuestion, ndcg, percentile, recall, reciprocal_rank
from kb.errors import DocumentError
from kb.evaluation import PASSAGES_ASKED
from kb.generations import answering_by, answering_servers
from kb.leases import new_token, unheld
from kb.models_evaluation import EvaluationRun, EvaluationSet, GoldenQuestion, QuestionResult
from kb.models_index import EmbeddingGeneration
from kb.queue import wake_evaluation
from kb.search import Method, search_as
from llm.errors import ModelError

State = EvaluationRun.State
SLICE_SECONDS = 20
SILENCE_SECONDS = 900
"""A worker not heard of for so long is taken for dead: one answer of the Thinking road may take minutes."""
DEPTH = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """How good one answer is. `right`: it says a right answer, cites a right document, or declines where it should."""

    right: bool
    cited: bool | None
    declined: bool
    unsupported: int
    road: str
    milliseconds: float
    failure: str


Answerer = Callable[[Person, SetQuestion, str], tuple[str, Judged]]
"""Asks a question as a person in a mode; the answer and how good it is. Documents are named by their numbers."""
ANSWERERS: list[Answerer] = []
"""The app that answers questions stands above this one, and adds itself as it starts."""


def start_run(
    kept: EvaluationSet,
    *,
    by: Person,
    method: Method = "fused",
    mode: str = "",
    generation: EmbeddingGeneration | None = None,
) -> EvaluationRun:
    """Ask all questions of a set, as `by`; a worker does it.

    Args:
        method: how documents are searched.
        mode: also ask for answers, in this mode.
        generation: search by another embedding model than the one that answers.

    Raises:
        DocumentError: not_allowed, set_empty.
    """
    if not by.is_superuser or by.pk is None:
        raise DocumentError("not_allowed")
    with acting_as_system():
        if not kept.questions.exists():
            raise DocumentError("set_empty")
        run = EvaluationRun.objects.create(
            set=kept,
            by=by,
            method=method,
            mode=mode,
            generation=generation,
            embedding_model=generation.model if generation else answering_servers().embedding_model,
            total=kept.questions.count(),
        )
        record(Act.EVALUATION_STARTED, by, target=kept.pk, name=kept.name, run=run.pk, mode=mode)
        transaction.on_commit(lambda: wake_evaluation(run.pk))
    return run


def cancel_run(run: EvaluationRun, *, by: Person) -> None:
    """End a run; what it has found stays.

    Raises:
        DocumentError: not_allowed.
    """
    if not by.is_superuser:
        raise DocumentError("not_allowed")
    with acting_as_system():
        waiting = EvaluationRun.objects.filter(pk=run.pk, state__in=[State.QUEUED, State.RUNNING])
        waiting.update(state=State.CANCELLED, ended_at=timezone.now(), lease="")


def resume_run(run: EvaluationRun, *, by: Person) -> None:
    """Let a worker go on with a run that failed or was cancelled; what it has found is not asked again.

    Raises:
        DocumentError: not_allowed, nothing_to_retry.
    """
    if not by.is_superuser:
        raise DocumentError("not_allowed")
    with acting_as_system():
        ended = EvaluationRun.objects.filter(pk=run.pk, state__in=[State.FAILED, State.CANCELLED])
        if not ended.update(state=State.QUEUED, ended_at=None, lease="", error_en="", error_zh="", by=by):
            raise DocumentError("nothing_to_retry")
        transaction.on_commit(lambda: wake_evaluation(run.pk))


def due() -> list[int]:
    """The runs that a worker could carry on now."""
    with acting_as_system():
        return list(_free().order_by("pk").values_list("pk", flat=True)[:100])


def work_on(run_id: int, seconds: float = SLICE_SECONDS) -> bool:
    """Carry a run on for some seconds; True where questions are left for another worker."""
    run = _claim(run_id)
    if run is None:
        return False
    started = time.monotonic()
    try:
        for question in _left(run):
            if time.monotonic() - started > seconds:
                return _give_back(run)
            if not _store(run, _asked(run, question)):
                return False
    except DocumentError as error:
        _end(run, State.FAILED, error.en, error.zh)
    except ModelError as error:
        _end(run, State.FAILED, error.sentence("en"), error.sentence("zh-hans"))
    else:
        _end(run, State.DONE)
    return False


def _free() -> QuerySet[EvaluationRun]:
    return EvaluationRun.objects.filter(unheld(SILENCE_SECONDS), state__in=[State.QUEUED, State.RUNNING])


def _claim(run_id: int) -> EvaluationRun | None:
    lease = new_token()
    with acting_as_system():
        taken = _free().filter(pk=run_id).update(lease=lease, heartbeat_at=timezone.now(), state=State.RUNNING)
        return EvaluationRun.objects.select_related("by", "generation").get(pk=run_id) if taken else None


def _left(run: EvaluationRun) -> list[GoldenQuestion]:
    """The questions without a result."""
    with acting_as_system():
        done = run.results.values("question")
        left = GoldenQuestion.objects.filter(set=run.set_id).exclude(pk__in=done).prefetch_related("relevant")
        return list(left)


def _asked(run: EvaluationRun, question: GoldenQuestion) -> QuestionResult:
    """What is found for a question; nothing where the documents that were right are gone."""
    if run.by is None or not run.by.is_active or not run.by.is_superuser:
        raise DocumentError("not_allowed")
    relevant = {str(one.document_id): one.grade for one in question.relevant.all()}
    if question.has_answer and not relevant:
        return QuestionResult(run=run, question=question)
    started = time.perf_counter()
    method: Any = run.method
    with answering_by(run.generation) if run.generation else nullcontext():
        hits = search_as(run.by, question.text, limit=PASSAGES_ASKED, method=method)
    milliseconds = (time.perf_counter() - started) * 1000
    if hits.degraded:  # found by words alone: figures of that would be of another method
        raise DocumentError("embedding_unreachable", model=run.embedding_model)
    found = list(dict.fromkeys(document for hit in hits for document in (hit.document_id, *hit.also_in)))
    result = QuestionResult(run=run, question=question, found=found[:DEPTH], milliseconds=round(milliseconds, 1))
    if relevant:
        names = [str(document) for document in found]
        result.ndcg = round(ndcg(names, relevant, DEPTH), 4)
        result.recall = round(recall(names, relevant, DEPTH), 4)
        result.reciprocal_rank = round(reciprocal_rank(names, relevant, DEPTH), 4)
    if run.mode and ANSWERERS:
        asked = SetQuestion(question.key, question.text, relevant, {"answers": question.answers})
        result.answer, judged = ANSWERERS[0](run.by, asked, run.mode)
        result.judged = asdict(judged)
    return result


@contextmanager
def _ours(run: EvaluationRun) -> Iterator[bool]:
    """Whether the run is still ours, while its row is locked."""
    with acting_as_system():
        locked = EvaluationRun.objects.select_for_update(no_key=True)
        yield locked.filter(pk=run.pk, lease=run.lease, state=State.RUNNING).exists()


def _store(run: EvaluationRun, result: QuestionResult) -> bool:
    """False where the run is no longer ours: cancelled, deleted, or taken by another worker."""
    with _ours(run) as ours:
        if ours:
            EvaluationRun.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now())
            if GoldenQuestion.objects.filter(pk=result.question_id).exists():
                result.save()
        return ours


def _give_back(run: EvaluationRun) -> bool:
    with _ours(run) as ours:
        if ours:
            EvaluationRun.objects.filter(pk=run.pk).update(lease="")
        return ours


def _end(run: EvaluationRun, state: State, error_en: str = "", error_zh: str = "") -> None:
    with _ours(run) as ours:
        if ours:
            results = list(run.results.select_related("question"))
            EvaluationRun.objects.filter(pk=run.pk).update(
                state=state,
                figures=figures(results),
                total=len(results) if state == State.DONE else run.total,
                error_en=error_en,
                error_zh=error_zh,
                lease="",
                ended_at=timezone.now(),
            )


def figures(results: list[QuestionResult]) -> dict[str, Any]:
    """The figures of a run: means over the questions for which each says something."""
    measured = [one for one in results if one.ndcg is not None]
    times = [one.milliseconds for one in results if one.found or one.ndcg is not None]
    found: dict[str, Any] = {
        "questions": len(results),
        "ndcg@10": _mean(one.ndcg for one in measured),
        "recall@10": _mean(one.recall for one in measured),
        "mrr@10": _mean(one.reciprocal_rank for one in measured),
        "latency_ms": {"p50": percentile(times, 0.5), "p95": percentile(times, 0.95)},
    }
    judged: list[tuple[Mapping[str, Any], bool]] = [
        (one.judged, one.question.has_answer) for one in results if one.judged is not None
    ]
    if judged:
        answer_times = [one["milliseconds"] for one, _ in judged]
        found |= {
            "right": _mean(one["right"] for one, _ in judged),
            "cited": _mean(one["cited"] for one, _ in judged if one["cited"] is not None),
            "refused_answerable": _mean(one["declined"] for one, answerable in judged if answerable),
            "refused_unanswerable": _mean(one["declined"] for one, answerable in judged if not answerable),
            "unsupported_citations": sum(one["unsupported"] for one, _ in judged),
            "failed": sum(bool(one["failure"]) for one, _ in judged),
            "answer_ms": {"p50": percentile(answer_times, 0.5), "p95": percentile(answer_times, 0.95)},
        }
    return found


def _mean(values: Any) -> float | None:
    counted = [float(value) for value in values if value is not None]
    return round(sum(counted) / len(counted), 4) if counted else None
