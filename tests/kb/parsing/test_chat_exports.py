"""Conversations that messengers export as JSON become messages; other JSON stays as it stands."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.kb.parsing.conftest import Reader, shapes

SLACK = [
    {
        "type": "message",
        "user": "U1",
        "ts": "1790586000.000100",
        "text": "The fair is in &lt;Hall 8&gt;, see <https://fair.example|the plan>",
        "user_profile": {"real_name": "Ann Lee"},
    },
    {
        "type": "message",
        "user": "U2",
        "ts": "1790586060.000200",
        "text": "Thanks <@U1>",
        "user_profile": {"name": "ben"},
    },
    {"type": "message", "subtype": "channel_join", "user": "U3", "ts": "1790586070.000300", "text": ""},
]
TELEGRAM = {
    "name": "Site Lyon",
    "messages": [
        {"type": "message", "date": "2026-11-02T08:03:44", "from": "Ann", "text": "Morning"},
        {
            "type": "message",
            "date": "2026-11-02T08:05:10",
            "from": "Ben",
            "text": ["See ", {"type": "b", "text": "gate 3"}],
        },
    ],
}
DISCORD = {
    "messages": [
        {"timestamp": "2026-11-02T08:03:44+00:00", "content": "Morning", "author": {"name": "ann", "nickname": "Ann"}},
        {"timestamp": "2026-11-02T08:05:10+00:00", "content": "Hello", "author": {"name": "ben", "nickname": "Ben"}},
    ]
}
TEAMS = {
    "value": [
        {
            "createdDateTime": "2026-11-02T08:03:44.123Z",
            "from": {"application": None, "user": {"displayName": "李娜"}},
            "body": {"contentType": "html", "content": "<p>预算&nbsp;批了</p>"},
        },
        {
            "createdDateTime": "2026-11-02T08:05:10Z",
            "from": {"user": {"displayName": "王磊"}},
            "body": {"contentType": "text", "content": "收到"},
        },
    ]
}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (
            SLACK,
            [
                "2026-09-28 09:00 Ann Lee: The fair is in <Hall 8>, see the plan (https://fair.example)",
                "2026-09-28 09:01 ben: Thanks @Ann Lee",
            ],
        ),
        (TELEGRAM, ["2026-11-02 08:03 Ann: Morning", "2026-11-02 08:05 Ben: See gate 3"]),
        (DISCORD, ["2026-11-02 08:03 Ann: Morning", "2026-11-02 08:05 Ben: Hello"]),
        (TEAMS, ["2026-11-02 08:03 李娜: 预算\xa0批了", "2026-11-02 08:05 王磊: 收到"]),
        ([{"nickname": "王磊", "createTime": 1790586000, "msg": "在吗"}] * 2, ["2026-09-28 09:00 王磊: 在吗"] * 2),
    ],
)
def test_messages_say_when_who_and_what(parsed: Reader, data: Any, told: list[str]) -> None:
    document = parsed("export.json", json.dumps(data, ensure_ascii=False, indent=1))
    assert shapes(document) == [("paragraph", text) for text in told]


def test_a_conversation_has_its_own_name(parsed: Reader) -> None:
    assert parsed("result.json", json.dumps(TELEGRAM)).title == "Site Lyon"


def test_one_message_a_line_is_a_conversation_too(parsed: Reader) -> None:
    document = parsed("export.jsonl", "\n".join(json.dumps(one) for one in TELEGRAM["messages"]))
    assert [text for _, text in shapes(document)] == [
        "2026-11-02 08:03 Ann: Morning",
        "2026-11-02 08:05 Ben: See gate 3",
    ]


@pytest.mark.parametrize(
    "data",
    [
        {"name": "app", "version": "1.0", "scripts": {"test": "run"}},
        [{"name": "Ann", "time": "2026-11-02", "text": ""}],
        [1, 2, 3],
        "text",
    ],
)
def test_other_data_stays_as_it_stands(parsed: Reader, data: Any) -> None:
    text = json.dumps(data, indent=1)
    document = parsed("data.json", text)
    assert document.text == text
    assert {kind for kind, _ in shapes(document)} == {"code"}


def test_what_is_no_json_stays_as_it_stands(parsed: Reader) -> None:
    assert parsed("broken.json", '{"messages": [').text == '{"messages": ['
