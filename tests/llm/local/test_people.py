"""Roles and who holds them, and documents that are set side by side."""

import pytest

from llm.local.chat import read_chat_request, reply_to
from llm.local.roles import roles_of, searches
from tests.llm.local.handbook import TOOLS, Run, source, user_message

PASSAGES = [
    {"document": 1, "title": "Safety rules", "section": "Gas", "date": "2025-01-01",
     "text": "Gas cylinders are ordered with the approval of the head of Harbour Works."},
    {"document": 2, "title": "Organisation chart", "section": "Departments", "date": "2025-01-01",
     "text": "Department\tHead\tDeputy\nHarbour Works\tNadia Brandt\tOmar Said\nSales\tKim Lund\tEva Roth"},
    {"document": 3, "title": "Re: my absence", "section": "", "date": "2026-11-01",
     "text": "Dear all,\n\nRita Moss stands in for Nadia Brandt as acting head of Harbour Works until May.\n\n"
             "On Mon, 2 Nov 2026 at 10:00, Nadia Brandt wrote:\n"
             "> Omar Said stands in for me as acting head of Harbour Works."},
    {"document": 4, "title": "Visitor guide", "section": "Badges", "date": "2025-01-01",
     "text": "A visitor badge is valid for 2 days."},
    {"document": 5, "title": "Reception manual", "section": "Badges", "date": "2025-01-01",
     "text": "A visitor badge is valid for 5 days."},
    {"document": 6, "title": "访客指南", "section": "停车", "date": "2025-01-01", "text": "访客停车最长3小时。"},
    {"document": 7, "title": "门卫手册", "section": "停车", "date": "2025-01-01", "text": "访客停车最长5小时。"},
]  # fmt: skip


def test_a_rule_leads_to_the_holder_of_a_role_and_to_who_stands_in() -> None:
    run = Run("I need to order gas cylinders. Who has to approve that, by name?", PASSAGES)
    assert "head of Harbour Works. [1]" in run.text
    assert "Nadia Brandt" in run.text
    assert "Rita Moss stands in" in run.text
    assert "Omar Said stands in" not in run.text


def test_roles_are_read_in_both_languages() -> None:
    assert roles_of(["the head of Finance and the head of Harbour Works"]) == ["Finance", "Harbour Works"]
    assert roles_of(["由财务部负责人审批"])[0].endswith("财务部")
    assert searches("Who signs?", ["the head of Finance signs"])
    assert not searches("How many days?", ["the head of Finance signs"])


@pytest.mark.parametrize(
    ("question", "first", "second"),
    [
        ("How long is a visitor badge valid, and do the documents agree?", "2 days. [", "5 days. ["),
        ("访客停车最长几小时？各文件的说法一致吗？", "3小时。 [", "5小时。 ["),
    ],
)
def test_documents_that_disagree_are_both_quoted(question: str, first: str, second: str) -> None:
    run = Run(question, PASSAGES)
    assert first in run.text
    assert second in run.text


@pytest.mark.parametrize("question", ["For how many days is a visitor badge valid?", "访客停车最长几小时？"])
def test_the_fast_model_hands_a_contradiction_over(question: str) -> None:
    messages = [user_message(question, [source(n, p) for n, p in enumerate(PASSAGES[3:], 1)])]
    tools = [{"type": "function", "function": {"name": name}} for name in ("escalate", *TOOLS)]
    body = {"model": "zhinang-local-instruct", "messages": messages, "tools": tools}
    reply = reply_to(read_chat_request(body))
    assert [call.name for call in reply.calls] == ["escalate"]


def test_titles_that_a_question_names_are_compared() -> None:
    run = Run("Compare the Visitor guide with the Reception manual: how long is a badge valid?", PASSAGES)
    assert "**Visitor guide**" in run.text
    assert "**Reception manual**" in run.text
