"""Evaluation sets: kept, asked by workers, resumed, compared, written to files and read from them."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from accounts.models import Person
from kb import evaluation_runs
from kb.access import acting_as_system
from kb.beir import SetQuestion
from kb.documents import delete_document
from kb.errors import DocumentError
from kb.evaluation_comparing import counted, paired
from kb.evaluation_files import export_lines, import_folder, import_lines
from kb.evaluation_runs import Judged, cancel_run, due, resume_run, start_run, work_on
from kb.evaluation_sets import keep_question, results_of, run_for, sets_for
from kb.models import Collection, Document
from kb.models_evaluation import EvaluationSet
from kb.tasks import run_evaluation
from tests.kb.shelves import revise, shelve

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf(handbook: Collection) -> dict[str, Document]:
    texts = {
        "hotels": "A hotel costs up to 180 euros a night.",
        "leave": "Annual leave is fifteen days.",
        "pets": "Dogs stay at home.",
    }
    return {name: shelve(handbook, name, text) for name, text in texts.items()}


@pytest.fixture
def kept(shelf: dict[str, Document], admin: Person) -> EvaluationSet:
    keep_question("Basics", "What does a hotel cost?", {shelf["hotels"].pk: 1}, by=admin, answers=["180"])
    keep_question("Basics", "How long is annual leave?", {shelf["leave"].pk: 1}, by=admin)
    return keep_question("Basics", "Who won in 1998?", {}, by=admin).set


@pytest.fixture
def answers() -> Iterator[list[str]]:
    """Whoever answers says what stands here; right is what the answers of the question name."""
    said = ["180 euros"]

    def answer(person: Person, question: SetQuestion, mode: str) -> tuple[str, Judged]:
        declined = not question.relevant
        right = declined or any(gold in said[0] for gold in question.metadata["answers"])
        return said[0], Judged(right, None if declined else right, declined, 0, "fast", 5.0, "")

    before = list(evaluation_runs.ANSWERERS)
    evaluation_runs.ANSWERERS[:] = [answer]
    yield said
    evaluation_runs.ANSWERERS[:] = before


def test_runs_are_compared_question_by_question(
    kept: EvaluationSet, shelf: dict[str, Document], admin: Person, answers: list[str]
) -> None:
    first = start_run(kept, by=admin, method="lexical", mode="fast")
    assert due() == [first.pk]
    assert run_evaluation(first.pk)
    ended = run_for(first.pk, by=admin)
    assert ended is not None
    assert (ended.state, ended.figures["ndcg@10"], ended.figures["questions"]) == ("done", 1.0, 3)
    assert ended.figures["right"] == pytest.approx(2 / 3, abs=0.001)
    assert ended.figures["refused_unanswerable"] == 1.0
    revise(shelf["hotels"], "Trains are booked in second class.")
    answers[0] = "No more than a night."
    second = start_run(kept, by=admin, method="lexical", mode="fast")
    run_evaluation(second.pk)
    pairs = paired(results_of(second), results_of(first))
    assert counted(pairs) == {"worse": 1, "better": 0, "new": 0, "same": 2}
    assert pairs[0].now.question.text == "What does a hotel cost?"
    assert counted(paired(results_of(first), results_of(second)))["better"] == 1
    assert not due()


def test_a_run_goes_on_where_it_stopped(kept: EvaluationSet, admin: Person) -> None:
    run = start_run(kept, by=admin, method="lexical")
    assert work_on(run.pk, seconds=-1)  # a slice without time
    assert due() == [run.pk]
    cancel_run(run, by=admin)
    assert not work_on(run.pk)
    assert not results_of(run)
    resume_run(run, by=admin)
    assert not work_on(run.pk)
    assert len(results_of(run)) == 3
    with pytest.raises(DocumentError, match="nothing to try again"):
        resume_run(run, by=admin)


def test_questions_whose_documents_are_gone_say_nothing(
    kept: EvaluationSet, shelf: dict[str, Document], admin: Person
) -> None:
    delete_document(shelf["leave"], by=admin)
    run = start_run(kept, by=admin, method="lexical")
    work_on(run.pk)
    assert [one.ndcg for one in results_of(run)] == [1.0, None, None]


def test_without_an_embedding_server_a_run_says_so(kept: EvaluationSet, admin: Person) -> None:
    run = start_run(kept, by=admin, method="fused")
    work_on(run.pk)
    ended = run_for(run.pk, by=admin)
    assert ended is not None
    assert ended.state == "failed"
    assert ended.error_en


def test_sets_are_for_administrators(kept: EvaluationSet, admin: Person, bob: Person) -> None:
    run = start_run(kept, by=admin)
    assert not sets_for(by=bob)
    assert run_for(run.pk, by=bob) is None
    for verb in (lambda: start_run(kept, by=bob), lambda: cancel_run(run, by=bob), lambda: resume_run(run, by=bob)):
        with pytest.raises(DocumentError, match="may not change"):
            verb()


def test_sets_are_written_and_read(kept: EvaluationSet, admin: Person, tmp_path: Path) -> None:
    lines = list(export_lines(kept))
    assert json.loads(lines[0])["answers"] == ["180"]
    assert import_lines("Copy", lines, by=admin) == 3
    copy = next(one for one in sets_for(by=admin) if one.name == "Copy")
    assert list(export_lines(copy)) == lines
    assert import_lines("By name", ['{"question": "Dogs?", "documents": ["pets.md"]}'], by=admin) == 1
    for wrong in ("no json", '{"question": "Cats?", "documents": ["cats.md"]}', '{"question": "?", "documents": 3}'):
        with pytest.raises(DocumentError, match="Line 2"):
            import_lines("Bad", [lines[0], wrong], by=admin)
    (tmp_path / "qrels").mkdir()
    (tmp_path / "queries.jsonl").write_text('{"_id": "q1", "text": "Dogs?", "metadata": {"answers": ["home"]}}\n')
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tpets\t1\n")
    assert import_folder("Folder", tmp_path, by=admin) == 1
    with acting_as_system():
        assert not EvaluationSet.objects.filter(name="Bad").exists()


def test_the_command_asks_and_compares(kept: EvaluationSet, admin: Person) -> None:
    for _ in range(2):
        out = StringIO()
        call_command("evaluate_set", "Basics", method="lexical", json=True, stdout=out)
    told = json.loads(out.getvalue().splitlines()[-1])
    assert told["figures"]["ndcg@10"] == 1.0
    assert told["differences"] == {"worse": 0, "better": 0, "new": 0, "same": 3}
