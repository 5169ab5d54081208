"""Events become what the chat shows."""

from uuid import uuid4

from agents.events import (
    Cancelled,
    Citation,
    Cited,
    Escalated,
    Failed,
    Finished,
    Limited,
    Planned,
    Routed,
    Source,
    Text,
    Thinking,
    ToolCalled,
    ToolReturned,
)
from agents.turns import Turn, fold


def turn() -> Turn:
    return Turn(uuid4(), "How much?")


def test_text_before_a_tool_call_was_a_remark() -> None:
    shown = fold(turn(), [Text("Let me look. "), ToolCalled("a", "search_knowledge"), Text("It is 5.")])
    assert shown.answer == "It is 5."


def test_handing_over_starts_the_answer_anew() -> None:
    citation = Citation(1, 1, 1, None, 0, 1, "x")
    shown = fold(turn(), [Routed("fast"), Text("Maybe"), Cited((citation,)), Escalated("too little"), Text("Yes")])
    assert (shown.answer, shown.citations, shown.road) == ("Yes", [], "thinking")


def test_steps_have_a_live_state() -> None:
    shown = fold(turn(), [ToolCalled("a", "search_knowledge"), ToolCalled("b", "run_python")])
    fold(shown, [ToolReturned("a", "search_knowledge", found=8), ToolReturned("b", "run_python", error="no")])
    assert [(step.state, step.found) for step in shown.steps] == [("done", 8), ("failed", 0)]


def test_ends() -> None:
    assert fold(turn(), [Finished("fast", "x", seconds=2)]).state == "finished"
    assert fold(turn(), [Failed("quota", "en", "zh")]).state == "failed"
    assert fold(turn(), [Text("half"), Cancelled()]).answer == "half"
    assert fold(turn(), [Limited("steps")]).limit == "steps"


def test_nearest_passages_are_of_different_documents_first() -> None:
    sources = tuple(Source(n, document, document, n, n + 1) for n, document in enumerate([1, 1, 2, 3, 4]))
    shown = fold(turn(), [ToolCalled("a", "search_knowledge"), ToolReturned("a", "search_knowledge", sources=sources)])
    assert [source.document for source in shown.nearest_sources] == [1, 2, 3]


def test_phases() -> None:
    shown = turn()
    assert shown.phase == "searching"
    fold(shown, [ToolCalled("a", "read_document")])
    assert shown.phase == "working"
    fold(shown, [ToolReturned("a", "read_document"), Routed("thinking"), Thinking("hm")])
    assert shown.phase == "thinking"
    assert fold(shown, [Text("So"), Planned(("one",))]).phase == "writing"
