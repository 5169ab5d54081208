"""Verbs on evaluation sets. Staff keep questions in them; what is in them is for administrators.

Which documents are right may be said by whoever may read them.
"""

from collections.abc import Mapping, Sequence

from django.db.models import Count

from accounts.models import Person
from kb.access import acting_as, acting_as_system, documents_for
from kb.errors import DocumentError
from kb.models_evaluation import EvaluationRun, EvaluationSet, GoldenDocument, GoldenQuestion, QuestionResult

LONGEST_QUESTION = 2_000
LONGEST_NAME = 200


def sets_for(*, by: Person) -> list[EvaluationSet]:
    """The sets there are, by name, each with the number of its questions (`size`); none for others than staff."""
    if not by.is_staff:
        return []
    with acting_as_system():
        return list(EvaluationSet.objects.annotate(size=Count("questions")).order_by("name"))


def set_for(pk: int, *, by: Person) -> EvaluationSet | None:
    """One set; None where there is none, or `by` is no administrator."""
    with acting_as_system():
        return EvaluationSet.objects.filter(pk=pk).first() if by.is_superuser else None


def questions_of(kept: EvaluationSet) -> list[GoldenQuestion]:
    """A set's questions with the documents that are right, for an administrator."""
    with acting_as_system():
        return list(kept.questions.prefetch_related("relevant__document"))


def runs_of(kept: EvaluationSet, limit: int = 50) -> list[EvaluationRun]:
    """A set's latest runs, newest first, each with the number of its results (`done`), for an administrator."""
    with acting_as_system():
        return list(kept.runs.select_related("by").annotate(done=Count("results")).order_by("-pk")[:limit])


def run_for(pk: int, *, by: Person) -> EvaluationRun | None:
    """One run; None where there is none, or `by` is no administrator."""
    with acting_as_system():
        found = EvaluationRun.objects.select_related("set", "by").annotate(done=Count("results")).filter(pk=pk)
        return found.first() if by.is_superuser else None


def results_of(run: EvaluationRun) -> list[QuestionResult]:
    """What a run found, question by question, for an administrator."""
    with acting_as_system():
        return list(run.results.select_related("question").prefetch_related("question__relevant"))


def delete_set(kept: EvaluationSet, *, by: Person) -> None:
    """Forget a set with its questions and runs.

    Raises:
        DocumentError: not_allowed.
    """
    _check_administrator(by)
    with acting_as_system():
        EvaluationSet.objects.filter(pk=kept.pk).delete()


def delete_question(kept: EvaluationSet, pk: int, *, by: Person) -> None:
    """Take a question out of a set, and out of its runs.

    Raises:
        DocumentError: not_allowed.
    """
    _check_administrator(by)
    with acting_as_system():
        kept.questions.filter(pk=pk).delete()


def _check_administrator(by: Person) -> None:
    if not by.is_superuser:
        raise DocumentError("not_allowed")


def keep_question(
    name: str,
    text: str,
    relevant: Mapping[int, int],
    *,
    by: Person,
    answers: Sequence[str] = (),
    key: str = "",
) -> GoldenQuestion:
    """Keep a question in the set of that name, which is made if there is none.

    The same question again is corrected.

    Args:
        relevant: the documents that are right, with their grades; none means that the question should be declined.
        answers: strings of which a right answer holds one.

    Raises:
        DocumentError: not_allowed, set_name_missing, question_missing, not_found.
    """
    if not by.is_staff:
        raise DocumentError("not_allowed")
    name, text = _line(name)[:LONGEST_NAME], _line(text)[:LONGEST_QUESTION]
    if not name:
        raise DocumentError("set_name_missing")
    if not text:
        raise DocumentError("question_missing")
    _check_may_read(by, relevant)
    author = by if by.pk is not None else None
    with acting_as_system():
        kept, _made = EvaluationSet.objects.select_for_update().get_or_create(
            name=name, defaults={"created_by": author}
        )
        question = kept.questions.filter(text=text).first() or GoldenQuestion(set=kept, text=text, created_by=author)
        question.has_answer, question.key = bool(relevant), _line(key)[:LONGEST_NAME]
        question.answers = [line for answer in answers if (line := _line(answer))]
        question.save()
        question.relevant.all().delete()
        GoldenDocument.objects.bulk_create(
            GoldenDocument(question=question, document_id=document, grade=grade) for document, grade in relevant.items()
        )
    return question


def _check_may_read(by: Person, documents: Mapping[int, int]) -> None:
    """All of them: nobody learns from a set whether a document is there."""
    if by.pk is None:
        return
    with acting_as(by):
        if documents_for().filter(pk__in=list(documents)).count() != len(documents):
            raise DocumentError("not_found")


def _line(text: str) -> str:
    return " ".join(text.replace("\0", "").split())
