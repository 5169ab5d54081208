import json
from typing import Any

from llm.local.conversation import read_conversation, read_source, read_sources
from llm.local.transcript import read_transcript
from tests.llm.local.handbook import PASSAGES, source, user_message


def test_sources_and_question_are_read_from_the_frame() -> None:
    messages = [
        {"role": "system", "content": "Rules. Today is 2026-11-23."},
        user_message("1 &lt; 2?", [source(3, PASSAGES[1])]),
    ]
    read = read_conversation(messages)
    assert (read.question, read.today, read.framed) == ("1 < 2?", "2026-11-23", True)
    assert [(s.number, s.document, s.page, s.section) for s in read.sources] == [(3, 1, 2, "Meals")]


def test_what_the_sources_hold_is_told_after_the_question_alone() -> None:
    told = "No source holds more than 40 % of the words of the question, rare words counting most."
    said = source(3, {**PASSAGES[1], "text": told})
    assert read_conversation([user_message("Who?", [said], told)]).held == 0.4
    assert read_conversation([user_message(f"Who?\n{told}", [said])]).held == 1.0


def test_lines_that_are_no_sources_are_passed_over() -> None:
    assert list(read_sources('not json\n{"text": "no number"}\n[1]\n')) == []
    assert read_source({"source": 1, "text": 5}) is None


def test_earlier_turns_are_pairs_of_question_and_answer() -> None:
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": "How many days?"},
        {"role": "assistant", "content": [{"type": "text", "text": "Five."}]},
        {"role": "user", "content": "And then?"},
    ]
    assert read_conversation(messages).earlier == (("How many days?", "Five."),)
    assert read_conversation([]).question == ""


def test_a_word_of_the_caller_after_the_question_is_not_the_question() -> None:
    messages = [
        user_message("Who leads?", []),
        {"role": "assistant", "content": ""},
        {"role": "user", "content": "Answer now."},
    ]
    assert read_conversation(messages).question == "Who leads?"


def _tool_turn(name: str, arguments: str, result: str) -> list[dict[str, object]]:
    call = {"id": "call_1", "function": {"name": name, "arguments": arguments}}
    return [
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": result},
    ]


def test_a_transcript_gathers_what_the_tools_gave() -> None:
    passages = {"passages": [source(9, PASSAGES[0])]}
    messages = [
        user_message("q", [source(1, PASSAGES[1])]),
        *_tool_turn("search_knowledge", '{"query": "hotel"}', json.dumps(passages)),
        *_tool_turn("list_documents", "{}", '{"total": 2, "documents": [{"document": 1, "title": "A"}, "x"]}'),
        *_tool_turn("run_python", "{}", '{"result": null, "output": "42\\n"}'),
    ]
    read = read_transcript(messages)
    assert [s.number for s in read.sources] == [1, 9]
    assert read.results == ("42",)
    assert [call.name for call in read.calls] == ["search_knowledge", "list_documents", "run_python"]
    assert read.count("search_knowledge", "list_documents") == 2


def test_broken_tool_results_do_no_harm() -> None:
    messages = [
        user_message("q", []),
        *_tool_turn("search_knowledge", "{broken", "not json"),
        *_tool_turn("run_python", "[]", '{"error": "It failed."}'),
        *_tool_turn("search_knowledge", "{}", "[1]"),
    ]
    read = read_transcript(messages)
    assert (read.sources, read.results, read.calls[0].arguments) == ((), (), {})
