"""The tools: what models are told about them, what they give, and the sandbox."""

import asyncio
import json
from datetime import date

import pytest

from accounts.models import Person
from agents.deps import Deps
from agents.events import Source
from agents.sources import Shown
from agents.tools import Result, ToolError, for_model, parse_arguments
from agents.tools.table import TOOLS
from kb.access import acting_as_system
from kb.errors import DocumentError
from kb.matching import folded
from kb.models import Collection, Document, DocumentVersion, State
from tests.agents.conftest import AddDocument
from tests.llm.scripted import ScriptedServer


def deps_for(person: Person, scripted: ScriptedServer | None = None, **changes: object) -> Deps:
    from django.conf import settings

    values: dict[str, object] = {
        "person": person, "question": "?", "mode": "auto", "today": date(2026, 1, 1), "as_of": None,
        "collections": None, "earlier": [], "servers": scripted.servers() if scripted else settings.MODEL_SERVERS,
    }  # fmt: skip
    return Deps(**(values | changes))  # type: ignore[arg-type]


def call(deps: Deps, name: str, **arguments: object) -> Result:
    return asyncio.run(TOOLS[name].call(deps, arguments))


def test_the_schema_is_the_signature() -> None:
    schema = TOOLS["search_knowledge"].spec.parameters
    assert schema["type"] == "object"
    assert schema["required"] == ["query"]
    assert set(schema["properties"]) == {
        "query", "collections", "limit", "as_of", "tags", "types", "languages", "dated_from", "dated_to",
    }  # fmt: skip
    assert schema["properties"]["collections"] == {
        "description": "Names of collections; all if empty.", "type": "array", "items": {"type": "string"},
    }  # fmt: skip
    assert schema["properties"]["limit"]["maximum"] == 20
    for name, tool in TOOLS.items():
        text = json.dumps(tool.spec.to_openai())
        assert "deps" not in text
        assert "anyOf" not in text
        assert tool.spec.description, name


def test_arguments_are_checked_and_made_to_fit(bob: Person) -> None:
    deps = deps_for(bob)
    assert call(deps, "run_python", code="1", more="is ignored").data["result"] == 1
    with pytest.raises(ToolError, match="code: Field required"):
        call(deps, "run_python")
    with pytest.raises(ToolError, match="steps"):
        call(deps, "plan", steps="not a list")


@pytest.mark.parametrize("text", ['{"a": ', "[1]", "null", "[" * 100_000])
def test_arguments_that_are_no_object_are_said_to_be_none(text: str) -> None:
    with pytest.raises(ToolError, match="Write them again"):
        parse_arguments(text)
    assert parse_arguments("") == {}
    assert parse_arguments('{"a": ["b\\u0000", "\\ud800"]}') == {"a": ["b\ufffd", "\ufffd"]}


@pytest.mark.parametrize(
    ("code", "result", "output"),
    [
        ("15 * 180", 2700, ""),
        ("print('a'); print(1 / 4)", None, "a\n0.25\n"),
        ("import datetime\ndatetime.date(2024, 1, 31) + datetime.timedelta(days=1)", "2024-02-01", ""),
        ("from decimal import Decimal\nDecimal('0.1') * 3", "0.3", ""),
        ("{'a': [1, (2, None)], 3: {4}}", {"a": [1, [2, None]], "3": "{4}"}, ""),
        ("2 ** 100", str(2**100), ""),
        ("float('inf')", "inf", ""),
        ("'x' * 10_000", "x" * 6_000 + "… (10000 characters)", ""),
    ],
)
def test_python_is_calculated(bob: Person, code: str, result: object, output: str) -> None:
    assert call(deps_for(bob), "run_python", code=code).data == {"result": result, "output": output}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("def f(:", "SyntaxError"),
        ("open('/etc/passwd').read()", "PermissionError"),
        ("import os\nos.listdir('/')", "PermissionError"),
        ("import os\nos.environ['PATH']", "not supported"),
        ("import socket", "ModuleNotFoundError"),
        ("import subprocess", "ModuleNotFoundError"),
        ("'x' * 10 ** 10", "MemoryError"),
        ("def f(n): return f(n + 1)\nf(0)", "RecursionError"),
        ("for _ in range(10 ** 6): print('x' * 1000)", "MemoryError"),
    ],
)
def test_python_has_no_files_no_network_and_little_memory(bob: Person, code: str, said: str) -> None:
    with pytest.raises(ToolError, match=said):
        call(deps_for(bob), "run_python", code=code)


