"""A conversation as a file: whole for its person, without quotes that they may not read any more."""

import json
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Person
from agents.events import Finished, Text
from agents.models import Run
from kb.models import Collection, Document
from tests.pages.conftest import QUOTE, answered

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
