"""Asking, conversations, and what people do with answers."""

import json
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Person
from agents.conversations import LISTED
from agents.events import (
    Finished,
    Routed,
    Text,
    ToolCalled,
)
from agents.models import Conversation, Feedback, Run, RunState
from kb.access import acting_as_system
from kb.models import Collection, Document, Passage
from tests.pages.conftest import answered

SignIn = Callable[[Person], Client]
MakeRun = Callable[..., Run]
MakeDocument = Callable[..., Document]


def test_strangers_are_sent_to_sign_in(client: Client, db: None) -> None:
    assert client.get("/").headers["Location"] == "/sign-in/?next=/"


def test_the_start_has_the_company_and_questions_about_readable_documents(
    alice: Person, bob: Person, people_files: Collection, make_document: MakeDocument, sign_in: SignIn
) -> None:
    make_document(people_files, "Salaries")
    assert "What does “Salaries” say under “Hotels in cities”?" in sign_in(alice).get("/").content.decode()
    page = sign_in(bob).get("/").content.decode()
    assert "Zhinang 智囊" in page
    assert "Salaries" not in page
    assert "People files" not in page


def test_asking_with_htmx_gives_the_turn_and_its_address(alice: Person, sign_in: SignIn) -> None:
    client = sign_in(alice)
    response = client.post("/ask/", {"question": "What <b>now</b>?", "mode": "fast"}, headers={"HX-Request": "true"})
    run = Run.objects.get()
    html = response.content.decode()
    assert response.headers["HX-Push-Url"] == f"/c/{run.conversation_id}/"
    assert f'data-stream="/runs/{run.pk}/events"' in html
    assert "What &lt;b&gt;now&lt;/b&gt;?" in html
    assert (run.mode, run.person) == ("fast", alice)


def test_questions_for_chinese_readers_come_from_chinese_documents_first(
    alice: Person, handbook: Collection, make_document: MakeDocument, sign_in: SignIn
) -> None:
    manual = make_document(handbook, "员工手册", language="zh")
    make_document(handbook, "Travel policy")
    with acting_as_system():
        Passage.objects.filter(document=manual).update(heading_path=["一、入职与试用期"])
    html = sign_in(alice).get("/", headers={"Accept-Language": "zh-CN"}).content.decode()
    assert re.findall(r"data-sample>(.*?)</button>", html) == [
        "《员工手册》里“入职与试用期”的内容是什么？",
        "What does “Travel policy” say under “Hotels in cities”?",
    ]


def test_only_the_first_question_takes_the_start_away(alice: Person, sign_in: SignIn) -> None:
    client = sign_in(alice)
    first = client.post("/ask/", {"question": "What now?"}, headers={"HX-Request": "true"}).content.decode()
    again = {"question": "And then?", "conversation": Run.objects.get().conversation_id}
    second = client.post("/ask/", again, headers={"HX-Request": "true"}).content.decode()
    assert ['id="start"' in html for html in (first, second)] == [True, False]


def test_asking_works_without_scripts(alice: Person, sign_in: SignIn) -> None:
    client = sign_in(alice)
    response = client.post("/ask/", {"question": "What now?"}, follow=True)
    html = response.content.decode()
    assert response.redirect_chain == [(f"/c/{Run.objects.get().conversation_id}/", 302)]
    assert '<noscript><meta http-equiv="refresh"' in html


def test_an_empty_question_gets_a_sentence(alice: Person, sign_in: SignIn) -> None:
    response = sign_in(alice).post("/ask/", {"question": "  "}, headers={"Accept-Language": "zh-CN"})
    assert (response.status_code, response.content.decode()) == (422, "请先输入问题。")


def test_collections_that_cannot_be_are_left_out(alice: Person, sign_in: SignIn) -> None:
    sign_in(alice).post("/ask/", {"question": "What now?", "collections": ["7", "²", "9" * 5000, "-1"]})
    assert Run.objects.get().collections == [7]


@pytest.mark.parametrize("given", ["not-a-uuid", "9b2f0a1e-0000-4000-8000-000000000000"])
def test_an_unknown_conversation_is_not_found(alice: Person, sign_in: SignIn, given: str) -> None:
    assert sign_in(alice).post("/ask/", {"question": "x", "conversation": given}).status_code == 404


def questions(html: str) -> list[str]:
    return re.findall(r'<h2 class="question">(.*?)</h2>', html)


def test_a_question_that_went_straight_to_thinking_says_why(alice: Person, make_run: MakeRun, sign_in: SignIn) -> None:
    run = make_run(alice, [Routed("thinking", "comparison"), Text("So."), Finished("thinking", "So.")])
    client = sign_in(alice)
    page = client.get(f"/c/{run.conversation_id}/").content.decode()
    assert "Thought further: the question compares several things" in page
    chinese = client.get(f"/c/{run.conversation_id}/", headers={"Accept-Language": "zh-CN"}).content.decode()
    assert "已深入思考：问题需要比较多项内容" in chinese


