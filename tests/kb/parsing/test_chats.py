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
