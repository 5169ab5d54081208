import pytest

from llm.local.decompose import items, task_of
from llm.local.entities import entities, new_entities
from llm.local.glossary import translated, translations, with_english


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("Compare the hotel limits of Berlin and Paris.", ["Berlin", "Paris"]),
        ("Compare the parental leave rules of the German and US handbooks.", ["German handbooks", "US handbooks"]),
        ("Which is older, Hampden Canal or Genesee River?", ["Hampden Canal", "Genesee River"]),
        ("How did it change between the 2022, 2023 and 2024 handbooks?", ["2022", "2023", "2024 handbooks"]),
        ("Who leads the team?", []),
    ],
)
def test_coordinated_things_in_english(question: str, found: list[str]) -> None:
    got = items(question, "en")
    assert [item.split()[0] for item in got] == [item.split()[0] for item in found]
    assert len(got) == len(found)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("对比北京和上海的住宿标准。", ["北京", "上海"]),
        ("2024年版和2025年版差旅制度有什么变化？", ["2024年版", "2025年版"]),
        ("销售、研发和客服的加班政策分别是什么？", ["销售", "研发", "客服"]),
        ("年假有几天？", []),
    ],
)
def test_coordinated_things_in_chinese(question: str, found: list[str]) -> None:
    got = items(question, "zh")
    assert len(got) == len(found)
    assert all(got_item.startswith(item) for got_item, item in zip(got, found, strict=True))


def test_each_part_leaves_the_others_out() -> None:
    task = task_of("Compare the hotel limits of Berlin and Paris.")
    assert [part.label for part in task.parts] == ["Berlin", "Paris"]
    assert "Paris" not in task.parts[0].text
    assert "hotel limits" in task.parts[1].text


def test_clauses_become_parts_with_the_question_as_context() -> None:
    task = task_of("Who approves the order, and who is told about it?", "What is an order?")
    assert len(task.parts) == 2
    assert "What is an order?" in task.parts[1].context
    assert len(task_of("年假需要提前多久申请，由谁审批？").parts) == 2


def test_a_plain_question_is_one_part() -> None:
    task = task_of("Who leads the Harbour team?")
    assert (task.need, len(task.parts)) == (None, 1)


def test_names_are_found_and_known_ones_left_out() -> None:
    assert "Nadia Brandt" in entities("It is led by Nadia Brandt.")
    assert "HR-12" in " ".join(entities("See form HR-12."))
    assert new_entities("The Harbour team is led by Nadia Brandt.", "the Harbour team") == ["Nadia Brandt"]
    assert "张伟" in entities("负责人为张伟，电话123。")
    assert "差旅制度" in entities("详见《差旅制度》。")


def test_the_glossary_leads_from_one_language_to_the_other() -> None:
    assert "hotel" in translated("柏林的住宿标准是多少？").lower()
    assert "Berlin" in translated("柏林的住宿标准是多少？")
    assert "年假" in translated("How much annual leave is there?")
    assert translated("xyzzy") == ""
    assert ("annual", "leav") in translations("年假有几天")["年假"]
    assert with_english("Hello") == "Hello"
    assert "annual leave" in with_english("年假")
