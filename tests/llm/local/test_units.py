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


def test_comma_separated_values_may_be_long_and_few_where_all_lines_are_such() -> None:
    answer = (
        "会的，积分自获得之日起 24 个月有效，每月最后一天清理过期积分，清理之前会通过短信和小程序各提醒一次，请留意。"
    )
    found = units(Source(1, f'提问,答复\n积分会过期吗,{answer}\n怎么兑换,"登录小程序,点积分商城。"\n'))
    assert [(u.header, u.cells) for u in found] == [
        (("提问", "答复"), ("积分会过期吗", answer)),
        (("提问", "答复"), ("怎么兑换", "登录小程序,点积分商城。")),
    ]
    prose = "Dear all, welcome\nPlease sit down, everybody\nThanks for coming, see you"
    assert not any(unit.kind == "row" for unit in units(Source(1, prose)))


def test_messages_of_a_chat_are_no_table_and_a_question_stands_over_its_replies() -> None:
    chat = (
        "2026-09-14 09:05 王磊: 磁盘谁来扩容？\n2026-09-14 09:06 赵强: 我来\n"
        "2026-09-14 09:10 王磊: 好的\n2026-09-14 09:11 李娜: 周会改到三点"
    )
    found = units(Source(1, chat))
    assert [u.kind for u in found] == ["heading", "sentence", "sentence", "sentence"]
    assert [u.heading for u in found[1:]] == ["磁盘谁来扩容？", "", ""]
    assert [u.writer and u.writer.name for u in found] == ["王磊", "赵强", "王磊", "李娜"]


@pytest.mark.parametrize(
    ("chat", "writers"),
    [
        ("Wang Lei [14/09/2026, 09:02]\nThe system is up.\n\nLi Na 09:03\nThank you.", ["Wang Lei", "Li Na"]),
        ("2026-10-12 09:01:15 王磊\n预算批了\n\n2026-10-12 09:03:40 李娜\n收到", ["王磊", "李娜"]),
        ("**Wang Lei**  10:02 AM\nThe system is up.\n\n**Li Na**  1:05 PM\nThank you.", ["Wang Lei", "Li Na"]),
        ("[02/11/2026, 08:03:44] Ann B.: Come at 10.\n[02/11/2026, 08:05:10] Ben: Fine.", ["Ann B.", "Ben"]),
        ("[00:00:03] Ann: Good morning.\n\n[00:00:07] Ben: Hello.", ["Ann", "Ben"]),
    ],
)
def test_who_wrote_a_message_is_known_and_no_part_of_it(chat: str, writers: list[str]) -> None:
    found = units(Source(1, chat))
    assert [u.writer and u.writer.name for u in found] == writers
    assert not any(name in u.text for u in found for name in writers)


@pytest.mark.parametrize(
    "text",
    [
        "Registration 09:00\nKeynote 10:00\nLunch 12:30",
        "Lunch 12:30\nThe canteen is on the ground floor.",
        "2026-10-12 09:00 Kickoff in Graz\nBring a pen.",
    ],
)
def test_appointments_are_no_messages(text: str) -> None:
    assert not any(unit.writer for unit in units(Source(1, text)))


def test_a_heading_ends_a_conversation() -> None:
    found = units(Source(1, "09:02 Ann: Fine.\n09:03 Ben: Good.\n\n# Result\n\nIt was decided."))
    assert (found[-1].heading, found[-1].writer) == ("Result", None)


def test_the_subject_of_a_mail_stands_over_it() -> None:
    mail = "From: Ann\nTo: Ben\nDate: 7 October 2026\nSubject: RE: Booth and budget\n\nThe booth is in Hall 8."
    found = units(Source(1, mail))
    assert [u.text for u in found if u.kind == "heading"] == ["Booth and budget"]
    assert (found[-1].text, found[-1].heading) == ("The booth is in Hall 8.", "Booth and budget")
    assert not any(u.text.startswith("Date") for u in found)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Date: 5 May 2026\nPlace: Graz", ["Date: 5 May 2026", "Place: Graz"]),
        ("时间：2026年9月22日\n地点：三号会议室", ["时间：2026年9月22日", "地点：三号会议室"]),
        ("From: Graz\nThe train leaves at nine.", ["From: Graz", "The train leaves at nine."]),
    ],
)
def test_lines_like_those_of_a_mails_header_are_kept_elsewhere(text: str, kept: list[str]) -> None:
    found = units(Source(1, text))
    assert [(u.text, u.writer) for u in found] == [(one, None) for one in kept]