def test_an_answer_given_again_keeps_the_earlier_one(alice: Person, make_run: MakeRun, sign_in: SignIn) -> None:
    first = make_run(alice, [Text("Old."), Finished("fast", "Old.")])
    make_run(alice, [Text("On."), Finished("fast", "On.")], first.conversation, question="And then?")
    again = make_run(alice, [Text("New."), Finished("fast", "New.")], first.conversation, regenerates=first)
    client, address = sign_in(alice), f"/c/{first.conversation_id}/"
    html = client.get(address).content.decode()
    assert "Old." not in html
    assert f'value="{first.pk}" class="icon-button small" aria-label="Previous answer"' in html
    assert f'name="follows" id="follows" value="{again.pk}"' in html

    response = client.post(f"{address}show/", {"run": first.pk})
    assert response.headers["Location"] == f"{address}#turn-{first.pk}"
    html = client.get(address).content.decode()
    assert "New." not in html
    assert questions(html) == ["What may a hotel cost?", "And then?"]
    assert "1/2" in html


def test_an_edited_question_begins_a_branch(alice: Person, make_run: MakeRun, sign_in: SignIn) -> None:
    first = make_run(alice, [Text("x"), Finished("fast", "x")], question="First?", mode="thinking", collections=[7])
    second = make_run(alice, [Text("y"), Finished("fast", "y")], first.conversation, question="Second?")
    client, address = sign_in(alice), f"/c/{first.conversation_id}/"
    htmx = {"HX-Request": "true"}
    html = client.post(f"/runs/{second.pk}/edit/", {"question": "Other?"}, headers=htmx).content.decode()
    other = Run.objects.get(question="Other?")
    assert questions(html) == ["First?", "Other?"]
    assert f'id="follows" value="{other.pk}" hx-swap-oob' in html
    assert "<html" not in html
    assert questions(client.get(address).content.decode()) == ["First?", "Other?"]

    client.post(f"/runs/{first.pk}/edit/", {"question": "Begun otherwise?"})
    edited = Run.objects.get(question="Begun otherwise?")
    assert (edited.follows, edited.mode, edited.collections) == (None, "thinking", [7])
    html = client.post(f"{address}show/", {"run": second.pk}, headers=htmx).content.decode()
    assert questions(html) == ["First?", "Second?"]
    assert html.count('aria-label="Next question"') == 2
    assert client.post(f"/runs/{first.pk}/edit/", {"question": " "}).status_code == 422


def test_asking_goes_on_after_the_answer_that_the_page_showed(
    alice: Person, make_run: MakeRun, sign_in: SignIn
) -> None:
    first = make_run(alice, [Text("Old."), Finished("fast", "Old.")])
    make_run(alice, [Text("New."), Finished("fast", "New.")], first.conversation, regenerates=first)
    stranger = make_run(alice, [Finished("fast", "x")])
    body = {"question": "And then?", "conversation": first.conversation_id}
    assert sign_in(alice).post("/ask/", body | {"follows": stranger.pk}).status_code == 404
    sign_in(alice).post("/ask/", body | {"follows": first.pk})
    assert Run.objects.get(question="And then?").follows == first


def test_regenerating_asks_again_with_more_thought(alice: Person, make_run: MakeRun, sign_in: SignIn) -> None:
    run = make_run(alice, [Text("Old."), Finished("fast", "Old.")])
    response = sign_in(alice).post(f"/runs/{run.pk}/regenerate/", {"mode": "thinking"}, headers={"HX-Request": "true"})
    again = Run.objects.get(regenerates=run)
    assert again.mode == "thinking"
    assert f'id="turn-{again.pk}"' in response.content.decode()
    assert sign_in(alice).post(f"/runs/{again.pk}/regenerate/").status_code == 409


