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
    document = parsed("plans.json", json.dumps([{"plan": "Basic", "users": 5}, {"plan": "Team", "users": 50}]))
    assert [block.header for block in document.blocks] == ["", "plan\tusers", "plan\tusers"]
    assert document.text == "plan\tusers\nBasic\t5\nTeam\t50\n"


def test_a_question_stands_over_its_answer(parsed: Reader) -> None:
    assert shapes(parsed("rows.jsonl")) == [
        ("heading", "年假几天"),
        ("paragraph", "五天"),
        ("heading", "住宿上限"),
        ("paragraph", "600"),
    ]


def test_records_within_records_are_tables_under_their_names(parsed: Reader) -> None:
    topics = [
        {"name": "Travel", "limits": [{"what": "Hotel", "limit": "130"}, {"what": "Meal", "limit": "28"}]},
        {"name": "Leave", "limits": [{"what": "Holidays", "limit": "27"}, {"what": "Carried over", "limit": "5"}]},
    ]
    assert read(parsed, topics) == [
        ("heading", "Travel"),
        ("heading", "limits"),
        ("row", "what\tlimit"),
        ("row", "Hotel\t130"),
        ("row", "Meal\t28"),
        ("heading", "Leave"),
        ("heading", "limits"),
        ("row", "what\tlimit"),
        ("row", "Holidays\t27"),
        ("row", "Carried over\t5"),
    ]


def test_a_record_with_a_long_text_is_a_section(parsed: Reader) -> None:
    long = "A sentence of some length. " * 30
    articles = [{"title": f"Article {number}", "author": "Ann", "text": long.strip()} for number in (1, 2)]
    assert read(parsed, articles)[:3] == [
        ("heading", "Article 1"),
        ("paragraph", long.strip()),
        ("paragraph", "author: Ann"),
    ]


def test_data_has_the_title_it_gives_itself(parsed: Reader) -> None:
    rows = [{"question": "Q", "answer": "A"}] * 2
    assert parsed("faq.json", json.dumps({"title": "On leave", "questions": rows})).title == "On leave"
    assert parsed("faq.json", json.dumps(rows)).title == "faq"


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
