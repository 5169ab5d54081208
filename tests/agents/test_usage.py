"""What runs spend is recorded by model and person, however they end, and added up for a period."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Group
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Person
from agents import runs, usage
from agents.events import Thinking
from agents.models import Conversation, Feedback, Run
from agents.models_usage import ModelUsage
from llm.prices import Price
from llm.profiles import Limits
from tests.agents.conftest import Asker
from tests.agents.test_runs import stored, until
from tests.llm.scripted import ScriptedServer, error, hold, reasoning, text

QUESTION = "How many days of annual leave do I have?"
RIGHT = "You have 15 days of annual leave a year [1]."
WRONG = "You have 25 days of annual leave [1]."


def recorded() -> list[tuple[str, str, int, int]]:
    rows = ModelUsage.objects.order_by("pk")
    return list(rows.values_list("road", "model", "prompt_tokens", "completion_tokens"))


def test_each_models_tokens_are_recorded_with_their_cost(
    ask: Asker, scripted: ScriptedServer, settings: Settings
) -> None:
    thinking = django_settings.MODEL_SERVERS.thinking_model
    settings.MODEL_PRICES = {thinking: Price(10, 100)}
    scripted.enqueue(text(WRONG, usage=(100, 10)), text(RIGHT, usage=(900, 100)))

    ask(QUESTION)

    quick, thorough = ModelUsage.objects.order_by("completion_tokens")
    assert recorded() == [
        ("thinking", quick.model, 100, 10),
        ("thinking", thinking, 900, 100),
    ]
    assert quick.cost is None, "a model without a price costs nothing known"
    assert thorough.cost == pytest.approx((900 * 10 + 100 * 100) / 1_000_000)
    assert ask.run
    assert (quick.run_id, quick.person) == (ask.run.pk, ask.person)


def test_what_a_run_spent_before_it_failed_is_recorded(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.enqueue(text(WRONG, usage=(100, 10)), *[error(400, "invalid", "no")] * 5)
    ask(QUESTION, mode="auto")
    assert recorded()[0][2:] == (100, 10)


def test_what_a_run_spent_before_it_was_stopped_is_recorded(ask: Asker, scripted: ScriptedServer) -> None:
    django_settings.MODEL_SERVERS = scripted.servers(limits=Limits(chunk=60, patience=0))
    scripted.enqueue(text(WRONG, usage=(100, 10)), reasoning("Hm.") + hold())
    run = runs.start(ask.person, QUESTION)
    until(lambda: any(isinstance(event, Thinking) for event in stored(run)))
    runs.cancel(run)
    until(lambda: bool(recorded()))
    assert recorded()[0][2:] == (100, 10)


def test_it_stays_when_the_conversation_or_the_person_goes(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.enqueue(text(RIGHT, usage=(100, 10)))
    ask(QUESTION, mode="fast")
    Conversation.objects.all().delete()
    ask.person.delete()
    report = usage.report(7)
    assert (report.asked.total, report.spent.tokens) == (0, 110)
    assert [line.name for line in report.people] == [""]


MakeRun = Callable[..., Run]


@pytest.fixture
def make(db: None) -> MakeRun:
    def make(person: Person, days_ago: int = 0, road: str = "fast", state: str = "finished", tokens: int = 0) -> Run:
        conversation = Conversation.objects.create(person=person)
        run = Run.objects.create(person=person, conversation=conversation, question="?", road=road, state=state)
        at = timezone.now() - timedelta(days=days_ago)
        Run.objects.filter(pk=run.pk).update(created_at=at)
        if tokens:
            row = ModelUsage.objects.create(
                run_id=run.pk, person=person, road=road, model=f"model-{road}", prompt_tokens=tokens, cost=tokens / 100
            )
            ModelUsage.objects.filter(pk=row.pk).update(at=at)
        return run

    return make


def test_a_period_is_added_up_by_day_model_person_and_group(
    make: MakeRun, alice: Person, carol: Person, bob: Person
) -> None:
    run = make(alice, tokens=100)
    make(alice, 2, "thinking", tokens=1000)
    make(carol, 2, "exhaustive", tokens=50)
    make(bob, 2, "", "failed")
    make(bob, 8, tokens=7)
    Feedback.objects.create(run=run, person=alice, helped=True)
    Feedback.objects.create(run=run, person=bob, helped=False)
    carol.groups.add(Group.objects.get(name="Engineering"))

    report = usage.report(7)

    assert len(report.by_day) == 7
    assert report.by_day[-1][1].fast == 1
    two_days_ago = report.by_day[-3][1]
    assert (two_days_ago.thinking, two_days_ago.exhaustive, two_days_ago.other, two_days_ago.failed) == (1, 1, 1, 1)
    assert (report.asked.total, report.spent.tokens, report.most_a_day) == (4, 1150, 3)
    assert [(line.name, line.spent.prompt) for line in report.models] == [
        ("model-thinking", 1000),
        ("model-fast", 100),
        ("model-exhaustive", 50),
    ]
    assert [(line.key, line.asked.total, line.spent.cost) for line in report.people] == [
        (alice.pk, 2, 11.0),
        (carol.pk, 1, 0.5),
        (bob.pk, 1, 0.0),
    ]
    assert [(line.name, line.asked.total, line.spent.prompt) for line in report.groups] == [
        ("People", 3, 1150),
        ("Engineering", 2, 50),
    ]
    assert report.helped_share == 50


def test_the_files_have_a_line_for_each_day_and_person(make: MakeRun, alice: Person, bob: Person) -> None:
    Person.objects.filter(pk=bob.pk).update(username="=bob")
    make(alice, tokens=100)
    make(alice, 1, "thinking")
    make(bob, 1, "fast", "failed")
    today, yesterday = timezone.localdate(), timezone.localdate() - timedelta(days=1)
    assert usage.questions_csv(7).splitlines()[1:] == [
        f"{yesterday},alice,1,0,1,0,0,0",
        f"{yesterday},'=bob,1,1,0,0,0,1",
        f"{today},alice,1,1,0,0,0,0",
    ]
    assert usage.tokens_csv(7).splitlines()[1:] == [f"{today},alice,fast,model-fast,100,0,0,0,1.0"]


def test_the_number_of_queries_does_not_grow(
    make: MakeRun, alice: Person, bob: Person, django_assert_num_queries: Callable[..., object]
) -> None:
    make(alice, tokens=1)
    with django_assert_num_queries(6):  # type: ignore[attr-defined]
        usage.report(90)
    for day in range(20):
        make(bob, day, tokens=1)
    with django_assert_num_queries(6):  # type: ignore[attr-defined]
        usage.report(90)
