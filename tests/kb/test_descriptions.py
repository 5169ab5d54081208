"""What people say about documents: changed by those who look after them, known to search, and written down."""

from datetime import date, timedelta
from io import BytesIO

import pytest
from django.utils import timezone

from accounts.models import Person
from kb.access import acting_as, acting_as_system
from kb.changes import changes_of
from kb.descriptions import date_version, describe, index_new_titles, review_due
from kb.documents import About, add, add_document, delete_document
from kb.errors import DocumentError
from kb.models import Collection, Document, DocumentChange, DocumentVersion, State
from kb.readers import move
from kb.search import search_as
from tests.kb.shelves import revise, shelve

pytestmark = pytest.mark.django_db
TODAY = date(2026, 6, 1)


@pytest.fixture
def travel(handbook: Collection) -> Document:
    return shelve(handbook, "Travel policy", "Employees may spend up to 180 euros for a night in a hotel.")


def fresh(document: Document) -> Document:
    with acting_as_system():
        return Document.objects.select_related("owner", "scope").get(pk=document.pk)


def lines(document: Document, person: Person) -> list[tuple[str, str, str]]:
    with acting_as(person):
        return [(change.field, change.old, change.new) for change in changes_of(document)]


def test_everything_said_can_be_changed_and_leaves_a_line(travel: Document, admin: Person, alice: Person) -> None:
    day = date(2027, 1, 31)
    describe(
        travel, by=admin, title=" How  we travel ", tags=["travel", " a  b ", "travel"], owner="alice", review_on=day
    )
    found = fresh(travel)
    assert (found.title, found.title_is_given, found.tags) == ("How we travel", True, ["travel", "a b"])
    assert (found.owner, found.review_on) == (alice, day)
    describe(travel, by=admin, owner=None, review_on=None)
    describe(travel, by=admin, tags=["travel", "a b"])
    assert fresh(travel).owner is None
    assert lines(travel, alice) == [
        ("review_on", "2027-01-31", ""),
        ("owner", "alice", ""),
        ("review_on", "", "2027-01-31"),
        ("owner", "", "alice"),
        ("tags", "", "travel, a b"),
        ("title", "Travel policy", "How we travel"),
    ]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"title": "  "}, "title_missing"),
        ({"title": "x" * 501}, "title_too_long"),
        ({"tags": ["x" * 101]}, "bad_tags"),
        ({"tags": [str(number) for number in range(51)]}, "bad_tags"),
        ({"owner": "nobody at all"}, "unknown_person"),
        ({"title": "Another", "readers": ["No such group"]}, "unknown_group"),
    ],
)
def test_what_cannot_be_said_changes_nothing(
    travel: Document, admin: Person, said: dict[str, object], code: str
) -> None:
    with pytest.raises(DocumentError) as refused:
        describe(travel, by=admin, **said)  # type: ignore[arg-type]
    assert refused.value.code == code
    assert fresh(travel).title == "Travel policy"
    assert lines(travel, admin) == []


def test_only_those_who_look_after_it_may(travel: Document, bob: Person) -> None:
    with pytest.raises(DocumentError, match="may not change"):
        describe(travel, by=bob, title="Mine")
    with acting_as_system():
        version = DocumentVersion.objects.select_related("document").get(pk=travel.current_version_id or 0)
    with pytest.raises(DocumentError, match="may not change"):
        date_version(version, by=bob, effective_from=TODAY, effective_to=None)


def test_readers_are_narrowed_and_the_lines_go_with_them(
    travel: Document, admin: Person, alice: Person, bob: Person, people_files: Collection
) -> None:
    describe(travel, by=admin, title="Secret journeys", readers=["People"])
    assert lines(travel, alice)[0] == ("readers", "", "People")
    assert lines(travel, bob) == []
    describe(travel, by=admin, readers=None)
    assert [line[0] for line in lines(travel, bob)] == ["readers", "readers", "title"]
    move(fresh(travel), people_files, by=admin)
    assert lines(travel, bob) == []
    delete_document(travel, by=admin)
    with acting_as_system():
        assert not DocumentChange.objects.exists()


@pytest.mark.usefixtures("model_server")
def test_search_knows_a_new_title(handbook: Collection, admin: Person, alice: Person) -> None:
    document = shelve(handbook, "Untitled 7", "It starts at seven and ends at four.", vectors=True)
    assert not search_as(alice, "lighthouse", method="lexical")
    before = search_as(alice, "lighthouse", method="dense")[0].score
    describe(document, by=admin, title="Lighthouse shifts")
    assert index_new_titles() == 1
    (hit,) = search_as(alice, "lighthouse", method="lexical")
    assert hit.title == "Lighthouse shifts"
    assert search_as(alice, "lighthouse", method="dense")[0].score > before
    assert index_new_titles() == 0


def test_a_title_waits_for_a_version_at_work(travel: Document, admin: Person) -> None:
    with acting_as_system():
        version = DocumentVersion.objects.create(
            document=travel, scope=travel.scope, number=9, filename="t.md", sha256="9", size=1, state=State.PARSING
        )
    describe(travel, by=admin, title="Journeys")
    assert index_new_titles() == 0
    with acting_as_system():
        DocumentVersion.objects.filter(pk=version.pk).update(state=State.CANCELLED)
    assert index_new_titles() == 1


def test_corrected_dates_decide_who_answers_at_once(travel: Document, admin: Person, alice: Person) -> None:
    newer = revise(travel, "Employees may spend up to 200 euros for a night in a hotel.")
    tomorrow = timezone.localdate() + timedelta(days=1)
    with acting_as_system():
        newer = DocumentVersion.objects.select_related("document").get(pk=newer.pk)
    date_version(newer, by=admin, effective_from=tomorrow, effective_to=None)
    assert [hit.text for hit in search_as(alice, "hotel", method="lexical")] == [
        "Employees may spend up to 180 euros for a night in a hotel."
    ]
    assert [hit.version_id for hit in search_as(alice, "hotel", method="lexical", as_of=tomorrow)] == [newer.pk]
    assert fresh(travel).current_version_id != newer.pk
    assert lines(travel, alice) == [("effective_from", "", tomorrow.isoformat())]
    with pytest.raises(DocumentError, match="before the first"):
        date_version(newer, by=admin, effective_from=tomorrow, effective_to=TODAY)
    date_version(newer, by=admin, effective_from=None, effective_to=None)
    assert fresh(travel).current_version_id == newer.pk


def test_a_review_is_due_from_its_day_on(handbook: Collection, admin: Person) -> None:
    for number, day in enumerate([None, TODAY, TODAY + timedelta(days=1)]):
        about = About(title=f"Rule {number}", tags=["rules"], review_on=day)
        add(handbook, f"{number}.md", BytesIO(b"# Rule\n\nA rule."), about, by=admin)
    with acting_as(admin):
        assert [document.title for document in Document.objects.filter(review_due(TODAY))] == ["Rule 1"]
        assert {tuple(document.tags) for document in Document.objects.all()} == {("rules",)}
    with pytest.raises(DocumentError, match="50 tags"):
        add_document(handbook, "x.md", BytesIO(b"text"), by=admin, tags=["x" * 101])
