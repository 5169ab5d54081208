"""JSON of records, such as tickets and products, is read as tables, and long records as sections."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.kb.parsing.conftest import Reader, shapes


def read(parsed: Reader, data: Any) -> list[tuple[str, str]]:
    return shapes(parsed("data.json", json.dumps(data, ensure_ascii=False, indent=1)))


def test_a_list_of_like_objects_is_a_table(parsed: Reader) -> None:
    tickets = [
        {"id": "T-1", "customer": {"name": "Acme", "seats": 40}, "closed": None, "tags": ["login", "sso"]},
        {"id": "T-2", "customer": {"name": "Birch", "seats": 7}, "open": True, "tags": []},
    ]
    assert read(parsed, {"product": "Desk", "owner": "Ann", "tickets": tickets}) == [
        ("paragraph", "product: Desk\nowner: Ann"),
        ("heading", "tickets"),
        ("row", "id\tcustomer name\tcustomer seats\tclosed\ttags\topen"),
        ("row", "T-1\tAcme\t40\t\tlogin; sso"),
        ("row", "T-2\tBirch\t7\t\t\ttrue"),
    ]


def test_the_header_stands_over_the_rows(parsed: Reader) -> None:
    document = parsed("rows.jsonl")
    assert [block.header for block in document.blocks] == ["", "问题\t答案", "问题\t答案"]
    assert document.text == "问题\t答案\n年假几天\t五天\n住宿上限\t600\n"


def test_records_within_records_are_tables_under_their_names(parsed: Reader) -> None:
    topics = [
        {"name": "Travel", "faqs": [{"q": "Hotel?", "a": "Up to 130"}, {"q": "Train?", "a": "Second class"}]},
        {"name": "Leave", "faqs": [{"q": "How many days?", "a": "27"}, {"q": "Carried over?", "a": "Five"}]},
    ]
    assert read(parsed, topics) == [
        ("heading", "Travel"),
        ("heading", "faqs"),
        ("row", "q\ta"),
        ("row", "Hotel?\tUp to 130"),
        ("row", "Train?\tSecond class"),
        ("heading", "Leave"),
        ("heading", "faqs"),
        ("row", "q\ta"),
        ("row", "How many days?\t27"),
        ("row", "Carried over?\tFive"),
    ]


def test_a_record_with_a_long_text_is_a_section(parsed: Reader) -> None:
    long = "A sentence of some length. " * 30
    articles = [{"title": f"Article {number}", "author": "Ann", "text": long.strip()} for number in (1, 2)]
    assert read(parsed, articles)[:3] == [
        ("heading", "Article 1"),
        ("paragraph", "author: Ann"),
        ("paragraph", long.strip()),
    ]


def test_data_has_the_title_it_gives_itself(parsed: Reader) -> None:
    rows = [{"question": "Q", "answer": "A"}] * 2
    assert parsed("faq.json", json.dumps({"title": "Questions on leave", "questions": rows})).title == (
        "Questions on leave"
    )


@pytest.mark.parametrize(
    "data",
    [
        {"steps": [{"run": 1, "size": 2}, {"run": 3, "size": 4}]},
        {"a": {str(number): number for number in range(20)}, "hosts": [{"name": "x", "port": 1}] * 2},
        [{"a": "x", "b": "y"}, {"c": "z", "d": "w"}, {"e": "u", "f": "v"}],
    ],
)
def test_settings_and_figures_are_no_records(parsed: Reader, data: Any) -> None:
    assert {kind for kind, _ in read(parsed, data)} == {"code"}