def test_python_has_little_time(bob: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    from agents.tools import run_python

    monkeypatch.setitem(run_python.LIMITS, "max_feed_duration_secs", 0.2)
    with pytest.raises(ToolError, match="TimeoutError"):
        call(deps_for(bob), "run_python", code="while True: pass")
    assert call(deps_for(bob), "run_python", code="1 + 1").data["result"] == 2


def test_a_document_is_read_on_and_by_section_and_page(
    add_document: AddDocument, handbook: Collection, bob: Person, scripted: ScriptedServer
) -> None:
    document = add_document(handbook, "Guide", *(f"Paragraph number {number}." for number in range(13)))
    with acting_as_system():
        version = document.current_version
        assert version
        page = version.pages.first()
        assert page
        page.headings = [[0, 1, "Beginning"], [version.passages.get(ordinal=4).start, 2, "Middle part"]]
        page.save()
        version.passages.update(page_from=1, page_to=1)
        version.passages.filter(ordinal__gte=6).update(page_from=2, page_to=2)
    deps = deps_for(bob, scripted)

    first = call(deps, "read_document", document=document.pk)
    assert first.data["document"]["sections"] == ["Beginning", "Middle part"]
    assert [one.text for one in first.shown][-1] == "Paragraph number 9."
    rest = call(deps, "read_document", document=document.pk, start=first.data["next_start"])
    assert [one.text for one in rest.shown] == [f"Paragraph number {number}." for number in (10, 11, 12)]
    assert "next_start" not in rest.data
    middle = call(deps, "read_document", document=document.pk, section="Guide > middle")
    assert middle.shown[0].text == "Paragraph number 4."
    assert middle.shown[0].source.source == 5, "a passage keeps its number"
    assert call(deps, "read_document", document=document.pk, page=2).shown[0].text == "Paragraph number 6."
    with pytest.raises(ToolError, match="sections are: Beginning; Middle part"):
        call(deps, "read_document", document=document.pk, section="End")
    with pytest.raises(ToolError, match="has nothing there"):
        call(deps, "read_document", document=document.pk, start=10_000)


def test_the_version_of_the_day_is_read(
    add_document: AddDocument, handbook: Collection, bob: Person, scripted: ScriptedServer
) -> None:
    document = add_document(handbook, "Policy", "New rule.", effective_from=date(2025, 1, 1))
    with acting_as_system():
        new = document.current_version
        assert new
        old = DocumentVersion.objects.create(
            document=document, scope=document.scope, number=0, filename="a", sha256="a", size=1, state=State.READY,
            effective_to=date(2024, 12, 31),
        )  # fmt: skip
        passage = new.passages.get()
        passage.pk, passage.version, passage.text = None, old, "Old rule."
        passage.save()

    read = call(deps_for(bob, scripted, as_of=date(2024, 6, 1)), "read_document", document=document.pk)
    assert [one.text for one in read.shown] == ["Old rule."]
    assert read.data["document"]["date"] == old.created_at.date().isoformat()
    read = call(deps_for(bob, scripted), "read_document", document=document.pk, as_of="2024-06-01")
    assert [one.text for one in read.shown] == ["Old rule."]
    found = call(deps_for(bob, scripted), "search_knowledge", query="new rule")
    assert [(one["valid_from"], one["valid_to"]) for one in found.data["other_versions"]] == [(None, "2024-12-31")]
    read = call(deps_for(bob, scripted), "read_document", document=document.pk)
    assert [(one.text, one.source.date) for one in read.shown] == [("New rule.", "2025-01-01")]


def _too_slow(*args: object, **options: object) -> None:
    raise DocumentError("find_too_slow")


def test_exact_words_are_found(
    library: dict[str, Document], bob: Person, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    deps = deps_for(bob, scripted)
    found = call(deps, "find_in_documents", text="BUSINESS class")
    assert (found.found, found.shown[0].source.title) == (1, "Travel policy")
    assert call(deps, "find_in_documents", text="住宿标准").found == 1
    assert call(deps, "find_in_documents", text="business class", document=library["leave"].pk).data == {
        "matches": 0, "passages": [],
    }  # fmt: skip
    scoped = deps_for(bob, scripted, collections=[library["leave"].collection_id])
    monkeypatch.setattr("agents.tools.find_in_documents.find_exact", _too_slow)
    with pytest.raises(ToolError, match="rarer words"):
        call(deps, "find_in_documents", text="business")
    monkeypatch.undo()
    assert call(scoped, "find_in_documents", text="business class").found == 1


def test_another_day_has_its_own_texts_and_list(
    add_document: AddDocument, handbook: Collection, bob: Person, scripted: ScriptedServer
) -> None:
    document = add_document(handbook, "Rule", "New rule.", effective_from=date(2025, 1, 1))
    with acting_as_system():
        new = document.current_version
        assert new
        old = DocumentVersion.objects.create(
            document=document, scope=document.scope, number=0, filename="a", sha256="a", size=1, state=State.READY,
            effective_from=date(2023, 1, 1), effective_to=date(2024, 12, 31),
        )  # fmt: skip
        for row in (new.passages.get(), new.pages.get()):
            row.pk, row.version, row.text = None, old, "Old rule."
            if hasattr(row, "folded"):
                row.folded = folded(row.text)
            row.save()

    def days(**arguments: object) -> list[str]:
        listed = call(deps, "list_documents", **arguments)
        return [one["effective_from"] for one in listed.data["documents"]]

    for deps, day in ((deps_for(bob, scripted), {"as_of": "2024-06-01"}), (deps_for(bob, as_of=date(2024, 6, 1)), {})):
        found = call(deps, "find_in_documents", text="old rule", **day)
        assert [one.text for one in found.shown] == ["Old rule."]
        assert call(deps, "find_in_documents", text="new rule", **day).found == 0
        assert call(deps, "find_in_documents", text="old rule", document=document.pk, **day).found == 1
        assert days(**day) == ["2023-01-01"]
    deps = deps_for(bob, scripted)
    assert call(deps, "find_in_documents", text="old rule").found == 0
    assert days() == ["2025-01-01"]
    assert days(as_of="2022-01-01") == []


def test_searches_and_lists_can_be_narrowed(
    library: dict[str, Document], bob: Person, scripted: ScriptedServer
) -> None:
    with acting_as_system():
        Document.objects.filter(pk__in=[library["travel"].pk, library["salaries"].pk]).update(tags=["Travel", "2025"])
        for name, language, kind in (("travel", "en", "application/pdf"), ("travel_zh", "zh", "text/markdown")):
            version = library[name].current_version
            assert version
            version.language, version.media_type = language, kind
            if name == "travel_zh":
                version.effective_from = date(2020, 5, 1)
            version.save()
    deps = deps_for(bob, scripted)
    for filters, titles in (
        ({"tags": ["travel", "other"]}, ["Travel policy"]),
        ({"types": ["pdf"]}, ["Travel policy"]),
        ({"types": ["pdf"], "languages": ["zh"]}, []),
        ({"languages": ["zh"]}, ["差旅制度"]),
        ({"dated_to": "2020-12-31"}, ["差旅制度"]),
        ({"dated_from": "2021-01-01", "tags": ["Travel"]}, ["Travel policy"]),
    ):
        listed = call(deps, "list_documents", **filters)
        assert [one["title"] for one in listed.data["documents"]] == titles, filters
        found = call(deps, "search_knowledge", query="hotel 住宿标准", **filters)
        assert {one.source.title for one in found.shown} == set(titles), filters
    assert "fewer filters" in call(deps, "search_knowledge", query="hotel", tags=["none"]).data["note"]
    for name, needed in (("list_documents", {}), ("search_knowledge", {"query": "hotel"})):
        with pytest.raises(ToolError, match="last day"):
            call(deps, name, dated_from="2025-01-02", dated_to="2025-01-01", **needed)


def test_nothing_found_is_said(library: dict[str, Document], bob: Person, scripted: ScriptedServer) -> None:
    scoped = deps_for(bob, scripted, collections=[0])
    found = call(scoped, "search_knowledge", query="annual leave")
    assert found.data["passages"] == []
    assert "Try other words" in found.data["note"]
    named = call(deps_for(bob, scripted), "search_knowledge", query="annual leave", collections=["handbook"], limit=1)
    assert [one.source.title for one in named.shown] == ["Leave policy"]


def _shown(number: int, text: str) -> Shown:
    return Shown(Source(number, 1, 1, 0, len(text), "Title"), text)


def test_a_result_is_bounded() -> None:
    many = [_shown(number, "x" * 900) for number in range(1, 11)]
    text = for_model({"document": 1}, many, 4_000)
    data = json.loads(text)
    assert len(text) <= 4_100
    assert len(data["passages"]) + data["left_out"] == 10
    assert json.loads(for_model({"a": 1}, many[:1], 10))["passages"], "one passage is always shown"
    assert "Ask for less" in json.loads(for_model({"result": "x" * 500}, [], 100))["error"]
