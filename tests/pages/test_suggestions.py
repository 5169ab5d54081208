"""Questions to ask next: from sections beside the cited ones, for whoever may read them."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Person
from agents.models import Run
from kb.access import acting_as_system
from kb.models import Collection, Document, Passage
from tests.pages.conftest import TEXT, answered

SignIn = Callable[[Person], Client]
NEXT = "What does “Travel policy” say under"


def add_sections(document: Document, *headings: str) -> None:
    """Further passages behind the document's first one, each with its heading."""
    with acting_as_system():
        first = Passage.objects.get(document=document)
        for number, heading in enumerate(headings, 1):
            start = len(TEXT) + 100 * number
            first.pk, first.ordinal, first.start, first.end = None, number + 1, start, start + 50
            first.heading_path = ["Travel", heading]
            first.save(force_insert=True)


@pytest.fixture
def page_beside(
    alice: Person,
    handbook: Collection,
    make_document: Callable[..., Document],
    make_run: Callable[..., Run],
    sign_in: SignIn,
) -> Callable[..., str]:
    """The conversation's page for an answer that cites the first section of a document with these others."""

    def page(*headings: str, title: str = "Travel policy", question: str = "What may a hotel cost?") -> str:
        document = make_document(handbook, title)
        add_sections(document, *headings)
        run = make_run(alice, answered(document), question=question)
        return sign_in(alice).get(f"/c/{run.conversation_id}/").content.decode()

    return page


def test_the_sections_beside_the_cited_one_are_suggested(page_beside: Callable[..., str]) -> None:
    html = page_beside("3. Trains and flights", "Overview", "Meals", "VAT receipts", "Gifts")
    suggested = [f"{NEXT} “{heading}”?" for heading in ("Trains and flights", "Meals", "VAT receipts")]
    assert [question in html for question in suggested] == [True] * 3
    assert html.count(NEXT) == 6  # each once as the value and once as the text
    assert f"{NEXT} “Hotels" not in html


def test_documents_called_alike_make_one_sample_question(
    alice: Person, handbook: Collection, make_document: Callable[..., Document], sign_in: SignIn
) -> None:
    make_document(handbook)
    make_document(handbook)
    html = sign_in(alice).get("/").content.decode()
    assert html.count(f"{NEXT} “Hotels in cities”?") == 2  # once as the value and once as the text


def test_a_year_is_no_numbering_and_words_of_the_title_are_no_topic(page_beside: Callable[..., str]) -> None:
    others = ("差旅制度实施细则", "2027年预算", "3.1 住宿")
    html = page_beside(*others, title="2026年差旅制度实施细则", question="住宿标准？")
    asked = ["》里“2027年预算”的内容" in html, "》里“住宿”的内容" in html, "》里“差旅制度实施细则”" in html]
    assert asked == [True, True, False]


def test_they_are_in_the_language_of_the_question_and_only_after_the_last_answer(
    alice: Person,
    handbook: Collection,
    make_document: Callable[..., Document],
    make_run: Callable[..., Run],
    sign_in: SignIn,
) -> None:
    document = make_document(handbook)
    add_sections(document, "Meals")
    first = make_run(alice, answered(document))
    make_run(alice, answered(document), first.conversation, question="住宿标准是多少？")
    html = sign_in(alice).get(f"/c/{first.conversation_id}/").content.decode()
    assert "《Travel policy》里“Meals”的内容是什么？" in html
    assert NEXT not in html


def test_what_may_no_longer_be_read_is_not_named(
    alice: Person,
    bob: Person,
    people_files: Collection,
    make_document: Callable[..., Document],
    make_run: Callable[..., Run],
    sign_in: SignIn,
) -> None:
    document = make_document(people_files)
    add_sections(document, "Dismissals")
    for person, named in ((alice, True), (bob, False)):
        run = make_run(person, answered(document))
        page = sign_in(person).get(f"/c/{run.conversation_id}/").content.decode()
        assert ("Dismissals" in page) is named
