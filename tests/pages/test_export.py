"""A conversation as a file: whole for its person, without quotes that they may not read any more."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.test import Client

from accounts.models import Person
from agents.events import Checked, Conflict, Event, Finished, Statement, Text
from agents.models import Run
from kb.models import Collection, Document
from tests.pages.conftest import QUOTE, TEXT, answered

SignIn = Callable[[Person], Client]
MakeRun = Callable[..., Run]


def test_markdown_has_questions_answers_and_quotes(
    alice: Person,
    handbook: Collection,
    make_document: Callable[..., Document],
    make_run: MakeRun,
    sign_in: SignIn,
) -> None:
    run = make_run(alice, answered(make_document(handbook), answer="At most 150 EUR. [1]"))
    response = sign_in(alice).get(f"/c/{run.conversation_id}/export.md")
    assert response.headers["Content-Disposition"].startswith("attachment;")
    text = response.content.decode()
    assert "## What may a hotel cost?" in text
    assert "At most 150 EUR. [1]" in text
    assert f"- [1] Travel policy · Hotels: “{QUOTE}”" in text


def test_json_has_each_claim_with_the_quotes_it_rests_on(
    alice: Person, handbook: Collection, make_document: Callable[..., Document], make_run: MakeRun, sign_in: SignIn
) -> None:
    run = make_run(alice, answered(make_document(handbook)))
    [data] = json.loads(sign_in(alice).get(f"/c/{run.conversation_id}/export.json").content)["runs"]
    quotes = {one["number"]: one["quote"] for one in data["citations"]}
    [claim] = data["claims"]
    assert (claim["text"], claim["support"]) == (QUOTE, "supported")
    assert [quotes[number] for number in claim["citations"]] == [QUOTE]


def disagreeing(first: Document, second: Document) -> list[Event]:
    """An answer that cites the first document; the second one says otherwise, and is newer."""
    assert first.current_version_id
    assert second.current_version_id
    start = TEXT.index(QUOTE)
    one = Statement(1, first.pk, first.current_version_id, None, start, start + len(QUOTE), QUOTE, first.title)
    one = replace(one, effective_from="2024-01-01", updated="2024-02-03", owner="Alice")
    other = Statement(0, second.pk, second.current_version_id, 7, 0, 9, "OTHERWISE", title=second.title)
    other = replace(other, updated="2026-05-06", newest=True)
    events = answered(first)
    place = next(at for at, event in enumerate(events) if isinstance(event, Checked))
    checked = events[place]
    assert isinstance(checked, Checked)
    events[place] = replace(checked, conflicts=(Conflict((one, other)),))
    return events


def test_what_documents_say_differently_stands_in_page_and_files(
    alice: Person, handbook: Collection, make_document: Callable[..., Document], make_run: MakeRun, sign_in: SignIn
) -> None:
    newer = make_document(handbook, "Newer policy")
    run = make_run(alice, disagreeing(make_document(handbook), newer))
    client = sign_in(alice)
    page = client.get(f"/c/{run.conversation_id}/").content.decode()
    block = page.partition('class="conflict"')[2].partition("</section>")[0]
    for told in (QUOTE, "OTHERWISE", "in force since 2024-01-01 · ask Alice", "changed on 2026-05-06", "page 7"):
        assert told in block
    assert block.count("the most recent") == 1
    text = client.get(f"/c/{run.conversation_id}/export.md").content.decode()
    said = text.partition("These documents say different things")[2]
    assert f"- Travel policy · in force since 2024-01-01 · ask Alice: “{QUOTE}”" in said
    assert "- Newer policy · page 7 · changed on 2026-05-06 · the most recent: “OTHERWISE”" in said
    [data] = json.loads(client.get(f"/c/{run.conversation_id}/export.json").content)["runs"]
    assert [one["quote"] for one in data["conflicts"][0]["statements"]] == [QUOTE, "OTHERWISE"]


def test_what_may_no_longer_be_read_is_left_out_of_what_disagrees(
    bob: Person,
    handbook: Collection,
    people_files: Collection,
    make_document: Callable[..., Document],
    make_run: MakeRun,
    sign_in: SignIn,
) -> None:
    run = make_run(bob, disagreeing(make_document(handbook), make_document(people_files, "Newer policy")))
    client = sign_in(bob)
    for address in ("", "export.md", "export.json"):
        shown = client.get(f"/c/{run.conversation_id}/{address}").content.decode()
        assert "Newer policy" in shown
        assert "OTHERWISE" not in shown


def test_json_has_every_branch_and_markdown_the_one_that_is_shown(
    alice: Person, make_run: MakeRun, sign_in: SignIn
) -> None:
    first = make_run(alice, [Text("Old."), Finished("fast", "Old.")], question="住宿标准？")
    again = make_run(alice, [Text("New."), Finished("fast", "New.")], first.conversation, regenerates=first)
    on = make_run(alice, [Text("On."), Finished("fast", "On.")], first.conversation)
    client = sign_in(alice)
    data = json.loads(client.get(f"/c/{first.conversation_id}/export.json").content)
    assert [one["answer"] for one in data["runs"]] == ["Old.", "New.", "On."]
    assert [one["follows"] for one in data["runs"]] == [None, None, str(again.pk)]
    assert data["shown"] == [str(again.pk), str(on.pk)]
    text = client.get(f"/c/{first.conversation_id}/export.md").content.decode()
    assert "New." in text
    assert "Old." not in text


@pytest.mark.parametrize("kind", ["md", "json"])
def test_quotes_that_may_no_longer_be_read_are_left_out(
    bob: Person,
    people_files: Collection,
    make_document: Callable[..., Document],
    make_run: MakeRun,
    sign_in: SignIn,
    kind: str,
) -> None:
    run = make_run(bob, answered(make_document(people_files), answer="Short. [1]"))
    page = sign_in(bob).get(f"/c/{run.conversation_id}/export.{kind}").content.decode()
    sources = page.partition("Sources")[2] if kind == "md" else str(json.loads(page)["runs"][0]["citations"])
    assert sources
    assert QUOTE not in sources


def test_there_is_no_other_kind(alice: Person, make_run: MakeRun, sign_in: SignIn) -> None:
    run = make_run(alice, [Text("x"), Finished("fast", "x")])
    assert sign_in(alice).get(f"/c/{run.conversation_id}/export.exe").status_code == 404
