"""Questions from end to end with the embedded default models, as everybody has them who sets no key."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from accounts.models import Person
from agents.events import Checked, Cited, Escalated, Finished, Routed, ToolCalled, ToolReturned, answer_of
from agents.evidence import LIMIT, SHORT_LIMIT
from kb.access import acting_as_system
from kb.models import Collection, DocumentVersion
from llm.local.server import create_app
from llm.profiles import ModelServers
from tests.agents.conftest import LEAVE, SALARIES, TRAVEL, TRAVEL_ZH, AddDocument, Asker
from tests.serving import served


@pytest.fixture(scope="module")
def local_url() -> Iterator[str]:
    """The embedded model server, in this process but over HTTP."""
    with served(create_app()) as address:
        yield f"{address}/v1"


@pytest.fixture
def asks(
    add_document: AddDocument,
    handbook: Collection,
    people_files: Collection,
    bob: Person,
    local_url: str,
    settings: Settings,
) -> Asker:
    settings.MODEL_SERVERS = ModelServers.from_environment({"LOCAL_MODEL_URL": local_url})
    add_document(handbook, "Leave policy", LEAVE)
    add_document(handbook, "Travel policy", TRAVEL)
    add_document(handbook, "差旅制度", TRAVEL_ZH)
    add_document(people_files, "Salaries", SALARIES)
    return Asker(bob)


ANSWERS = {
    "How many days of annual leave do staff get?": "Staff are entitled to 15 days of annual leave a year.",
    "上海出差的住宿标准是多少？": "上海出差的住宿标准为每晚600元。",
}
SECRETS = ("What is the code word of the people files?", "工程负责人的工资是多少？")
COMPLEX = ("Compare the limit for hotels in Berlin and the days of annual leave.", "对比上海出差的住宿标准和报销期限。")


def test_it_answers_with_the_sentence_and_cites_it(asks: Asker) -> None:
    for question, quote in ANSWERS.items():
        events = asks(question)

        assert events[0] == Routed("fast", "simple")
        citations = [one for event in events if isinstance(event, Cited) for one in event.citations]
        assert quote in [one.quote for one in citations]
        checked, last = events[-2:]
        assert isinstance(checked, Checked)
        assert checked.verdict == "good"
        assert isinstance(last, Finished)
        assert "[1]" in last.answer


def test_it_declines_what_the_asker_may_not_read(asks: Asker) -> None:
    for question in SECRETS:
        events = asks(question)
        checked = events[-2]
        assert isinstance(checked, Checked)
        assert checked.verdict == "not_in_documents"
        assert "heliotrope" not in repr(events)


def test_the_agent_searches_and_cites(asks: Asker) -> None:
    for question in COMPLEX:
        events = asks(question)

        assert isinstance(events[0], Routed)
        assert events[0].mode == "thinking"
        assert sum(isinstance(event, ToolCalled) for event in events) > 1
        assert isinstance(events[-1], Finished)
        assert any(isinstance(event, Cited) for event in events)
        assert answer_of(events)


def test_the_first_look_finds_what_stands_in_the_other_language(
    asks: Asker, add_document: AddDocument, handbook: Collection
) -> None:
    for number in range(9):
        add_document(handbook, f"公司通知{number}", f"本月公司卡片活动第{number}期，欢迎参加。")
    card = add_document(handbook, "Expenses", "The standard monthly limit of the company card is CNY 30,000.")
    with acting_as_system():
        DocumentVersion.objects.filter(document=card).update(language="en")

    events = asks("公司卡的标准月度额度是多少？")

    assert not [event for event in events if isinstance(event, Escalated)]
    assert "CNY 30,000" in answer_of(events)
    [first] = [event for event in events if isinstance(event, ToolReturned)]
    assert card.pk in [source.document for source in first.sources]


def test_short_passages_leave_room_for_more(asks: Asker, add_document: AddDocument, handbook: Collection) -> None:
    def looked(question: str) -> int:
        [first] = [event for event in asks(question, mode="fast") if isinstance(event, ToolReturned)]
        return len(first.sources)

    for number in range(20):
        add_document(handbook, f"Form {number}", f"Among the forms, number {number} is for case W{number * 37}.")
        filler = " ".join(f"Paragraph {number}-{line} says more of machines." for line in range(20))
        add_document(handbook, f"Machines {number}", f"The machines of kind {number} are painted green. {filler}")
    assert looked("Which forms are there?") == SHORT_LIMIT
    assert LIMIT <= looked("Which machines are painted green?") < SHORT_LIMIT
