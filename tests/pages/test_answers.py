"""What the page shows of an answer: marks, sources, what came closest, why it was thought about."""

import re
from collections.abc import Callable
from dataclasses import replace

from django.test import Client

from accounts.models import Person
from agents.events import (
    Cancelled,
    Checked,
    Cited,
    Escalated,
    Failed,
    Finished,
    Limited,
    Planned,
    Routed,
    Text,
    ToolCalled,
    ToolReturned,
)
from agents.models import Run
from kb.access import acting_as_system
from kb.models import Collection, Document
from tests.pages.conftest import QUOTE, answered, citation, source

SignIn = Callable[[Person], Client]
MakeRun = Callable[..., Run]
MakeDocument = Callable[..., Document]


def test_an_answer_stands_there_with_marks_cards_and_steps(
    alice: Person, handbook: Collection, make_document: MakeDocument, make_run: MakeRun, sign_in: SignIn
) -> None:
    document = make_document(handbook)
    run = make_run(alice, answered(document))
    html = sign_in(alice).get(f"/c/{run.conversation_id}/").content.decode()
    address = f'href="/sources/{document.current_version_id}/?start='
    assert html.count(address) == 2  # the mark and the card
    assert "Searched “hotel”" in html
    assert "1 found" in html
    assert "1.2 s" in html
    assert "data-stream" not in html
    assert '<details class="steps">' in html


def test_quotes_of_one_place_share_a_card(
    alice: Person, handbook: Collection, make_document: MakeDocument, make_run: MakeRun, sign_in: SignIn
) -> None:
    document = make_document(handbook)
    here = citation(document)
    there = replace(here, number=3, section="Meals")
    first = answered(document)
    run = make_run(alice, [*first[:-1], Cited((replace(here, number=2), there)), first[-1]])
    html = sign_in(alice).get(f"/c/{run.conversation_id}/").content.decode()
    cards = html.split('<ol class="cards">')[1].split("</ol>")[0]
    assert cards.count("<li>") == 2
    assert re.findall(
        r'class="card-link source"[^>]*data-number="(\d)" aria-label="Source \d: Travel policy"', cards
    ) == ["1", "2"]
    assert re.findall(r'class="card source"[^>]*data-number="(\d)"', cards) == ["3"]
    assert "2 sources" in html


def test_what_is_not_supported_says_so(
    alice: Person, handbook: Collection, make_document: MakeDocument, make_run: MakeRun, sign_in: SignIn
) -> None:
    run = make_run(alice, answered(make_document(handbook), support="unsupported"))
    html = sign_in(alice).get(f"/c/{run.conversation_id}/").content.decode()
    assert 'class="claim-word unsupported"' in html
    assert "not fully supported" in html


def test_declining_shows_the_nearest_passages_that_may_be_read(
    alice: Person,
    bob: Person,
    people_files: Collection,
    make_document: MakeDocument,
    make_run: MakeRun,
    sign_in: SignIn,
) -> None:
    found = source(make_document(people_files))
    events = [
        ToolCalled("a", "search_knowledge", {"query": "x"}),
        ToolReturned("a", "search_knowledge", found=1, sources=(found,)),
        Text("The documents do not answer this."),
        Checked((), "not_in_documents"),
        Finished("fast", "The documents do not answer this."),
    ]
    html = sign_in(alice).get(f"/c/{make_run(alice, events).conversation_id}/").content.decode()
    assert "What comes closest" in html
    assert QUOTE in html
    assert QUOTE not in sign_in(bob).get(f"/c/{make_run(bob, events).conversation_id}/").content.decode()
    assert "mailto:" not in html  # nobody looks after it
    with acting_as_system():
        Document.objects.filter(pk=found.document).update(owner=bob)
    run = make_run(alice, events, question="What about\nflights & trains?")
    html = sign_in(alice).get(f"/c/{run.conversation_id}/").content.decode()
    assert f'href="mailto:{bob.email}?subject=What%20about%20flights%20%26%20trains%3F"' in html


def test_a_failure_is_a_sentence_in_the_page_language(alice: Person, make_run: MakeRun, sign_in: SignIn) -> None:
    run = make_run(alice, [Failed("quota", "The quota is used up.", "额度已用完。")])
    client = sign_in(alice)
    assert "The quota is used up." in client.get(f"/c/{run.conversation_id}/").content.decode()
    chinese = client.get(f"/c/{run.conversation_id}/", headers={"Accept-Language": "zh-CN"}).content.decode()
    assert "额度已用完。" in chinese
    assert "The quota" not in chinese


def test_thinking_shows_plan_reason_and_limit(alice: Person, make_run: MakeRun, sign_in: SignIn) -> None:
    events = [
        Routed("fast"),
        Escalated("two <i>sums</i>"),
        Planned(("First", "Then")),
        Limited("steps"),
        Text("So."),
        Finished("thinking", "So."),
    ]
    html = sign_in(alice).get(f"/c/{make_run(alice, events).conversation_id}/").content.decode()
    assert "two &lt;i&gt;sums&lt;/i&gt;" in html
    assert "<li>First</li>" in html
    assert "limit of steps" in html


def test_a_stopped_question_can_be_asked_again(alice: Person, make_run: MakeRun, sign_in: SignIn) -> None:
    run = make_run(alice, [Routed("thinking", "asked"), Cancelled()])
    html = sign_in(alice).get(f"/c/{run.conversation_id}/").content.decode()
    assert "Stopped" in html
    assert html.count(f'action="/runs/{run.pk}/regenerate/"') == 1
    assert "Try again" in html
