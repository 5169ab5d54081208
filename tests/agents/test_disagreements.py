"""Documents that are all in force and contradict each other are laid side by side; those that do not are not."""

from datetime import date

import pytest

from accounts.models import Person
from agents.disagreements import Saying, contradict, disagreements
from agents.events import Checked, Citation, Source
from agents.sources import Shown
from kb.access import acting_as_system
from kb.models import Collection, Document
from tests.agents.conftest import AddDocument, Asker
from tests.llm.scripted import ScriptedServer, text

CARRY = "Up to 5 unused days of annual leave carry over to the next year."
OTHERWISE = "Up to 8 unused days of annual leave carry over to the next year."


def saying(document: int, said: str, title: str = "Leave policy", section: str = "") -> Saying:
    return Saying(document, document, None, 0, len(said), said, title, section)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (CARRY, OTHERWISE),
        ("Claims are due by 31 March of the next year.", "Claims are due by 30 June of the next year."),
        ("Visitors may take photographs in the hall.", "Visitors may not take photographs in the hall."),
        ("出差住宿标准为每晚600元。", "出差住宿标准为每晚500元。"),
        ("员工可以携带宠物进入办公区。", "员工不可以携带宠物进入办公区。"),
    ],
)
def test_the_same_matter_with_another_fact_is_a_contradiction(one: str, other: str) -> None:
    assert contradict(saying(1, one), saying(2, other))
    assert not contradict(saying(1, one), saying(2, one))
    assert not contradict(saying(1, one), saying(1, other)), "a document does not contradict itself"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A hotel in Berlin may cost 150 euros per night.", "A hotel in Munich may cost 180 euros per night."),
        ("After 5 years you have 20 days of leave.", "After 10 years you have 25 days of leave."),
        ("The allowance is 40 euros per day.", "The allowance is 200 euros per week."),
        ("Staff are entitled to 15 days of annual leave.", "Hotels are paid up to 180 euros a night."),
        ("上海的住宿标准为每晚600元。", "北京的住宿标准为每晚500元。"),
        ("At least 2 people must sign the form.", "At most 5 people must sign the form."),
    ],
)
def test_other_matters_are_none(one: str, other: str) -> None:
    assert not contradict(saying(1, one), saying(2, other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Leave for contractors", "Leave for interns"),
        ("Report 2023", "Report 2024"),
        ("Data sheet TL410", "Data sheet TL420"),
        ("Hotels in Berlin", "Hotels in Munich"),
        ("住宿标准（实习生）", "住宿标准（经理）"),
    ],
)
def test_documents_about_others_are_none(one: str, other: str) -> None:
    assert not contradict(saying(1, CARRY, one), saying(2, OTHERWISE, other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Passwords must be changed every 30 days.", "Passwords must be changed every 60 days."),
        ("Reports are written monthly.", "Reports are written quarterly."),
        ("密码必须每30天更换一次。", "Passwords must be changed every 60 days."),
        ("Codes have at least 8 characters.", "Codes have at most 8 characters."),
        ("A note must be handed in by the third day.", "A note must be handed in by the fifth day."),
        ("Orders are approved by the finance director.", "Orders are approved by the managing director."),
        ("公章由行政部保管。", "公章由法务部保管。"),
        ("The safety officer is Maria Lopez.", "The safety officer is John Baker."),
        ("Parental leave is paid.", "Parental leave is unpaid."),
        ("加班需要事先审批。", "加班无需事先审批。"),
        ("禁止在会议室用餐。", "Eating in the meeting room is allowed."),
        ("Codes are changed every 30 days, and they have 8 signs.", "Codes are changed every 60 days."),
    ],
)
def test_rules_in_documents_of_other_titles_contradict_each_other(one: str, other: str) -> None:
    assert contradict(saying(1, one, "Security policy"), saying(2, other, "Handbook for staff"))
    assert contradict(saying(1, other, "Security policy"), saying(2, one, "Handbook for staff"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Passwords must be changed every 90 days.", "Passwords must be changed quarterly."),
        ("Passwords must be changed every 60 days.", "Passwords of administrators must be changed every 30 days."),
        ("From 2025 the allowance is 50 euros.", "Until 2024 the allowance was 40 euros."),
        ("On Mondays the reception is closed.", "On Fridays the reception is closed."),
        ("The training budget is 1,000 euros.", "The training budget for languages is 300 euros."),
        ("公章由行政部保管。", "The company seal is kept by the administration department."),
        ("加班需要事先审批。", "紧急情况下加班无需事先审批。"),
        ("The price is 5 euros.", "The price is 8 euros."),
        ("After 5 years you have 20 days of leave.", "You have 25 days of leave."),
    ],
)
def test_rules_of_another_matter_group_or_time_do_not(one: str, other: str) -> None:
    assert not contradict(saying(1, one, "Security policy"), saying(2, other, "Handbook for staff"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Lease contract for the office", "Service contract for cleaning"),
        ("Project plan Aurora", "Project plan Borealis"),
        ("Leave policy (superseded)", "Leave policy"),
        ("员工手册（已废止）", "员工手册"),
    ],
)
def test_other_contracts_and_what_no_longer_counts_are_none(one: str, other: str) -> None:
    assert not contradict(saying(1, CARRY, one), saying(2, OTHERWISE, other))


