from typing import Any

import pytest

from llm.local.conversation import Source
from llm.local.units import plain, units


def _units(text: str, **fields: Any) -> list[tuple[str, str]]:
    return [(unit.kind, unit.text) for unit in units(Source(1, text, **fields))]


def test_markdown_marks_are_taken_off() -> None:
    assert plain("The **limit** is `180` EUR, see [the *list*](https://example.com/a).") == (
        "The limit is 180 EUR, see the list."
    )
    assert plain("See [the travel guide][guide-2] and [this][].") == "See the travel guide and this."
    assert plain("As shown.[1][2]") == "As shown.[1][2]"
    assert plain("2 * 3 * 4 and snake_case_name") == "2 * 3 * 4 and snake_case_name"


def test_headings_stand_over_what_follows() -> None:
    found = units(Source(1, "# Hotels\n\nBook early. Pay later."))
    assert [(u.kind, u.heading) for u in found] == [
        ("heading", "Hotels"),
        ("sentence", "Hotels"),
        ("sentence", "Hotels"),
    ]


def test_the_sections_title_repeated_in_the_text_is_a_heading() -> None:
    found = _units("3. Meals\n\nLunch is free.", section="Travel > 3. Meals")
    assert found == [("heading", "Meals"), ("sentence", "Lunch is free.")]


def test_wrapped_lines_are_joined_and_short_lines_are_not() -> None:
    wrapped = "The expense report is handed in\nwithin thirty days after the\nreturn from the trip."
    assert _units(wrapped) == [
        ("sentence", "The expense report is handed in within thirty days after the return from the trip.")
    ]
    assert len(_units("Before you start\nYour laptop is ready on the first working day at the desk.")) == 2
    assert _units("每个员工每年享有带薪\n年休假十五天。") == [("sentence", "每个员工每年享有带薪年休假十五天。")]


def test_list_items_know_the_sentence_that_leads_to_them() -> None:
    found = units(Source(1, "Bring these:\n- passport\n- contract"))
    assert [(u.kind, u.text, u.lead) for u in found[1:]] == [
        ("item", "passport", "Bring these:"),
        ("item", "contract", "Bring these:"),
    ]


@pytest.mark.parametrize(
    "table",
    [
        "| City | Limit |\n|---|---|\n| Berlin | 150 |\n| Paris | 190 |",
        "City\tLimit\nBerlin\t150\nParis\t190",
        "City,Country,Limit\nBerlin,DE,150\nParis,FR,190",
    ],
)
def test_tables_of_every_kind_become_rows_with_their_header(table: str) -> None:
    found = units(Source(1, table))
    assert [u.kind for u in found] == ["row", "row"]
    assert dict(zip(found[0].header, found[0].cells, strict=True))["Limit"] == "150"


def test_a_continued_table_takes_its_header_from_the_context_and_short_rows_are_filled() -> None:
    (row,) = units(Source(1, "Berlin\t150", header="City\tLimit\tMonths"))
    assert (row.header, row.cells) == (("City", "Limit", "Months"), ("Berlin", "150", ""))


def test_text_after_a_table_ends_it() -> None:
    found = units(Source(1, "a\tb\n1\t2\nThis is prose again.\nc\td\n3\t4"))
    assert [(u.kind, u.header) for u in found] == [("row", ("a", "b")), ("sentence", ()), ("row", ("c", "d"))]


def test_a_question_in_a_faq_stands_over_its_answer_in_json_too() -> None:
    faq = '{\n  "questions": [\n    {\n      "question": "May I fly?",\n      "answer": "Yes, from 12 hours on."\n    }'
    found = units(Source(1, faq))
    assert [(u.kind, u.text) for u in found] == [("heading", "May I fly?"), ("sentence", "Yes, from 12 hours on.")]
    assert found[1].heading == "May I fly?"


def test_code_fences_rules_and_quotes() -> None:
    assert _units("```\nrun | this\n```\n---\n> Quoted text.") == [
        ("sentence", "run | this"),
        ("sentence", "Quoted text."),
    ]


def test_messages_of_a_chat_are_no_table_and_a_question_stands_over_its_answer() -> None:
    question = "2026-09-14 09:05 王磊: 磁盘谁来扩容？"
    found = units(Source(1, f"{question}\n2026-09-14 09:06 赵强: 我来，今天下午扩到2TB\n2026-09-14 09:10 王磊: 好的"))
    assert [u.kind for u in found] == ["heading", "sentence", "sentence"]
    assert {u.heading for u in found} == {question}
    assert _units("Wang Lei [14/09/2026, 09:02]\nThe test system is up again.\n\nLi Na 09:03\nThank you.") == [
        ("heading", "Wang Lei [14/09/2026, 09:02]"),
        ("sentence", "The test system is up again."),
        ("heading", "Li Na 09:03"),
        ("sentence", "Thank you."),
    ]
