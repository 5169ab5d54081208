"""The sample company's golden questions, from files to cited answers, with the embedded default models.

One test, for loading the company takes most of the time: its files go through parsing, OCR, embeddings and the index
as everybody's do, and its people ask as they would in a browser.
"""

import asyncio
from collections.abc import Iterator
from datetime import date
from io import StringIO

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as project
from django.core.management import call_command
from pytest_django import Settings

from accounts.models import Person
from agents import runs
from agents.golden import GoldenQuestion, Judgement, judge, parse, tally
from agents.management.commands.evaluate_golden import ask
from agents.models import Mode
from agents.survey_rows import survey_so_far
from llm.local.server import create_app
from llm.profiles import ModelServers
from tests.serving import served

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]
AT_ONCE = 4
GOLDEN = project.BASE_DIR / "samples" / "golden.jsonl"


@pytest.fixture
def company(settings: Settings) -> Iterator[None]:
    """The sample company, ready to be asked about."""
    with served(create_app()) as address:
        settings.MODEL_SERVERS = ModelServers.from_environment({"LOCAL_MODEL_URL": f"{address}/v1"})
        call_command("load_samples", password="a password for tests", stdout=StringIO())
        yield


async def judged(people: dict[str, Person], questions: list[GoldenQuestion]) -> list[Judgement]:
    """All outcomes judged, in the questions' order; a few are asked at a time."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(question: GoldenQuestion) -> Judgement:
        async with turns:
            return judge(question, await ask(people[question.person], question, Mode.AUTO))

    return list(await asyncio.gather(*map(one, questions)))


# Who asks about every document, and the very documents that answer: those of other groups are not among them.
EVERY = (
    (
        "bob",
        "Which documents mention the works council?",
        ["Information security policy", "Organisation chart", "员工手册"],
    ),
    (
        "alice",
        "有多少份文件提到了员工委员会？",
        ["2026年度绩效评估实施细则", "Information security policy", "Organisation chart", "员工手册"],
    ),
    ("bob", "哪些文件提到了远程办公？", ["Remote work policy", "员工手册"]),
    (
        "carol",
        "How many policies are there?",
        [
            "Information security policy",
            "Purchasing and approval policy",
            "Remote work policy",
            "Travel policy",
            "休假管理办法",
            "员工手册",
        ],
    ),
)


async def every(people: dict[str, Person]) -> None:
    """Lists and counts over all documents are exact, and say how many were looked at."""
    for name, question, titles in EVERY:
        run = await sync_to_async(runs.start)(people[name], question, as_of=date(2026, 11, 23))
        await runs.outcome(run.pk)
        survey = await sync_to_async(survey_so_far)(run)
        assert sorted(row.title for row in survey.found) == titles, question
        assert survey.complete, question
        assert survey.checked == survey.total, question


@pytest.mark.usefixtures("company")
def test_golden_questions_are_answered_from_the_right_documents() -> None:
    people = {person.username: person for person in Person.objects.all()}
    questions = parse(GOLDEN.read_text(encoding="utf-8").splitlines())
    judgements = asyncio.run(judged(people, questions))
    counts = tally(judgements)
    asyncio.run(every(people))
    wrong = "\n".join(
        f"{one.question.id} {one.outcome.road}: {one.outcome.answer[:200]!r}" for one in judgements if not one.right
    )

    simple, complicated, absent = counts["simple"], counts["complex"], counts["absent"]
    assert simple.sources >= 0.9 * simple.asked, wrong
    assert simple.facts >= 0.9 * simple.asked, wrong
    assert simple.thinking == 0, wrong
    assert complicated.sources >= 0.9 * complicated.asked, wrong
    assert complicated.facts >= 0.5 * complicated.asked, wrong
    assert complicated.thinking == complicated.tools == complicated.asked, wrong
    assert absent.declined >= 0.9 * absent.asked, wrong
