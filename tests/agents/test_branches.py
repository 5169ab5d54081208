"""Branches: the tree of a conversation, and what a question in one of them is asked with."""

from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps

from accounts.models import Person
from agents import runs
from agents.branches import Node, Tree
from agents.models import Conversation, Run
from agents.runs import QuestionError
from tests.agents.conftest import Asker, events_of
from tests.llm.scripted import ScriptedServer, text

A, A2, B, C, D = (UUID(int=number) for number in range(1, 6))
TREE = Tree([
    Node(A, None, None),
    Node(B, A, None),
    Node(A2, None, A),
    Node(C, None, None),
    Node(D, C, None),
])  # fmt: skip
"""A was followed by B, then answered again as A2, then edited into C, which D follows."""


def test_the_path_leads_through_a_run_to_the_latest_below_it() -> None:
    assert [TREE.path(through) for through in (A, B, A2, C, None)] == [[A, B], [A, B], [A2], [C, D], [C, D]]
    assert TREE.path(UUID(int=99)) == [C, D]
    assert TREE.above(D) == [C]
    assert Tree([]).path() == []


def test_questions_and_answers_are_counted_apart() -> None:
    assert (TREE.answers(A).number, TREE.answers(A).total, TREE.answers(A).after) == (1, 2, A2)
    assert (TREE.answers(A2).before, TREE.answers(A2).after) == (A, A2)
    assert (TREE.questions(A).number, TREE.questions(A).total, TREE.questions(A).after) == (1, 2, C)
    assert (TREE.questions(C).number, TREE.questions(C).before) == (2, A2)
    assert TREE.questions(B).total == TREE.answers(B).total == 1


def test_what_leads_to_an_unknown_run_begins_there() -> None:
    assert Tree([Node(B, A, None)]).path() == [B]


def asked(scripted: ScriptedServer) -> list[str]:
    """What people and models said before the last request's question."""
    return [message["content"] for message in scripted.chats()[-1]["messages"][1:-1]]


def test_a_branch_knows_nothing_of_the_other(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.otherwise = text("15 days [1].")
    ask("How many days of annual leave?", mode="fast")
    first = ask.run
    assert first
    ask("When do carried days expire?", mode="fast", conversation=first.conversation)
    second = ask.run
    assert second
    assert second.follows == first

    edited = runs.edit(second, "How much is a hotel in Berlin?")
    events_of(edited)
    assert (edited.follows, edited.regenerates, edited.mode) == (first, None, "fast")
    assert asked(scripted) == ["How many days of annual leave?", "15 days."]

    events_of(runs.edit(first, "Who books flights?"))
    assert asked(scripted) == []

    ask("And at night?", mode="fast", follows=edited)
    assert asked(scripted)[2] == "How much is a hotel in Berlin?"
    assert "When do carried days expire?" not in asked(scripted)


def test_a_question_goes_on_where_its_person_last_was(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.otherwise = text("15 days [1].")
    ask("How many days of annual leave?", mode="fast")
    first = ask.run
    assert first
    other = runs.edit(first, "How much is a hotel?")
    events_of(other)
    ask("And then?", mode="fast", conversation=Conversation.objects.get())
    assert ask.run
    assert ask.run.follows == other
    runs.show(first)
    ask("And then?", mode="fast", conversation=Conversation.objects.get())
    assert ask.run
    assert ask.run.follows == first


def test_the_same_words_are_the_question_answered_again(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.otherwise = text("15 days [1].")
    ask("How many days of annual leave?", mode="fast")
    assert ask.run
    again = runs.edit(ask.run, " How many days of annual leave? ")
    events_of(again)
    assert again.regenerates == ask.run
    assert Conversation.objects.get().tree().answers(again.pk).total == 2


def test_nobody_asks_in_a_conversation_of_somebody_else(ask: Asker, alice: Person, scripted: ScriptedServer) -> None:
    scripted.otherwise = text("15 days [1].")
    ask("How many days of annual leave?", mode="fast")
    places: tuple[dict[str, Any], ...] = ({"follows": ask.run}, {"beside": ask.run})
    for place in places:
        with pytest.raises(QuestionError):
            runs.start(alice, "And then?", **place)
    assert Run.objects.count() == 1


def test_conversations_from_before_become_lines(alice: Person) -> None:
    conversation = Conversation.objects.create(person=alice)

    def run(question: str, regenerates: Run | None = None) -> Run:
        fields = {"person": alice, "conversation": conversation, "state": "finished"}
        return Run.objects.create(pk=uuid4(), question=question, regenerates=regenerates, **fields)

    first, second = run("First?"), run("Second?")
    again = run("First?", first)
    once_more = run("First?", again)
    third = run("Third?")
    import_module("agents.migrations.0008_branches").follow_in_order(apps, None)
    assert conversation.tree().path() == [once_more.pk, second.pk, third.pk]
    follows = dict(Run.objects.values_list("pk", "follows"))
    assert {follows[one.pk] for one in (first, again, once_more)} == {None}
    assert (follows[second.pk], follows[third.pk]) == (once_more.pk, second.pk)
