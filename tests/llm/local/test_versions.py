import json
from typing import Any

import pytest

from llm.local.chat import read_chat_request, reply_to
from llm.local.reply import Reply
from llm.local.versions import about_versions, past_day, topic
from tests.llm.local.handbook import TOOLS, source, user_message

OLD = {"document": 4, "title": "Parking rules", "date": "2023-01-01", "text": "A parking space costs 30 EUR a month."}
NEW = {"document": 4, "title": "Parking rules", "date": "2025-01-01", "text": "A parking space costs 45 EUR a month."}
OLD_ZH = {"document": 5, "title": "停车管理办法", "date": "2023-01-01", "text": "车位每月收费200元，按季度抽签。"}
NEW_ZH = {"document": 5, "title": "停车管理办法", "date": "2025-01-01", "text": "车位每月收费260元，按月抽签。"}
OTHERS = [{"document": n, "title": "x", "valid_from": "2023-01-01", "valid_to": "2024-12-31"} for n in (4, 5)]


def think(question: str, *results: dict[str, Any]) -> Reply:
    """The Thinking model's turn after a plan and one search for each result."""
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "Today is 2026-11-23."},
        user_message(question, []),
        {"role": "assistant", "tool_calls": [{"id": "0", "function": {"name": "plan", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "0", "content": '{"ok": true}'},
    ]
    for number, result in enumerate(results, 1):
        name = "run_python" if "result" in result else "search_knowledge"
        call = {"id": str(number), "function": {"name": name, "arguments": json.dumps({"query": number})}}
        messages.append({"role": "assistant", "tool_calls": [call]})
        messages.append({"role": "tool", "tool_call_id": str(number), "content": json.dumps(result)})
    tools = [{"type": "function", "function": {"name": name}} for name in TOOLS]
    body = {"model": "zhinang-local-thinking", "messages": messages, "tools": tools, "stream": True}
    return reply_to(read_chat_request({**body, "enable_thinking": True}))


@pytest.mark.parametrize(
    ("question", "new"),
    [
        ("How did the price of a parking space change from the rules of 2023 to those of 2025?", NEW),
        ("停车管理办法新旧两版的车位收费有什么变化？", NEW_ZH),
    ],
)
def test_the_other_version_is_searched_as_of_its_day(question: str, new: dict[str, Any]) -> None:
    reply = think(question, {"passages": [source(1, new)], "other_versions": OTHERS})
    days = [call.arguments.get("as_of") for call in reply.calls if call.name == "search_knowledge"]
    assert "2023-01-01" in days


@pytest.mark.parametrize(
    ("question", "passages", "old", "new"),
    [
        ("Compare the price of a parking space in the rules of 2023 and 2025.", (NEW, OLD), "30 EUR", "45 EUR"),
        ("停车管理办法新旧两版的车位收费有什么变化？", (NEW_ZH, OLD_ZH), "200元", "260元"),
    ],
)
def test_each_version_is_told_and_cited(question: str, passages: Any, old: str, new: str) -> None:
    shown = [source(number, passage) for number, passage in enumerate(passages, 1)]
    reply = think(question, *[{"passages": shown, "other_versions": []}] * 3, {"result": 15})
    text = reply.text
    before, after = text.index("**2023**"), text.index("**2025**")
    assert old in text[before:after]
    assert "[2]" in text[before:after]
    assert new in text[after:]
    assert "[1]" in text[after:]


@pytest.mark.parametrize(
    ("question", "day"),
    [
        ("How large could an advance be under the policy in force in June 2024?", "2024-06-30"),
        ("2024年6月施行的标准是多少？", "2024-06-30"),
        ("Which limit was valid in 2023?", "2023-12-31"),
        ("What is valid in March 2031?", ""),
        ("Who won the prize in 2023?", ""),
    ],
)
def test_a_past_day_is_read_from_the_question(question: str, day: str) -> None:
    assert past_day(question, "2026-11-23") == day


def test_a_question_about_a_past_day_is_searched_as_of_it() -> None:
    question = "Under the policy in force in June 2024, how large could an advance be?"
    calls = think(question).calls
    assert "2024-06-30" in [call.arguments.get("as_of") for call in calls]


def test_what_is_compared_is_told_from_the_comparing() -> None:
    assert about_versions("新旧两版有什么变化？")
    assert not about_versions("Compare the limits of Berlin and Paris.")
    assert "parking" in topic("How did parking change between 2023 and 2025?")
    assert "2023" not in topic("How did parking change between 2023 and 2025?")