def test_files_are_attached_shown_and_taken_away(
    alice: Person, bob: Person, admin: Person, handbook: Collection, sign_in: SignIn
) -> None:
    client, htmx = sign_in(alice), {"HX-Request": "true"}

    def file() -> SimpleUploadedFile:
        return SimpleUploadedFile("offer.md", b"# Offer")

    html = client.post("/attach/", {"files": file()}, headers=htmx).content.decode()
    conversation = Conversation.objects.get()
    assert (conversation.listed, conversation.person) == (False, alice)
    assert f'data-conversation="{conversation.pk}"' in html
    assert "offer.md" in html
    assert "waiting" in html
    address = f"/c/{conversation.pk}/"
    assert "offer.md" in client.get(address).content.decode()
    with acting_as_system():
        document = Document.objects.get(collection__attached_to=conversation.pk)
    version = document.latest_version_id
    for other in (bob, admin):
        theirs = sign_in(other)
        assert theirs.post("/attach/", {"files": file(), "conversation": conversation.pk}).status_code == 404
        assert theirs.get(f"{address}attachments/").status_code == 404
        assert theirs.post(f"{address}attachments/{document.pk}/remove/").status_code == 404
        assert theirs.get(f"/sources/{version}/").status_code == 404
        assert theirs.get(f"/sources/{version}/file/").status_code == 404
        assert "offer.md" not in theirs.get("/documents/").content.decode()
    assert client.get(f"/sources/{version}/file/").status_code == 200
    for person in (alice, bob, admin):
        assert sign_in(person).get(f"/documents/d/{document.pk}/").status_code == 404
        assert "attached to" not in sign_in(person).get("/documents/").content.decode()
    asked = client.post("/ask/", {"question": "What?", "conversation": conversation.pk}, headers=htmx)
    assert asked.headers["HX-Push-Url"] == address
    assert 'id="start" hx-swap-oob="delete"' in asked.content.decode()
    html = client.post(f"{address}attachments/{document.pk}/remove/", headers=htmx).content.decode()
    assert "offer.md" not in html
    client.post("/attach/", {"files": file(), "conversation": conversation.pk})
    client.post(f"{address}delete/")
    with acting_as_system():
        assert not Document.objects.exists()
        assert list(Collection.objects.all()) == [handbook]


def test_feedback_is_kept_and_changed(alice: Person, make_run: MakeRun, sign_in: SignIn) -> None:
    run = make_run(alice, [Text("x"), Finished("fast", "x")])
    client = sign_in(alice)
    for word, helped in (("yes", True), ("no", False)):
        client.post(f"/runs/{run.pk}/feedback/", {"helped": word}, headers={"HX-Request": "true"})
        assert Feedback.objects.get(run=run).helped is helped


@pytest.mark.parametrize("path", ["events", "cancel/", "regenerate/", "edit/", "feedback/"])
def test_runs_of_others_do_not_exist(alice: Person, bob: Person, make_run: MakeRun, sign_in: SignIn, path: str) -> None:
    run = make_run(alice, [Text("x"), Finished("fast", "x")])
    client = sign_in(bob)
    method = client.get if path == "events" else client.post
    assert method(f"/runs/{run.pk}/{path}").status_code == 404
    assert not Feedback.objects.exists()
    assert Run.objects.count() == 1


def test_conversations_of_others_do_not_exist(alice: Person, bob: Person, make_run: MakeRun, sign_in: SignIn) -> None:
    run = make_run(alice, [Finished("fast", "x")])
    client = sign_in(bob)
    assert client.get(f"/c/{run.conversation_id}/").status_code == 404
    assert client.post(f"/c/{run.conversation_id}/delete/").status_code == 404
    assert client.post(f"/c/{run.conversation_id}/show/", {"run": run.pk}).status_code == 404
    assert client.post("/ask/", {"question": "x", "conversation": run.conversation_id}).status_code == 404
    assert "What may a hotel cost?" not in client.get("/?q=hotel").content.decode()


def test_deleting_a_conversation(alice: Person, make_run: MakeRun, sign_in: SignIn) -> None:
    run = make_run(alice, [Finished("fast", "x")])
    sign_in(alice).post(f"/c/{run.conversation_id}/delete/")
    assert not Conversation.objects.exists()


def test_conversations_are_found_by_what_was_asked(alice: Person, make_run: MakeRun, sign_in: SignIn) -> None:
    make_run(alice, [], question="Where is the key?")
    make_run(alice, [], question="年假几天？")
    html = sign_in(alice).get("/?q=年假", headers={"HX-Target": "conversations"}).content.decode()
    assert "年假几天？" in html
    assert "key" not in html
    assert "<html" not in html


def test_earlier_conversations_are_reached_from_the_list(alice: Person, sign_in: SignIn) -> None:
    for number in range(LISTED + 1):
        Conversation.objects.create(person=alice, title=f"About {number:03}")
    client = sign_in(alice)
    latest = client.get("/").content.decode()
    assert "About 000" not in latest
    assert f'hx-get="/?show={2 * LISTED}"' in latest
    whole = client.get(f"/?show={2 * LISTED}", headers={"HX-Target": "conversations"}).content.decode()
    assert "About 000" in whole
    assert "hx-get" not in whole
    found = client.get("/?q=About", headers={"HX-Target": "conversations"}).content.decode()
    assert f'hx-get="/?q=About&amp;show={2 * LISTED}"' in found
    for odd in ("x", "-1", "0", "9" * 30):
        assert client.get(f"/?show={odd}").status_code == 200


