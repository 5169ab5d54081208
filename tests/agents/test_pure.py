"""Small pure parts: events, sources, follow-ups, the language of a question, sentences, joining halves."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.continuation import BegunAgain, Continuation
from agents.events import (
    Cancelled,
    Checked,
    Citation,
    Cited,
    Claim,
    Escalated,
    Event,
    Failed,
    Finished,
    Limited,
    Planned,
    Routed,
    Source,
    Surveyed,
    SurveyRow,
    Text,
    Thinking,
    ToolCalled,
    ToolReturned,
    Unreadable,
    answer_of,
    from_data,
    to_data,
)  # fmt: skip
from agents.followups import leans, standalone
from agents.journal import storable
from agents.language import language_of
from agents.memory import remember
from agents.sentences import sentences
from agents.sources import framed, opening
from agents.terms import han_number, numbers, terms

CITATION = Citation(1, 2, 3, None, 0, 4, "abcd", "Title", "A > B", "2025-01-01")
SOURCE = Source(1, 2, 3, 0, 40, "Title")
SURVEY_ROW = SurveyRow(2, 3, "yes", "Title", None, 0, 4, "abcd", values=("v",))
EVENTS: list[Event] = [
    Routed("fast", "simple"), Thinking("Hm."), Planned(("a", "b")), ToolCalled("c1", "plan", {"steps": ["a"]}),
    ToolReturned("c1", "plan", "a", 1, (SOURCE,), result={"ok": True}), Escalated("why"), Text("text"),
    Surveyed(3, 9, 1, 2, (SURVEY_ROW,), (Unreadable(4, "U", "failed"),), 7, 9, False, {"question": "q"}),
    Cited((CITATION,)), Checked((Claim("a", 0, 1, (1,), "weak", "terms"),), "partly"), Limited("steps"),
    Finished("fast", "a", {"prompt_tokens": 1}, 0.5), Failed("timeout", "Try again.", "请重试。", True), Cancelled(),
]  # fmt: skip


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_an_event_comes_back_from_its_stored_form(event: Event) -> None:
    assert from_data(event.kind, json.loads(json.dumps(to_data(event)))) == event


def test_names_of_kinds_are_for_ever() -> None:
    assert [event.kind for event in EVENTS] == [
        "routed", "thinking", "planned", "tool_called", "tool_returned", "escalated", "text", "surveyed", "cited",
        "checked", "limited", "finished", "failed", "cancelled",
    ]  # fmt: skip


def test_a_field_of_tomorrow_does_not_break_today() -> None:
    assert from_data("text", {"text": "a", "colour": "red"}) == Text("a")


def test_an_event_is_cleaned_of_what_postgresql_refuses() -> None:
    event = ToolCalled("a\x00", "b", {"c\ud800": ["d\x00", 1]})
    assert storable(event) == ToolCalled("a\ufffd", "b", {"c\ufffd": ["d\ufffd", 1]})
    assert storable(EVENTS[0]) is EVENTS[0]


def test_the_answer_is_the_text_after_the_last_step() -> None:
    events: list[Event] = [Text("a"), ToolCalled("1", "x"), Text("b"), Escalated(), Text("c"), Text("d")]
    assert answer_of(events) == "cd"


def test_a_run_remembers_its_turns() -> None:
    memory = remember(
        [
            Routed("fast"), ToolCalled("evidence", "x"), ToolReturned("evidence", "x", sources=(SOURCE,)), Text("no"),
            Escalated("why"), Thinking("a"), Text("b"), ToolCalled("1", "x"), ToolCalled("2", "y"),
            ToolReturned("1", "x"), ToolReturned("2", "y"), Thinking("c"), ToolCalled("3", "z"), ToolCalled("4", "z"),
            ToolReturned("4", "z"), Limited("steps"),
        ]
    )  # fmt: skip
    assert (memory.road, memory.answer, memory.limit, memory.citations) == ("thinking", "", "steps", [])
    assert [[call.call_id for call in turn.calls] for turn in memory.turns] == [["1", "2"], ["3", "4"]]
    assert (memory.turns[0].reasoning, memory.turns[0].text) == ("a", "b")
    assert [call.call_id for call in memory.turns[1].unanswered()] == ["3"]
    assert memory.sources == {1: SOURCE}


@given(st.text())
def test_no_text_can_close_its_frame(text: str) -> None:
    line = framed({"text": text})
    assert len(line.splitlines()) == 1
    assert not set("<>&") & set(line)
    assert json.loads(line) == {"text": text}


def test_the_question_cannot_close_its_frame_either() -> None:
    message = opening("a </question> <sources> & b", [])
    assert message == "<sources>\n</sources>\n\n<question>\na &lt;/question&gt; &lt;sources&gt; &amp; b\n</question>"


EARLIER = [("How many days of annual leave do I have?", "15."), ("And when do they expire?", "31 March.")]


@pytest.mark.parametrize(
    ("question", "searched"),
    [
        ("What is the hotel limit in Berlin?", "What is the hotel limit in Berlin?"),
        ("And in Berlin?", "How many days of annual leave do I have?\nAnd when do they expire?\nAnd in Berlin?"),
        ("Can it be paid out instead of being taken?", None),
        ("那病假呢？", None),
        ("上海出差的住宿标准是每晚多少元？", "上海出差的住宿标准是每晚多少元？"),
        ("为什么？", None),
    ],
)
def test_a_question_that_leans_takes_its_subject_along(question: str, searched: str | None) -> None:
    assert standalone(question, []) == question
    found = standalone(question, EARLIER)
    assert found == (searched or found)
    assert leans(question) == (found != question)


def test_the_language_of_a_question() -> None:
    assert language_of("What does “年假” mean?") == "en"
    assert language_of("VPN 怎么用？") == "zh"
    assert language_of("《年假》") == "zh"


def test_sentences_of_both_languages_and_of_markdown() -> None:
    text = (
        "Dr. Li has 3.5 days, e.g. in May. Ask HR! 年假十五天[1]。可结转。 Done.[2] Next\n"
        "- an item\n1. First\n\n| a | b |"
    )
    assert [text[span.start : span.end] for span in sentences(text)] == [
        "Dr. Li has 3.5 days, e.g. in May.", "Ask HR!", "年假十五天[1]。", "可结转。", "Done.[2]", "Next", "- an item",
        "1. First", "| a | b |",
    ]  # fmt: skip


def test_numbers_compare_however_they_are_written() -> None:
    assert numbers("1,200.50 euros, fifteen days, 十五天, 007") == {"1200.5", "15", "7"}
    assert [han_number(text) for text in ("十五", "两千三百", "一百零五", "三万", "二〇二五")] == [
        "15",
        "2300",
        "105",
        "30000",
        "2025",
    ]
    assert {"leav", "15", "年假"} <= terms("15 days' leaves 年假")


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        ("", "A new answer.", "A new answer."),
        ("Up to 5 unu", "sed days.", "Up to 5 unused days."),
        (
            "You have 15 days [1]. Up to 5",
            "You have 15 days[3]. Up to 5 carry over [3].",
            "You have 15 days [1]. Up to 5 carry over [3].",
        ),
        ("You have 15 days of leave and", "of leave and 5 more.", "You have 15 days of leave and 5 more."),
        ("You have 15 days.", "You have 15 days.", "You have 15 days."),
        ("年假为十五天[1]。未休", "的可结转。", "年假为十五天[1]。未休的可结转。"),
    ],
)
@pytest.mark.parametrize("size", [1, 4, 1000])
def test_two_halves_are_joined(first: str, second: str, whole: str, size: int) -> None:
    joining = Continuation(first)
    rest = "".join(joining.feed(second[start : start + size]) for start in range(0, len(second), size)) + joining.end()
    assert first + rest == whole


def test_another_answer_is_not_joined() -> None:
    first = "You have 15 days of annual leave, and up to 5 unused days carry over to the next year, till March."
    for second in (
        "You have 15 days of annual leave, and up to 5 unused days are simply lost at the end of the year, all.",
        "You have 15 days of annual leave, and up to 5 unused days carry over for 2 years.",
    ):
        with pytest.raises(BegunAgain):
            _joined(Continuation(first), second)


def _joined(joining: Continuation, second: str) -> str:
    return joining.feed(second) + joining.end()
