"""Chats kept as text are cut at their messages, however the messenger writes who said what and when."""

from __future__ import annotations

import pytest

from kb.parsing.chats import message_beginnings
from tests.kb.parsing.conftest import Reader, shapes


@pytest.mark.parametrize(
    "messages",
    [
        ["2026-09-14 09:02 王磊: 早上好", "2026-09-14 09:03 李娜: 收到", "2026-09-14 09:05 王磊: 好的"],
        ["[14/09/2026, 09:02:11] Ann: Hello", "[14/09/2026, 09:03:02] Ben Li: Yes", "[14/09/2026, 09:05:40] Ann: Fine"],
        ["14.09.26, 09:02 - Ann: Hello", "14.09.26, 09:03 - Ben: Yes", "14.09.26, 09:05 - Ann: Fine"],
        ["[9:02 AM] Ann: Hello", "[9:03 AM] Ben: Yes", "[1:05 PM] Ann: Fine"],
        ["王磊 2026-09-14 09:02:11\n早上好", "李娜(10023) 2026-09-14 09:03:40\n收到\n两件事", "王磊 下午 1:05\n好的"],
        ["2026年9月14日 09:02 王磊\n早上好", "2026年9月14日 09:03 李娜\n收到", "2026年9月14日 09:05 王磊\n好的"],
    ],
)
def test_each_message_is_a_block(parsed: Reader, messages: list[str]) -> None:
    document = parsed("chat.txt", "Project group\n" + "\n".join(messages) + "\n")
    assert [text for _, text in shapes(document)] == ["Project group", *messages]


@pytest.mark.parametrize(
    "lines",
    [
        ["The meeting starts at 09:30", "and ends at noon.", "Come in time.", "Bring a pen."],
        ["2026-09-14 09:02 王磊: 早上好", "一条消息不是聊天记录。"],
        ["Opening hours: 09:00 to 17:00", "Closed on Sundays: yes", "Telephone: 400-820-5577"],
    ],
)
def test_other_texts_are_no_chats(lines: list[str]) -> None:
    assert message_beginnings(lines) == frozenset()


def test_long_texts_with_a_few_times_are_no_chats() -> None:
    lines = [f"09:0{number} Ann: spoke" for number in range(3)] + ["She said a good deal more than this."] * 20
    assert message_beginnings(lines) == frozenset()


LINE = """[LINE] 客服群組的聊天記錄
儲存日期：2026/03/31 18:00

2026/03/23（一）
09:12\t雅婷\t早安
09:13\t阿凱\t"兩件事:
一、盤點"
2026/03/24（二）
上午10:30\t建宏\t修好了
10:31\t\t雅婷已收回訊息
"""


def test_messages_between_tabs_are_told_with_their_day(parsed: Reader) -> None:
    document = parsed("line.txt", LINE)
    assert document.media_type == "text/plain"
    assert [text for _, text in shapes(document)][2:] == [
        "2026/03/23（一）",
        "2026/03/23 09:12 雅婷: 早安",
        "2026/03/23 09:13 阿凱: 兩件事:\n一、盤點",
        "2026/03/24（二）",
        "2026/03/24 上午10:30 建宏: 修好了",
        "2026/03/24 10:31 雅婷已收回訊息",
    ]


def test_messages_between_tabs_may_have_their_own_day(parsed: Reader) -> None:
    lines = [f"2026-03-23 09:1{minute}\tAnn\tHello {minute}" for minute in range(3)]
    document = parsed("chat.txt", "\n".join(lines))
    assert [text for _, text in shapes(document)] == [line.replace("\t", " ", 1).replace("\t", ": ") for line in lines]


def test_a_table_of_times_under_its_columns_names_is_no_chat(parsed: Reader) -> None:
    text = "time\troom\twhat\n" + "".join(f"09:1{minute}\tA{minute}\tVisit\n" for minute in range(5))
    assert parsed("plan.txt", text).blocks[1].kind == "row"
