"""The administrators' start page."""

from collections.abc import Callable
from datetime import timedelta

from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Person
from agents.events import Finished, Text
from agents.models import Run
from agents.models_usage import ModelUsage
from kb.models import Collection, Document, State
from kb.models_workers import Worker
from kb.status import report_worker
from llm.prices import Price

SignIn = Callable[[Person], Client]


def test_it_is_for_administrators(alice: Person, sign_in: SignIn) -> None:
    alice.is_staff = True
    alice.save()
    assert sign_in(alice).get("/overview/").status_code == 404
    assert sign_in(alice).get("/overview/tokens.csv").status_code == 404
    assert "Administration" not in sign_in(alice).get("/keys/").content.decode()


def test_it_works_where_there_is_nothing_yet(admin: Person, sign_in: SignIn) -> None:
    html = sign_in(admin).get("/overview/").content.decode()
    assert "no sign of life" in html
    assert "Nothing was asked in these days." in html


def test_it_says_what_stands_where(
    admin: Person, sign_in: SignIn, handbook: Collection, make_document: Callable[..., Document]
) -> None:
    make_document(handbook)
    make_document(handbook, state=State.FAILED)
    make_document(handbook, state=State.QUEUED)
    html = sign_in(admin).get("/overview/").content.decode()
    assert "1 in work" in html
    assert "1 failed or cancelled" in html
    assert "1 version has waited for" in html


def test_a_worker_is_heard_of_for_a_while(admin: Person, sign_in: SignIn) -> None:
    report_worker()
    assert "no sign of life" not in sign_in(admin).get("/overview/").content.decode()
    Worker.objects.update(seen_at=timezone.now() - timedelta(minutes=3))
    assert "no sign of life" in sign_in(admin).get("/overview/").content.decode()


def test_usage_is_shown_and_saved(
    admin: Person, alice: Person, sign_in: SignIn, make_run: Callable[..., Run], settings: Settings
) -> None:
    run = make_run(alice, [Text("Fifteen days."), Finished("fast", "Fifteen days.")], road="fast")
    ModelUsage.objects.create(run_id=run.pk, person=alice, road="fast", model="qwen3-max", prompt_tokens=12345)
    client = sign_in(admin)
    html = client.get("/overview/?days=7").content.decode()
    for shown in ("qwen3-max", "12,345", "alice", "People", "MODEL_PRICES", "100 %"):
        assert shown in html
    assert ">Cost<" not in html
    settings.MODEL_PRICES = {"qwen3-max": Price(1, 2)}
    assert ">Cost<" in client.get("/overview/?days=7").content.decode()
    response = client.get("/overview/tokens.csv?days=7")
    assert response.headers["Content-Disposition"] == 'attachment; filename="tokens-7-days.csv"'
    assert "alice,fast,qwen3-max,12345" in response.content.decode()
    assert client.get("/overview/secrets.csv").status_code == 404


def test_a_period_that_is_none_is_a_month(admin: Person, sign_in: SignIn) -> None:
    assert 'aria-current="page">30 days' in sign_in(admin).get("/overview/?days=99999999").content.decode()
