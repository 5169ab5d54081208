"""Notes beside documents: found and cited as documents of their own, for whoever may read what they are about."""

import pytest

from accounts.models import Person
from kb.access import acting_as, acting_as_system, documents_for
from kb.changes import changes_of
from kb.descriptions import describe
from kb.documents import delete_document
from kb.errors import DocumentError
from kb.ingest import work_next
from kb.models import Collection, Document, Passage
from kb.notes import add_note
from kb.search import search_as
from llm.profiles import ModelServers
from tests.kb.shelves import shelve

pytestmark = pytest.mark.django_db


def first_passage(document: Document) -> Passage:
    with acting_as_system():
        return document.passages.select_related("document", "version").get(ordinal=0)


def test_a_passage_is_corrected_by_a_note(
    admin: Person, bob: Person, handbook: Collection, model_server: ModelServers
) -> None:
    policy = shelve(handbook, "Travel policy", "Hotels are paid up to 180 euros a night.", vectors=True)
    wrong = first_passage(policy)
    note = add_note(policy, "Hotels are paid up to 200 euros a night.\r\n", by=admin, replaces=wrong)
    assert add_note(policy, "Hotels are paid up to 200 euros a night.", by=admin).pk == note.pk
    while work_next():
        pass
    [hit] = search_as(bob, "hotel per night")
    assert (hit.document_id, hit.text) == (note.pk, "Hotels are paid up to 200 euros a night.")
    assert hit.title == "Note on “Travel policy”"
    with acting_as(bob):
        lines = [(change.field, change.new) for change in changes_of(policy)]
    assert ("note", "Hotels are paid up to 200 euros a night.") in lines
    assert first_passage(policy).text == "Hotels are paid up to 180 euros a night."
    with pytest.raises(DocumentError, match="no notes of its own"):
        add_note(note, "And more.", by=admin)
    with pytest.raises(DocumentError, match="Write the note"):
        add_note(policy, " ", by=admin)
    with pytest.raises(DocumentError, match="may not change"):
        add_note(policy, "Mine.", by=bob)
    delete_document(policy, by=admin)
    with acting_as_system():
        assert not Document.objects.exists()


def test_a_note_is_read_by_the_readers_of_its_document(
    admin: Person, alice: Person, bob: Person, handbook: Collection
) -> None:
    board = shelve(handbook, "Board minutes", "The hotel is being sold.", groups=["People"])
    note = add_note(board, "Sold for two million.", by=admin)

    def seen(person: Person) -> bool:
        with acting_as(person):
            return documents_for().filter(pk=note.pk).exists()

    assert (seen(alice), seen(bob)) == (True, False)
    describe(board, by=admin, readers=["Engineering"])
    assert (seen(alice), seen(bob)) == (False, True)
    describe(board, by=admin, readers=None)
    assert (seen(alice), seen(bob)) == (True, True)
