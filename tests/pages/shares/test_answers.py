"""How much of a shared answer its readers see."""

from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest

from accounts.models import Person
from agents.events import (
    Claim,
    Event,
    Surveyed,
    SurveyRow,
    ToolCalled,
    ToolReturned,
)
from agents.grounds import Grounds
from agents.models import Conversation, ToolServer
from agents.shared import shared_turns
from agents.shares import opened_by, share, shared_with
from kb.attachments import attach
from tests.pages.conftest import QUOTE
from tests.pages.shares.conftest import ANSWER, PLAN, SECRET, Case, only, told


def test_a_reader_with_the_same_rights_sees_the_whole_answer(case: Case, carol: Person) -> None:
    made = share(case.run(), by=case.alice, people=[carol.pk])
    turn = only(made, carol)
    assert not turn.withheld
    assert told(turn) == ANSWER
    assert turn.turn
    assert turn.turn.plan == (PLAN,)


def test_a_reader_with_a_part_of_the_rights_sees_those_sentences(case: Case, bob: Person) -> None:
    made = share(case.run(), by=case.alice, people=[bob.pk])
    turn = only(made, bob)
    assert turn.withheld
    assert turn.turn is None
    assert told(turn) == f"{QUOTE} [1]"
    assert [one.number for one in turn.citations] == [1]


def test_what_was_shown_but_not_cited_counts(case: Case, bob: Person) -> None:
    """The answer was made from it all the same."""
    turn = only(share(case.run(cites="open"), by=case.alice, people=[bob.pk]), bob)
    assert turn.withheld
    whole = only(share(case.run(sources="open", cites="open"), by=case.alice, people=[bob.pk]), bob)
    assert not whole.withheld


def test_a_reader_without_rights_sees_no_sentence(case: Case, bob: Person) -> None:
    turn = only(share(case.run(sources="closed", cites="closed"), by=case.alice, people=[bob.pk]), bob)
    assert (turn.withheld, turn.sentences, turn.citations) == (True, (), ())


@pytest.mark.parametrize(
    ("text", "numbers", "support"),
    [
        (f"Hotels are cheap, and {SECRET} [1]", (1,), "supported"),  # carried by what was computed or read elsewhere
        (f"{QUOTE} [1]", (1,), "weak"),
        (f"{QUOTE} [1][2]", (1, 2), "supported"),
        (f"{QUOTE}", (), "supported"),
        (f"{QUOTE} [7]", (7,), "supported"),
    ],
)
def test_a_sentence_is_told_only_where_readable_quotes_carry_it(
    case: Case, bob: Person, text: str, numbers: tuple[int, ...], support: Any
) -> None:
    claims = [Claim(text, 0, len(text), numbers, support)]
    turn = only(share(case.run(claims=claims), by=case.alice, people=[bob.pk]), bob)
    assert turn.withheld
    assert not turn.sentences


def test_what_was_answered_before_counts(case: Case, bob: Person, carol: Person) -> None:
    """Earlier answers were shown to the model, so that a later one may repeat them."""
    first = case.run(question="What does the head earn?")
    later = case.run(sources="open", cites="open", conversation=first.conversation, question="And hotels?")
    made = share(later, by=case.alice, people=[bob.pk, carol.pk])
    assert only(made, bob).withheld
    assert not only(made, carol).withheld


def test_one_answer_says_nothing_of_the_others(case: Case, carol: Person) -> None:
    first = case.run(question="What does heliotrope earn?")
    later = case.run(conversation=first.conversation, question="And hotels?")
    after = case.run(conversation=first.conversation, question="And trains?")
    one = share(later, by=case.alice, people=[carol.pk])
    (listed,) = shared_with(carol)
    assert listed.title == "And hotels?"
    assert only(one, carol).question == "And hotels?"
    whole = share(later, by=case.alice, people=[carol.pk], whole=True)
    found = opened_by(carol, whole.pk)
    assert found
    assert [turn.question for turn in shared_turns(found, carol)] == [first.question, later.question]
    assert after.question not in str(shared_turns(found, carol))


