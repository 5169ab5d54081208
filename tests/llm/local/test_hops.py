"""What is looked up next, by way of the names that the evidence gives."""

from llm.local.conversation import Source
from llm.local.entities import entities
from llm.local.features import make_query
from llm.local.hops import hops, named_in, still_open
from llm.local.ranking import Evidence, rank

ATLAS = Source(1, "Atlas is the booking tool. It is run by the Harbour team under Nadia Brandt.", 11, "Atlas")
OTHER = Source(
    2, "The British Museum Guide was printed in May 2019 by Quick Press Inc. The guide is free.", 12, "Guide"
)
HARBOUR = Source(3, "The Harbour team sits in Bremen.", 13, "Harbour")


def ranked(question: str, *sources: Source) -> tuple[Evidence, ...]:
    return rank(make_query(question), sources).evidence


def test_the_name_beside_what_was_asked_comes_first() -> None:
    question = "In which city does the team that runs Atlas sit?"
    found = hops(question, ranked(question, ATLAS, OTHER), [ATLAS, OTHER])
    assert found[0].query == "Harbour"
    assert any("city" in hop.query and "Harbour" in hop.query for hop in found)


def test_a_document_of_that_name_that_was_found_is_read() -> None:
    question = "In which city does the team that runs Atlas sit?"
    found = hops(question, ranked(question, ATLAS, OTHER), [ATLAS, OTHER, HARBOUR])
    assert found[0].document == 13


def test_a_chain_in_chinese() -> None:
    source = Source(1, "报销系统由李明负责。李明隶属财务部。", 21, "报销系统")
    question = "报销系统负责人的办公室在哪里？"
    assert {"李明", "财务部"} <= {hop.query for hop in hops(question, ranked(question, source), [source])}


def test_names_end_with_their_sentence_and_quoted_titles_are_names() -> None:
    assert entities("It is by Quick Press Inc. The May 2019 print of \"Falling Away from Me\" by Dr. Smith.") == [
        "Quick Press Inc",
        "Falling Away from Me",
        "Dr. Smith",
    ]  # fmt: skip


def test_a_question_with_several_names_has_each_looked_up() -> None:
    assert named_in("Did the Harbour team found Atlas?") == ["Harbour", "Atlas"]
    assert named_in("Who founded Atlas?") == []


def test_what_is_still_open() -> None:
    question = "In which city does the team that runs Atlas sit?"
    assert still_open(question, ranked(question, ATLAS)[:1])[0] == "city"
