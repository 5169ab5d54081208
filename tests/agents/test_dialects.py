"""One Thinking run in the dialect of every profile: the same events."""

from pytest_django import Settings

from agents.events import Escalated, Finished, Planned, Thinking
from kb.models import Document
from llm.profiles import PROFILES
from tests.agents.conftest import Asker
from tests.agents.story import citations, story
from tests.llm.scripted import Script, ScriptedServer, reasoning, text, tool_calls

QUESTION = "How many days of annual leave do I have?"
ANSWER = "You have 15 days of annual leave a year [1]. Up to 5 unused days carry over to the next year [1]."
SPOKEN = [
    ("modelstudio", "reasoning_content", "modelstudio"),
    ("openai", "reasoning_content", "openai"),
    ("vllm", "reasoning", "vllm"),
    ("vllm", "think", "repeated"),
    ("sglang", "unopened", "openai"),
    ("ollama", "reasoning", "whole"),
    ("lmstudio", "think", "no_id"),
    ("xinference", "think", "unindexed"),
    ("compatible", "reasoning_content", "same_index"),
    ("compatible", "think", "object"),
    ("local", "reasoning_content", "same_id"),
]  # fmt: skip


def script(field: str, dialect: str) -> list[Script]:
    """The fast road hands over; two calls at once, one more, and the answer."""
    calls = (
        ("plan", {"steps": ["Search", "Add", "Answer"]}),
        ("search_knowledge", {"query": "annual leave carry over"}),
    )
    return [
        tool_calls(("escalate", {"reason": "Two facts are needed."}), dialect=dialect),
        reasoning("First a plan, then a search.", field=field, pieces=7) + tool_calls(*calls, dialect=dialect),
        reasoning("Now the sum.", field=field) + tool_calls(("run_python", {"code": "15 + 5"}), dialect=dialect),
        reasoning("That is all.", field=field, pieces=2) + text(ANSWER, pieces=11),
    ]


def test_every_profile_is_spoken() -> None:
    assert {profile for profile, _, _ in SPOKEN} == set(PROFILES)


def test_a_thinking_run_has_the_same_events_in_every_dialect(
    ask: Asker, scripted: ScriptedServer, library: dict[str, Document], settings: Settings
) -> None:
    stories = []
    for profile, field, dialect in SPOKEN:
        spoken = f"{profile}, {field}, {dialect}"
        settings.MODEL_SERVERS = scripted.servers(profile, embedding_profile=PROFILES["modelstudio"])
        scripted.enqueue(*script(field, dialect))

        events = ask(QUESTION)

        assert isinstance(events[-1], Finished), (spoken, events[-1])
        assert events[-1].usage == {
            "prompt_tokens": 44, "completion_tokens": 28, "reasoning_tokens": 0, "cached_tokens": 0,
        }, spoken  # fmt: skip
        assert Escalated("Two facts are needed.") in events, spoken
        assert Planned(("Search", "Add", "Answer")) in events, spoken
        thoughts = {event.field for event in events if isinstance(event, Thinking)}
        assert thoughts == {"think" if field == "unopened" else field}, spoken
        echoed = [message.get(field) for message in scripted.chats()[-1]["messages"] if message.get("tool_calls")]
        if field in ("reasoning", "reasoning_content"):
            sent_back = PROFILES[profile].echoes_reasoning
            assert echoed == (["First a plan, then a search.", "Now the sum."] if sent_back else [None, None]), spoken
        stories.append((story(events), citations(events)))
        assert stories[-1] == stories[0], spoken