def test_queries_do_not_grow_with_the_conversation(
    alice: Person,
    handbook: Collection,
    make_document: MakeDocument,
    make_run: MakeRun,
    sign_in: SignIn,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    document = make_document(handbook)
    first = make_run(alice, answered(document))
    for _ in range(12):
        make_run(alice, answered(document), first.conversation)
        make_run(alice, [])
    client = sign_in(alice)
    with django_assert_max_num_queries(18):
        client.get(f"/c/{first.conversation_id}/")


def test_long_conversations_begin_with_the_latest_turns(alice: Person, make_run: MakeRun, sign_in: SignIn) -> None:
    first = make_run(alice, [Finished("fast", "x")], question="The very first")
    for number in range(45):
        make_run(alice, [Finished("fast", "x")], first.conversation, question=f"Question {number}")
    client = sign_in(alice)
    html = client.get(f"/c/{first.conversation_id}/").content.decode()
    assert html.count("<article") == 40
    assert "Show the earlier questions too" in html
    assert client.get(f"/c/{first.conversation_id}/?all").content.decode().count("<article") == 46


def events_of(response: Any) -> list[tuple[str, str, dict[str, Any]]]:
    async def read() -> bytes:
        return b"".join([part async for part in response.streaming_content])

    from asgiref.sync import async_to_sync

    text = async_to_sync(read)().decode()
    found = re.findall(r"id: (\d+)\nevent: (\w+)\ndata: (.*)\n\n", text)
    return [(number, kind, json.loads(data)) for number, kind, data in found]


@pytest.mark.django_db(transaction=True)
def test_the_stream_gives_the_events_and_the_parts_of_the_page(
    alice: Person, handbook: Collection, make_document: MakeDocument, make_run: MakeRun, sign_in: SignIn
) -> None:
    run = make_run(alice, answered(make_document(handbook)))
    frames = events_of(sign_in(alice).get(f"/runs/{run.pk}/events"))
    assert [kind for _, kind, _ in frames] == [
        "routed", "tool_called", "tool_returned", "text", "cited", "checked", "finished",
    ]  # fmt: skip
    assert frames[0][2]["parts"]["clear"] is True
    last = frames[-1][2]["parts"]
    page = sign_in(alice).get(f"/c/{run.conversation_id}/").content.decode()
    assert last["answer"].strip() in page


@pytest.mark.django_db(transaction=True)
def test_a_stream_taken_up_in_the_middle_has_the_whole_text_once(
    alice: Person, make_run: MakeRun, sign_in: SignIn
) -> None:
    words = [Text("One. "), Text("Two. "), Text("Three.")]
    run = make_run(alice, [Routed("fast"), *words, Finished("fast", "One. Two. Three.")])
    client = sign_in(alice)
    for after in range(4):
        frames = events_of(client.get(f"/runs/{run.pk}/events", headers={"Last-Event-ID": str(after)}))
        shown = ""
        for _, kind, data in frames[:-1]:
            parts = data.get("parts", {})
            shown = "" if parts.get("clear") else shown
            shown = parts.get("tail", shown)
            assert kind != "finished"
        assert re.sub(r"<[^>]*>", "", shown).strip() == "One. Two. Three."
        assert frames[-1][1] == "finished"
    assert client.get(f"/runs/{run.pk}/events?after=5").status_code == 204


@pytest.mark.django_db(transaction=True)
def test_the_stream_speaks_the_language_of_the_page(alice: Person, make_run: MakeRun, sign_in: SignIn) -> None:
    run = make_run(alice, [Routed("fast"), ToolCalled("a", "search_knowledge", {"query": "x"}), Finished("fast", "")])
    frames = events_of(sign_in(alice).get(f"/runs/{run.pk}/events", headers={"Accept-Language": "zh-CN"}))
    assert "查找“x”" in frames[-1][2]["parts"]["steps"]


def test_cancelling_asks_the_run_to_stop(alice: Person, make_run: MakeRun, sign_in: SignIn) -> None:
    run = make_run(alice, [Routed("fast")])
    sign_in(alice).post(f"/runs/{run.pk}/cancel/", headers={"HX-Request": "true"})
    run.refresh_from_db()
    assert run.cancel_requested
    assert run.state == RunState.RUNNING


def test_models_are_for_those_who_look_after_the_installation(admin: Person, bob: Person, sign_in: SignIn) -> None:
    assert sign_in(bob).get("/models/").status_code == 404
    page = sign_in(admin).get("/models/").content.decode()
    assert settings.MODEL_SERVERS.embedding_model in page
    assert page.count("not checked yet") == 4


def test_ids_are_uuids(alice: Person, sign_in: SignIn) -> None:
    assert sign_in(alice).get(f"/c/{UUID(int=0)}/").status_code == 404
