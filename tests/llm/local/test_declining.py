"""What is not in the sources is declined; with more tools at hand, other words are tried first."""

import pytest

from llm.local.chat import read_chat_request, reply_to
from llm.local.extractive import REFUSAL
from tests.llm.local.handbook import source, user_message

PASSAGES = [
    {"document": 1, "title": "Office guide", "section": "Doors",
     "text": "The office in Lisbon opens at 07:30. Bring your badge."},
    {"document": 2, "title": "Rates", "section": "Hotels",
     "text": "City\tLimit per night\nLisbon\t120 EUR\nPorto\t110 EUR"},
    {"document": 3, "title": "Plan", "section": "Works",
     "text": "Harbour Works has four teams and looks after budgets."},
    {"document": 4, "title": "办公指南", "section": "地址", "text": "里斯本办公室的地址是海港路8号。"},
]  # fmt: skip
ABSENT = (
    "What is the hotel limit per night in Chicago?",
    "May I bring my parrot to the office in Lisbon?",
    "What is the budget of Harbour Works?",
    "东京办公室的地址在哪里？",
)


def reply(question: str, *tools: str) -> str:
    messages = [user_message(question, [source(n, p) for n, p in enumerate(PASSAGES, 1)])]
    given = [{"type": "function", "function": {"name": name}} for name in tools]
    told = reply_to(read_chat_request({"model": "zhinang-local-instruct", "messages": messages, "tools": given}))
    return told.calls[0].name if told.calls else told.text


@pytest.mark.parametrize("question", ABSENT)
def test_a_name_a_sum_or_a_subject_that_no_source_has_is_declined(question: str) -> None:
    assert reply(question) in REFUSAL.values()
    assert reply(question, "escalate") == "escalate"


def test_what_is_there_is_answered() -> None:
    assert "120 EUR [2]" in reply("What is the hotel limit per night in Lisbon?", "escalate")
    assert "07:30" in reply("When does the office in Lisbon open?", "escalate")
