"""Which questions are about every document, what they look for, and what a cell of the answer may hold."""

import pytest

from agents.events import Surveyed, SurveyRow
from agents.survey_question import Criterion, forced, read, without_collection
from agents.survey_report import Survey, answer_of, citations_of
from agents.survey_rows import as_csv


@pytest.mark.parametrize(
    ("question", "kind", "condition"),
    [
        ("Which policies mention remote work?", "policies", "mention remote work"),
        ("How many contracts end in 2026?", "contracts", "end in 2026"),
        ("List all documents that require the approval of the CFO.", "documents", "require the approval of the CFO"),
        ("Please list all supplier contracts", "contracts", "supplier"),
        ("How many policies are there?", "policies", ""),
        ("How many minutes mention the budget?", "minutes", "mention the budget"),
        ("Which contracts renew automatically?", "contracts", "renew automatically"),
        ("哪些制度提到了远程办公？", "制度", "提到了远程办公"),
        ("有多少份合同在2026年到期？", "合同", "在2026年到期"),
        ("列出所有需要财务总监批准的文件", "文件", "需要财务总监批准"),
        ("2026年到期的合同有哪些？", "合同", "2026年到期"),
        ("公司有哪些制度？", "制度", ""),
        ("统计一下有多少份采购合同", "合同", "采购"),
    ],
)
def test_what_is_looked_for(question: str, kind: str, condition: str) -> None:
    criterion = read(question)
    assert criterion is not None
    assert (criterion.kind, criterion.condition) == (kind, condition)
    assert Criterion.from_data(criterion.to_data()) == criterion


@pytest.mark.parametrize(
    "question",
    [
        "Which of the two travel policies is stricter?",
        "Which documents do I need for a visa?",
        "Which policy covers remote work?",
        "How many minutes before departure must cars check in?",
        "How many days of annual leave do I have?",
        "How many holidays are there in Berlin?",
        "What are the differences between the policies of 2024 and 2025?",
        "报销需要哪些文件？",
        "报销需要提交的文件有哪些？",
        "2026年有几天假期？",
        "这两份合同有什么区别？",
        "Which contracts end in 2026? " * 40,
    ],
)
def test_what_is_no_such_question(question: str) -> None:
    assert read(question) is None


def test_columns_wording_and_what_came_before() -> None:
    criterion = read("List all contracts that mention “force majeure” with their supplier, value and end date")
    assert criterion is not None
    assert criterion.columns == ("supplier", "value", "end date")
    assert criterion.wording == ("force majeure",)
    assert read("Which contracts end in 2026, and when?").columns == ("date",)  # type: ignore[union-attr]
    assert read("How many of those contracts end in 2026?", follows=True) is None
    assert forced("Where is it?").condition == "Where is it?"


def test_a_collection_that_is_named_is_no_condition() -> None:
    names = ["Finance", "Legal"]
    said = without_collection("How many contracts in the Finance collection end in 2026?", names)
    assert said == ("How many contracts end in 2026?", ["Finance"])
    assert without_collection("在“Legal”集合中有多少份合同？", names) == ("有多少份合同？", ["Legal"])
    assert without_collection("Which policies mention Legal?", names) == ("Which policies mention Legal?", [])


def test_a_documents_text_is_no_markup_and_no_formula() -> None:
    hostile = "=HYPERLINK(1) | [9] <b> [x](http://evil)\n| new |"
    row = SurveyRow(1, 2, "yes", hostile, None, 0, 4, hostile)
    survey = Survey()
    survey.add(Surveyed(1, 1, rows=(row,), complete=True, criterion={"question": "Which documents?"}))
    table = answer_of(survey).splitlines()[2:]
    assert len(table) == 3
    assert table[-1].endswith("[1] |")
    assert "\\[9\\]" in table[-1]
    assert "](http" not in table[-1].replace("\\]", "")
    assert [one.number for one in citations_of(survey)] == [1]
    assert "'=HYPERLINK" in as_csv(survey)
