"""The pages of evaluation sets: imported, asked, compared, taken out, exported, deleted."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from accounts.models import Person
from kb.access import acting_as_system
from kb.evaluation_runs import work_on
from kb.models import Collection
from kb.models_evaluation import EvaluationRun, EvaluationSet
from tests.kb.shelves import revise, shelve

PAGE = "/documents/evaluation/"


def test_a_set_from_import_to_deletion(
    admin: Person, handbook: Collection, sign_in: Callable[[Person], Client], tmp_path: Path
) -> None:
    hotels = shelve(handbook, "Prices", "A hotel costs up to 180 euros a night.")
    client = sign_in(admin)
    line = b'{"question": "What does a hotel cost?", "documents": {"Prices.md": 1}, "answers": ["180"]}\n'
    page = client.post(PAGE, {"name": "Basics", "file": SimpleUploadedFile("q.jsonl", line)}, follow=True)
    assert "1 questions are kept" in page.content.decode()
    page = client.post(PAGE, {"name": "Basics", "file": SimpleUploadedFile("q.jsonl", b"nonsense")}, follow=True)
    assert "Line 1" in page.content.decode()
    with acting_as_system():
        kept = EvaluationSet.objects.get()
    address = f"{PAGE}{kept.pk}/"
    for text in (None, "Trains are booked in second class."):
        if text:
            revise(hotels, text)
        response = client.post(f"{address}act/", {"action": "run", "method": "lexical"})
        with acting_as_system():
            run = EvaluationRun.objects.latest("pk")
        assert response.headers["Location"] == f"{PAGE}runs/{run.pk}/"
        assert "every 3s" in client.get(f"{PAGE}runs/{run.pk}/").content.decode()
        work_on(run.pk)
    html = client.get(f"{PAGE}runs/{run.pk}/").content.decode()
    assert "1 worse" in html
    assert "1.000 →" in html
    assert "every 3s" not in html
    page = client.get(f"{PAGE}runs/{run.pk}/?with={run.pk - 1}", headers={"Accept-Language": "zh-hans"})
    assert "1 变差" in page.content.decode()
    assert "Prices" in client.get(address).content.decode()
    assert "Basics" in client.get(PAGE).content.decode()
    assert client.get(f"{address}questions.jsonl").getvalue().startswith(b'{"id"')
    client.post(f"{PAGE}runs/{run.pk}/act/", {"action": "cancel"})
    assert client.post(f"{PAGE}runs/{run.pk}/act/", {"action": "nonsense"}).status_code == 404
    out = StringIO()
    call_command("evaluation_questions", "Basics", str(tmp_path / "q.jsonl"), export=True, stdout=out)
    call_command("evaluation_questions", "Again", str(tmp_path / "q.jsonl"), stdout=out)
    assert "1 questions kept in Again" in out.getvalue()
    with acting_as_system():
        question = kept.questions.get()
    client.post(f"{address}act/", {"action": "forget", "question": question.pk})
    html = client.post(f"{address}act/", {"action": "run"}, follow=True).content.decode()
    assert "no questions yet" in html
    client.post(f"{address}act/", {"action": "delete"})
    with acting_as_system():
        assert list(EvaluationSet.objects.values_list("name", flat=True)) == ["Again"]
