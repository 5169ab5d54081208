"""A question finds documents in another language by a translation, and waits for none where that is not called for."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.core.cache import cache
from pytest_django import Settings

from accounts.models import Person
from agents.abroad import read
from agents.events import Event, Finished, Routed, Source, ToolCalled, ToolReturned
from agents.memory import ABROAD, remember
from kb.access import acting_as_system
from kb.models import Collection, Document, DocumentVersion
from llm.profiles import PROFILES
from tests.agents.conftest import AddDocument, Asker
from tests.llm.scripted import Answer, Request, Script, ScriptedServer, completion, error, reasoning, text, wait

QUESTION = "What may a hotel in Shanghai cost per night?"
TRANSLATED = "上海 住宿标准 每晚"
ZH = "上海出差的住宿标准为每晚600元。"
ANSWER = "A hotel in Shanghai may cost 600 yuan per night [1]."


@pytest.fixture(autouse=True)
def _nothing_cached() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def shelves(add_document: AddDocument, handbook: Collection, people_files: Collection) -> dict[str, Document]:
    """English documents that say nothing of it, and a Chinese one that does."""
    found = {
        "leave": add_document(handbook, "Leave policy", "Staff are entitled to 15 days of annual leave a year."),
        "safety": add_document(handbook, "Safety rules", "Wear goggles in the laboratory."),
        "travel": add_document(handbook, "差旅制度", ZH),
    }
    in_language({"leave": "en", "safety": "en", "travel": "zh"}, found)
    return found


def in_language(languages: dict[str, str], documents: dict[str, Document]) -> None:
    with acting_as_system():
        for name, language in languages.items():
            DocumentVersion.objects.filter(document=documents[name]).update(language=language)


def is_translation(body: dict[str, Any]) -> bool:
    return "You translate a search query" in str(body["messages"][0]["content"])


def answering(translation: Answer, answer: Script) -> Callable[[Request], Script]:
    def script(request: Request) -> Script:
        if not is_translation(request.body):
            return answer
        return translation(request) if callable(translation) else translation

    return script


def translated(query: str = TRANSLATED) -> Script:
    return completion(json.dumps({"queries": {"zh": query}}, ensure_ascii=False))


def asked(scripted: ScriptedServer) -> int:
    return sum(is_translation(body) for body in scripted.chats())


def abroad(events: list[Event]) -> list[Event]:
    return [event for event in events if getattr(event, "call_id", "") == ABROAD]


@pytest.fixture
def deaf(settings: Settings, scripted: ScriptedServer) -> None:
    """Embeddings that find nothing in another language, as the offline ones do."""
    settings.MODEL_SERVERS = replace(scripted.servers(), embedding_profile=PROFILES["local"])


@pytest.mark.usefixtures("deaf")
def test_a_weak_search_is_made_again_in_the_other_language(
    bob: Person, scripted: ScriptedServer, shelves: dict[str, Document]
) -> None:
    scripted.otherwise = answering(translated(), text(ANSWER))
    events = Asker(bob)(QUESTION, mode="fast")
    called, returned = abroad(events)
    assert isinstance(called, ToolCalled)
    assert isinstance(returned, ToolReturned)
    assert (called.name, called.arguments["query"]) == ("search_knowledge", TRANSLATED)
    assert [source.document for source in returned.sources] == [shelves["travel"].pk]
    [prompt] = [body for body in scripted.chats() if not is_translation(body)]
    assert ZH in prompt["messages"][-1]["content"]
    assert isinstance(events[-1], Finished)
    assert events[-1].usage["prompt_tokens"] >= 11


@pytest.mark.usefixtures("deaf", "shelves")
def test_the_same_question_is_translated_once(bob: Person, scripted: ScriptedServer) -> None:
    scripted.otherwise = answering(translated(), text(ANSWER))
    ask = Asker(bob)
    assert abroad(ask(QUESTION, mode="fast"))
    assert abroad(ask(QUESTION, mode="fast"))
    assert asked(scripted) == 1


@pytest.mark.usefixtures("deaf", "shelves")
def test_good_evidence_waits_for_no_translation(bob: Person, scripted: ScriptedServer) -> None:
    scripted.otherwise = answering(translated(), text("Staff are entitled to 15 days of annual leave a year [1]."))
    assert not abroad(Asker(bob)("To how many days of annual leave are staff entitled a year?", mode="fast"))
    assert asked(scripted) == 0


@pytest.mark.usefixtures("deaf", "shelves")
def test_thinking_looks_abroad_whatever_was_found(bob: Person, scripted: ScriptedServer) -> None:
    thought = reasoning("Enough.") + text("Staff are entitled to 15 days of annual leave a year [1].")
    scripted.otherwise = answering(translated(), thought)
    events = Asker(bob)("To how many days of annual leave are staff entitled a year?", mode="thinking")
    assert len(abroad(events)) == 2
    assert asked(scripted) == 1


@pytest.mark.usefixtures("deaf")
@pytest.mark.parametrize("language", ["en", ""])
def test_nothing_is_translated_where_no_document_is_in_another_language(
    bob: Person, scripted: ScriptedServer, shelves: dict[str, Document], language: str
) -> None:
    in_language({"travel": language}, shelves)
    scripted.otherwise = answering(translated(), text(ANSWER))
    assert not abroad(Asker(bob)(QUESTION, mode="fast"))
    assert asked(scripted) == 0


@pytest.mark.usefixtures("deaf")
def test_documents_that_the_asker_may_not_read_are_no_reason(
    bob: Person, scripted: ScriptedServer, add_document: AddDocument, handbook: Collection, people_files: Collection
) -> None:
    own = add_document(handbook, "Leave policy", "Staff are entitled to 15 days of annual leave a year.")
    hidden = add_document(people_files, "薪资", "研发总监的薪资为每年190000元。")
    in_language({"own": "en", "hidden": "zh"}, {"own": own, "hidden": hidden})
    scripted.otherwise = answering(translated(), text(ANSWER))
    assert not abroad(Asker(bob)(QUESTION, mode="fast"))
    assert asked(scripted) == 0


@pytest.mark.usefixtures("shelves")
def test_embeddings_that_lead_there_need_no_translation(bob: Person, scripted: ScriptedServer) -> None:
    scripted.otherwise = answering(translated(), text(ANSWER))
    events = Asker(bob)(QUESTION, mode="fast")
    first = next(event for event in events if isinstance(event, ToolReturned))
    assert "差旅制度" in [source.title for source in first.sources]
    assert asked(scripted) == 0


@pytest.mark.usefixtures("deaf", "shelves")
@pytest.mark.parametrize(
    "translation",
    [
        error(400, "invalid", "No."),
        completion("Sure! I will translate that."),
        translated("still in English"),
        completion('{"queries": ["x"]}'),
        wait(3) + text("{}"),
    ],
)
def test_what_fails_is_slow_or_makes_no_sense_changes_nothing(
    bob: Person, scripted: ScriptedServer, settings: Settings, translation: Script
) -> None:
    settings.TRANSLATED_SEARCH_SECONDS = 1
    scripted.otherwise = answering(translation, text(ANSWER))
    events = Asker(bob)(QUESTION, mode="fast")
    assert asked(scripted) == 1
    assert not abroad(events)
    assert isinstance(events[-1], Finished)


@pytest.mark.usefixtures("deaf", "shelves")
def test_it_can_be_switched_off(bob: Person, scripted: ScriptedServer, settings: Settings) -> None:
    settings.TRANSLATED_SEARCH = False
    scripted.otherwise = answering(translated(), text(ANSWER))
    Asker(bob)(QUESTION, mode="fast")
    assert asked(scripted) == 0


def test_queries_are_read_as_far_as_they_are_in_their_language() -> None:
    reply = 'Here: {"queries": {"zh": "年假  天数", "ja": "年次休暇の日数", "ko": 5}}'
    assert read(reply, ("zh", "ja", "ko")) == {"zh": "年假 天数", "ja": "年次休暇の日数"}
    assert read('{"queries": {"zh": "annual leave"}}', ("zh",)) == {}


def test_a_run_that_broke_off_takes_the_search_up_where_it_stood() -> None:
    called = ToolCalled(ABROAD, "search_knowledge", {"query": TRANSLATED, "queries": {"zh": TRANSLATED}})
    memory = remember([Routed("thinking"), called])
    assert (memory.looking_abroad, memory.abroad, memory.turns) == (called, None, [])
    returned = ToolReturned(ABROAD, "search_knowledge", sources=(Source(3, 1, 1, 0, 5),))
    memory = remember([Routed("thinking"), called, returned])
    assert (memory.abroad, memory.turns, list(memory.sources)) == (returned, [], [3])