def test_a_word_of_the_question_that_one_title_has_tells_them_apart() -> None:
    one, other = saying(1, CARRY, "Leave policy of the laboratory"), saying(2, OTHERWISE, "Leave policy")
    assert contradict(one, other, "How many days carry over?")
    assert not contradict(one, other, "How many days carry over in the laboratory?")
    one = saying(1, CARRY, "Leave policy: what may carry over")
    assert contradict(one, other, "How many days carry over?"), "the other one speaks of that too"


def cited(number: int, document: int, quote: str) -> Citation:
    return Citation(number, document, document, None, 0, len(quote), quote, "Leave policy")


def test_what_the_answer_calls_a_disagreement_is_laid_side_by_side_in_any_words() -> None:
    two = [cited(1, 1, "每年可结转5天年假。"), cited(2, 2, "Eight unused days carry over."), cited(3, 2, "Ask early.")]
    assert disagreements("?", two, [], said=False) == []
    [group] = disagreements("?", two, [], said=True)
    assert {one.document for one in group} == {1, 2}
    assert disagreements("?", two[:1], [], said=True) == []


def test_rows_of_tables_are_no_sentences() -> None:
    rows = "City\tLimit\nUp to 8 unused days of annual leave carry over to the next\tyear."
    shown = Shown(Source(1, 2, 2, 0, len(rows), "Leave policy"), rows)
    assert disagreements("?", [cited(1, 1, CARRY)], [shown], said=False) == []


@pytest.fixture
def two_policies(add_document: AddDocument, handbook: Collection, carol: Person) -> tuple[Document, Document]:
    """Both are in force; Carol looks after the newer one."""
    old = add_document(handbook, "Leave rules", CARRY, effective_from=date(2024, 1, 1))
    new = add_document(handbook, "Leave rules of today", OTHERWISE, effective_from=date(2026, 1, 1))
    with acting_as_system():
        Document.objects.filter(pk=new.pk).update(owner=carol)
    return old, new


def ask_about_leave(bob: Person, scripted: ScriptedServer, answer: str) -> tuple[Asker, Checked]:
    scripted.enqueue(text(answer))
    ask = Asker(bob)
    events = ask("How many unused days of annual leave carry over?", mode="fast")
    return ask, next(event for event in events if isinstance(event, Checked))


def test_an_answer_that_names_one_document_shows_the_other_one_too(
    bob: Person, scripted: ScriptedServer, two_policies: tuple[Document, Document]
) -> None:
    ask, checked = ask_about_leave(bob, scripted, f"{CARRY} [1]")
    [conflict] = checked.conflicts
    by_document = {one.document: one for one in conflict.statements}
    old, new = (by_document[document.pk] for document in two_policies)
    assert (old.quote, new.quote) == (CARRY, OTHERWISE)
    assert (old.effective_from, new.effective_from) == ("2024-01-01", "2026-01-01")
    assert (old.newest, new.newest, old.owner, new.owner) == (False, True, "", "carol")
    assert sorted(one.number for one in conflict.statements) == [0, 1]
    assert ask.run
    ask.run.refresh_from_db()
    assert [one["quote"] for one in ask.run.conflicts[0]["statements"]] == [one.quote for one in conflict.statements]


def test_documents_that_the_asker_may_not_read_contradict_nothing(
    bob: Person, scripted: ScriptedServer, add_document: AddDocument, handbook: Collection, people_files: Collection
) -> None:
    add_document(handbook, "Leave rules", CARRY)
    add_document(people_files, "Leave rules of today", OTHERWISE)
    _ask, checked = ask_about_leave(bob, scripted, f"{CARRY} [1]")
    assert checked.claims
    assert checked.conflicts == ()
