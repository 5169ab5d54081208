"""Two stored versions side by side, and passages that are switched off."""

from io import BytesIO

import pytest
from django.test import Client

from accounts.models import Person
from kb import comparing
from kb.access import acting_as
from kb.changes import changes_of
from kb.comparing import Comparison, compare_versions
from kb.documents import add_document, replace_document
from kb.errors import DocumentError
from kb.ingest import work_next
from kb.models import Collection, Document, Passage
from kb.passages import switch_passage
from kb.search import search_as

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("model_server")]
OLD = "# 休假办法\n\n## 年休假\n\n未休完的年休假最多可结转3天。\n\n## 病假\n\n病假照旧。\n\n附则一。\n"
NEW = "# 休假办法\n\n## 年休假\n\n未休完的年休假最多可结转5天。\n\n## 病假\n\n病假照旧。\n\n附则一。\n\n附则二。\n"


@pytest.fixture
def leave(admin: Person, handbook: Collection) -> Document:
    document = add_document(handbook, "leave.md", BytesIO(OLD.encode()), by=admin)
    work_next()
    replace_document(document, "leave.md", BytesIO(NEW.encode()), by=admin)
    work_next()
    return document


def compared(document: Document, person: Person) -> Comparison:
    with acting_as(person):
        newer, older = document.versions.order_by("-number")
        return compare_versions(older, newer)


def test_what_differs_stands_under_its_headings(leave: Document, alice: Person) -> None:
    found = compared(leave, alice)
    assert (found.changed, found.added, found.removed, found.complete, found.same) == (1, 1, 0, True, False)
    first, second = found.sections
    assert first.headings == ("休假办法",)
    assert [change.kind for change in first.changes] == ["same", "changed", "same"]
    assert [piece.text for piece in first.changes[1].pieces if piece.mark] == ["3", "5"]
    assert second.headings == ("休假办法", "病假")
    assert [change.paragraph.text for change in second.changes] == ["附则一。", "附则二。"]


def test_long_texts_are_compared_as_far_as_it_goes(
    leave: Document, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "MOST_SHOWN", 1)
    found = compared(leave, alice)
    assert (found.complete, found.added, len(found.sections)) == (False, 1, 1)
    monkeypatch.setattr(comparing, "MOST_CHARACTERS", 10)
    assert not compared(leave, alice).complete


def test_the_page_shows_signs_beside_colours(leave: Document, alice: Person, client: Client) -> None:
    client.force_login(alice)
    page = client.get(f"/documents/d/{leave.pk}/differences/").content.decode()
    assert "removed: </span>3</del>" in page
    assert "added: </span>5</ins>" in page
    assert client.get(f"/documents/d/{leave.pk}/differences/?old=7").status_code == 404


SECTIONS = ("Hotels", "Flights", "Meals")


def policy(**texts: str) -> BytesIO:
    """A document with a long paragraph under each heading, so that each is a passage of its own."""
    parts = [f"# {name}\n\n{texts.get(name.lower(), f'{name} are paid by the company. ' * 60)}\n" for name in SECTIONS]
    return BytesIO("\n".join(parts).encode())


def test_a_switch_is_carried_over_to_a_new_version_where_it_says_the_same(admin: Person, handbook: Collection) -> None:
    document = add_document(handbook, "policy.md", policy(), by=admin)
    work_next()
    with acting_as(admin):
        off = list(Passage.objects.filter(document=document, text__contains="Flights").select_related("document"))
    assert off
    for passage in off:
        switch_passage(passage, False, by=admin)
    replace_document(document, "policy.md", policy(meals="Meals are paid up to 40 euros. " * 60), by=admin)
    work_next()
    with acting_as(admin):
        now = Passage.objects.filter(version__document=document, version__number=2)
        assert {one.text for one in now.filter(enabled=False)} == {one.text for one in off}
        assert now.filter(enabled=True, text__contains="40 euros").exists()


def test_a_switch_ends_where_the_text_has_changed(admin: Person, handbook: Collection) -> None:
    document = add_document(handbook, "policy.md", policy(), by=admin)
    work_next()
    with acting_as(admin):
        off = list(Passage.objects.filter(document=document, text__contains="Flights").select_related("document"))
    for passage in off:
        switch_passage(passage, False, by=admin)
    replace_document(document, "policy.md", policy(flights="Flights are economy class. " * 60), by=admin)
    work_next()
    with acting_as(admin):
        assert not Passage.objects.filter(version__document=document, version__number=2, enabled=False).exists()


def test_a_passage_switched_off_is_found_no_more_at_once(
    leave: Document, admin: Person, alice: Person, client: Client
) -> None:
    (hit, *_) = search_as(alice, "年休假结转")
    with acting_as(alice):
        passage = Passage.objects.select_related("document").get(pk=hit.passage_id)
    with pytest.raises(DocumentError, match="may not change"):
        switch_passage(passage, False, by=alice)
    switch_passage(passage, False, by=admin)
    for method in ("fused", "lexical", "dense"):
        assert hit.passage_id not in {one.passage_id for one in search_as(alice, "年休假结转", method=method)}
    client.force_login(admin)
    path = f"/documents/d/{leave.pk}/passages/{passage.pk}/"
    row = client.post(path, {"enabled": "1"}, headers={"HX-Request": "true"}).content.decode()
    assert "Switch off" in row
    assert hit.passage_id in {one.passage_id for one in search_as(alice, "年休假结转")}
    assert client.post(path, {"enabled": "0"}).status_code == 302
    page = client.get(f"/documents/d/{leave.pk}/?show=passages").content.decode()
    assert "Switched off: search leaves it out." in page
    with acting_as(admin):
        assert [change.field for change in changes_of(leave)] == ["passage"] * 3


def test_a_document_shows_which_of_ones_questions_it_answered(
    leave: Document, alice: Person, bob: Person, admin: Person, client: Client
) -> None:
    from agents.models import Conversation, Run, RunState

    for person, question in ((alice, "How many days?"), (bob, "A secret question?")):
        Run.objects.create(
            person=person,
            conversation=Conversation.objects.create(person=person),
            question=question,
            state=RunState.FINISHED,
            citations=[{"number": 1, "document": leave.pk}],
        )
    path = f"/documents/d/{leave.pk}/questions/"
    client.force_login(alice)
    page = client.get(path).content.decode()
    assert "How many days?" in page
    assert "secret" not in page
    assert "2 answers" not in page
    client.force_login(admin)
    page = client.get(path).content.decode()
    assert "2 answers cite this document" in page
    assert "secret" not in page
