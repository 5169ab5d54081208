"""`evaluate --answers`: the questions of a set are asked as anybody's are, and the answers judged."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command

from accounts.models import Person
from agents.answer_figures import Answered, figures, says
from agents.models import Run
from kb.access import acting_as_system
from kb.beir import SetQuestion
from kb.models import Collection
from tests.llm.scripted import ScriptedServer, error, text

CORPUS = [
    {"_id": "d1", "title": "Travel", "text": "Hotels cost at most 180 euros a night."},
    {"_id": "d2", "title": "Leave", "text": "Everybody has 25 days of leave."},
]
QUERIES = [
    {"_id": "q1", "text": "How much may a hotel cost?", "metadata": {"answers": ["180 Euros"]}},
    {"_id": "q2", "text": "Who is the king?", "metadata": {"answers": []}},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(json.dumps, CORPUS)))
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, QUERIES)))
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\n")
    return tmp_path


def evaluated(folder: Path, *options: str) -> dict[str, object]:
    out = StringIO()
    call_command("evaluate", str(folder), "--answers", "--at-once", "1", "--json", *options, stdout=out)
    found: dict[str, object] = json.loads(out.getvalue().splitlines()[-1])
    return found


def left_behind() -> int:
    with acting_as_system():
        models = (Person, Group, Run, Collection)
        return sum(model.objects.count() for model in models)


@pytest.mark.django_db(transaction=True)
def test_questions_are_asked_and_answers_judged(folder: Path, scripted: ScriptedServer) -> None:
    refusal = text("The documents do not answer this.")
    scripted.enqueue(text("At most 180 euros [1]."), refusal, refusal, text("He is Charles [1]."))

    found = evaluated(folder, "--mode", "fast", "--foreign", str(folder), "--details", str(folder / "details.jsonl"))

    assert found["answer_hit"] == found["citation_hit"] == 1.0
    assert found["refused_answerable"] == found["unsupported_citations"] == found["failed"] == 0
    assert (found["refused_unanswerable"], found["refused_foreign"]) == (0.6667, 0.5)
    details = [json.loads(line) for line in (folder / "details.jsonl").read_text().splitlines()]
    assert [(bool(one["cited"]), one["declined"]) for one in details] == [
        (True, False), (False, True), (False, True), (True, False)
    ]  # fmt: skip
    assert left_behind() == 0


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_fails_is_counted(folder: Path, scripted: ScriptedServer) -> None:
    scripted.enqueue(error(401, "invalid_api_key", "no"), error(401, "invalid_api_key", "no"))
    found = evaluated(folder, "--mode", "fast")
    assert (found["failed"], found["answer_hit"]) == (2, 0.0)
    assert left_behind() == 0


@pytest.mark.django_db(transaction=True)
def test_another_set_that_is_none_is_said_so(folder: Path, scripted: ScriptedServer) -> None:
    with pytest.raises(CommandError, match=r"corpus\.jsonl cannot be read"):
        evaluated(folder, "--foreign", str(folder / "nowhere"))
    assert left_behind() == 0


@pytest.mark.parametrize(
    ("answer", "gold", "held"),
    [
        ("It costs １８０ Euros.", "180 euros", True),
        ("共有 1,024 人。", "1024人", True),
        ("It was founded in 1973.", "3", False),
        ("In 1990, 12 people came.", "19", False),
        ("In 1990, 12 people came.", "99012", False),
        ("溶于汽油", "溶于汽油。", True),
        ("Anything.", "…", False),
    ],
)
def test_what_an_answer_says(answer: str, gold: str, held: bool) -> None:
    assert says(answer, gold) is held


def test_long_answers_are_no_hits_and_what_was_read_is_ranked() -> None:
    question = SetQuestion("q", "How much?", {"b": 1}, {"answers": ["180"]})
    long = Answered(question, "One. Two. Three. It is 180.", cited=("c",), looks=(("a", "b"), ("d", "a", "e")))
    assert not long.answer_hit
    assert not long.citation_hit
    assert long.read == ["c", "a", "b", "d", "e"]
    assert figures([], [])["answer_hit"] is None
