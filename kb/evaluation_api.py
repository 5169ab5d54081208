"""Evaluation sets over HTTP, for administrators: questions, runs, and what differs between two runs."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest
from django.utils.translation import get_language
from ninja import Field, Path, Query, Router, Schema, Status
from pydantic import AfterValidator

from accounts.api import ADMINISTRATION, asker
from accounts.models import Person
from kb.embedding_models import generation_for
from kb.evaluation_comparing import counted, paired
from kb.evaluation_runs import cancel_run, resume_run, start_run
from kb.evaluation_sets import keep_question, results_of, run_for, runs_of, set_for, sets_for
from kb.models_evaluation import EvaluationRun, EvaluationSet

router = Router(tags=["evaluation"], auth=ADMINISTRATION)
Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
Number = Annotated[int, Field(ge=1, le=2**63 - 1)]
Line = Annotated[str, AfterValidator(lambda text: text.replace("\0", ""))]


class SetOut(Schema):
    id: int
    name: str
    questions: int


class GoldenDocumentIn(Schema):
    document: Number
    grade: Annotated[int, Field(ge=1, le=99)] = 1


class QuestionIn(Schema):
    set: Annotated[Line, Field(min_length=1, max_length=200, description="Its name; made if there is none.")]
    question: Annotated[Line, Field(min_length=1, max_length=2000)]
    documents: Annotated[list[GoldenDocumentIn], Field(max_length=1000)] = Field(
        default=[], description="Those that are right; none where the question should be declined."
    )
    answers: Annotated[list[Line], Field(max_length=100)] = Field(
        default=[], description="Strings of which a right answer holds one."
    )


class QuestionOut(Schema):
    id: int
    set: int


class RunIn(Schema):
    method: Literal["fused", "lexical", "dense"] = "fused"
    mode: Literal["", "auto", "fast", "thinking"] = Field(default="", description="Also ask for answers, in this mode.")
    embedding_model: Number | None = Field(
        default=None, description="Search by this model of `GET /embedding-models`, not by the one that answers."
    )


class RunOut(Schema):
    id: int
    set: int
    method: str
    mode: str
    embedding_model: str
    state: str = Field(description="queued running done failed cancelled")
    done: int
    total: int
    figures: dict[str, Any]
    error: str
    created_at: datetime
    ended_at: datetime | None


class ResultOut(Schema):
    question: str
    verdict: str | None = Field(description="better worse same new; null where no other run is compared")
    found: list[int] = Field(description="Documents, best first.")
    ndcg: float | None
    ndcg_before: float | None
    answer: str
    right: bool | None
    right_before: bool | None


class RunResultsOut(RunOut):
    differences: dict[str, int] | None
    results: list[ResultOut]


def _administrator(request: HttpRequest) -> Person:
    """Who asks; for others than administrators there are no evaluation sets."""
    person = asker(request)
    if not person.is_superuser:
        raise Http404
    return person


def _set(person: Person, pk: int) -> EvaluationSet:
    if (found := set_for(pk, by=person)) is None:
        raise Http404
    return found


def _run(person: Person, pk: int) -> EvaluationRun:
    if (found := run_for(pk, by=person)) is None:
        raise Http404
    return found


def _shown(run: EvaluationRun) -> dict[str, Any]:
    names = ("id", "method", "mode", "embedding_model", "state", "total", "figures", "created_at", "ended_at")
    chinese = (get_language() or "en").startswith("zh")
    more = {"set": run.set_id, "done": getattr(run, "done", 0), "error": run.error_zh if chinese else run.error_en}
    return {name: getattr(run, name) for name in names} | more


@router.get("/evaluation-sets", response=list[SetOut], summary="The evaluation sets, for administrators")
def list_evaluation_sets(request: HttpRequest) -> Any:
    return [
        {"id": one.pk, "name": one.name, "questions": getattr(one, "size", 0)}
        for one in sets_for(by=_administrator(request))
    ]


@router.post("/evaluation-questions", response={201: QuestionOut}, summary="Keep a golden question in a set")
def keep_golden_question(request: HttpRequest, body: QuestionIn) -> Any:
    """The same question again is corrected."""
    person = _administrator(request)
    relevant = {one.document: one.grade for one in body.documents}
    kept = keep_question(body.set, body.question, relevant, by=person, answers=body.answers)
    return Status(201, {"id": kept.pk, "set": kept.set_id})


@router.get("/evaluation-sets/{set_id}/runs", response=list[RunOut], summary="The latest runs of a set")
def list_evaluation_runs(request: HttpRequest, set_id: Id) -> Any:
    return [_shown(run) for run in runs_of(_set(_administrator(request), set_id))]


@router.post("/evaluation-sets/{set_id}/runs", response={202: RunOut}, summary="Ask all questions of a set")
def start_evaluation_run(request: HttpRequest, set_id: Id, body: RunIn) -> Any:
    """Workers do it; look at the run for how far they are."""
    person = _administrator(request)
    generation = None
    if body.embedding_model is not None and (generation := generation_for(body.embedding_model, person)) is None:
        raise Http404
    run = start_run(_set(person, set_id), by=person, method=body.method, mode=body.mode, generation=generation)
    return Status(202, _shown(run))


@router.get("/evaluation-runs/{evaluation_id}", response=RunResultsOut, summary="A run, question by question")
def get_evaluation_run(
    request: HttpRequest,
    evaluation_id: Id,
    other: Annotated[int | None, Query(alias="with", ge=1, le=2**63 - 1)] = None,
) -> Any:
    """`?with=` another run of the same set says for each question what became better or worse since that one."""
    person = _administrator(request)
    run = _run(person, evaluation_id)
    before = _run(person, other) if other is not None else None
    if before is not None and before.set_id != run.set_id:
        raise Http404
    pairs = paired(results_of(run), results_of(before) if before else [])
    results = [
        {
            "question": pair.now.question.text,
            "verdict": pair.verdict if before else None,
            "found": pair.now.found,
            "ndcg": pair.now.ndcg,
            "ndcg_before": pair.before.ndcg if pair.before else None,
            "answer": pair.now.answer,
            "right": pair.now.judged["right"] if pair.now.judged else None,
            "right_before": pair.before.judged["right"] if pair.before and pair.before.judged else None,
        }
        for pair in pairs
    ]
    return _shown(run) | {"differences": counted(pairs) if before else None, "results": results}


@router.post("/evaluation-runs/{evaluation_id}/cancel", response=RunOut, summary="Stop a run")
def cancel_evaluation_run(request: HttpRequest, evaluation_id: Id) -> Any:
    person = _administrator(request)
    cancel_run(_run(person, evaluation_id), by=person)
    return _shown(_run(person, evaluation_id))


@router.post("/evaluation-runs/{evaluation_id}/resume", response=RunOut, summary="Go on with a run")
def resume_evaluation_run(request: HttpRequest, evaluation_id: Id) -> Any:
    """What it has found is not asked again."""
    person = _administrator(request)
    resume_run(_run(person, evaluation_id), by=person)
    return _shown(_run(person, evaluation_id))
