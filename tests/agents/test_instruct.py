"""The fast road, from a question to stored events."""

from agents.events import Checked, Cited, Finished, Routed, Text, ToolReturned, answer_of
from tests.agents.conftest import LEAVE, Asker
from tests.llm.scripted import ScriptedServer, text


def test_an_answer_is_cited_with_a_literal_quote(ask: Asker, scripted: ScriptedServer) -> None:
    scripted.enqueue(text("You have 15 days of annual leave [1]. Ask your manager.", pieces=9))

    events = ask("How many days of annual leave do I have?", mode="fast")

    assert events[0] == Routed("fast", "asked")
    (returned,) = (event for event in events if isinstance(event, ToolReturned))
    assert returned.sources[0].title == "Leave policy"
    (cited,) = (event for event in events if isinstance(event, Cited))
    assert cited.citations[0].quote == "Staff are entitled to 15 days of annual leave a year."
    assert LEAVE[cited.citations[0].start : cited.citations[0].end] == cited.citations[0].quote
    assert isinstance(events[-2], Checked)
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.answer == answer_of(events) == "You have 15 days of annual leave [1]. Ask your manager."
    assert last.usage["completion_tokens"] == 7
    assert sum(isinstance(event, Text) for event in events) < 9