@pytest.mark.parametrize(
    "event",
    [
        ToolReturned("c2", "list_documents", found=1, result={"documents": [{"document": "CLOSED", "title": "Pay"}]}),
        ToolReturned("c2", "search_knowledge", result={"other_versions": [{"document": "CLOSED"}]}),
        ToolCalled("c2", "compare_documents", {"document": "OPEN", "other": "CLOSED"}),
        ToolReturned("c2", "search_knowledge", error="There is no collection 'x'. There are: People files."),
        ToolCalled("c2", "query_tables", {"sql": "select sum(pay) from t999999"}),
        ToolReturned("c2", "mcp_desk_look", result={"text": "heliotrope"}),
        ToolReturned("c2", "mcp_desk_look", error="Desk says: heliotrope"),
        Surveyed(2, 2, rows=(SurveyRow(0, 0, "yes"),), complete=True),
        Surveyed(2, 2, complete=True),
    ],
)
def test_whatever_else_was_shown_counts(case: Case, bob: Person, event: Event) -> None:
    numbers = {"OPEN": case.open.pk, "CLOSED": case.closed.pk}

    def numbered(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: numbered(one) for name, one in value.items()}
        if isinstance(value, list):
            return [numbered(one) for one in value]
        return numbers.get(value, value) if isinstance(value, str) else value

    if isinstance(event, ToolCalled):
        event = replace(event, arguments=numbered(event.arguments))
    elif isinstance(event, ToolReturned):
        event = replace(event, result=numbered(event.result))
    run = case.run(event, sources="open", cites="open")
    turn = only(share(run, by=case.alice, people=[bob.pk]), bob)
    assert turn.withheld
    assert told(turn) == f"{QUOTE} [1]"


def test_tables_are_those_that_the_query_reads() -> None:
    def grounds_of(event: Event) -> Grounds:
        grounds = Grounds()
        grounds.add(event)
        return grounds

    sql = 'select t1.pay, t2.name from t12 t1 join "t13" as t2 on t1.id = t2.id, t14'
    assert grounds_of(ToolCalled("c", "query_tables", {"sql": sql})) == Grounds(tables={12, 13, 14})
    assert grounds_of(ToolCalled("c", "query_tables", {"sql": "select 1 from x.t12"})).unnamed
    assert not grounds_of(ToolReturned("c", "run_python", error="The code failed.")).unnamed


def test_tools_of_other_systems_are_for_those_who_may_use_them(case: Case, bob: Person) -> None:
    server = ToolServer.objects.create(name="Desk", url="https://desk.example.com", enabled=True)
    run = case.run(ToolReturned("c2", "mcp_desk_look", result={"text": "x"}), sources="open", cites="open")
    made = share(run, by=case.alice, people=[bob.pk])
    assert only(made, bob).withheld
    server.groups.set(bob.groups.all())
    assert not only(made, bob).withheld


def test_what_names_no_document_is_for_those_who_may_read_as_much(case: Case, bob: Person, carol: Person) -> None:
    survey = Surveyed(2, 2, rows=(SurveyRow(case.open.pk, case.open.current_version_id or 0, "yes"),), complete=True)
    made = share(case.run(survey, sources="open", cites="open"), by=case.alice, people=[bob.pk, carol.pk])
    assert only(made, bob).withheld
    assert not only(made, carol).withheld
    narrowed = case.run(survey, sources="open", cites="open", collections=[case.open.collection_id])
    assert not only(share(narrowed, by=case.alice, people=[bob.pk]), bob).withheld


def test_attached_files_are_for_nobody_else(case: Case, carol: Person, admin: Person) -> None:
    talk = Conversation.objects.create(person=case.alice, title="With a file")
    attach(talk.pk, "heliotrope.md", BytesIO(b"# Mine"), by=case.alice)
    made = share(case.run(conversation=talk), by=case.alice, people=[carol.pk, admin.pk])
    assert only(made, carol).withheld
    assert only(made, admin).withheld
    assert told(only(made, carol)) == ANSWER  # sentence by sentence, from documents of the library
    earlier = case.run()
    later = share(earlier, by=case.alice, people=[carol.pk])
    attach(earlier.conversation_id, "later.md", BytesIO(b"# Mine too"), by=case.alice)
    assert not only(later, carol).withheld
