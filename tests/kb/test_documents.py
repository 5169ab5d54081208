"""Adding, replacing, moving, narrowing and deleting documents; who may, and what is recognised."""

import os
import time
from collections.abc import Callable
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import Person
from kb import documents, queue
from kb.access import acting_as, acting_as_system, document_for
from kb.blobs import collect_garbage
from kb.documents import (
    About,
    add,
    add_document,
    cancel,
    delete_document,
    replace_document,
    retry,
)
from kb.errors import DocumentError
from kb.ingest import work_next
from kb.models import Collection, Document, DocumentVersion, Page, Passage, Scope, State
from kb.models_index import IndexedVersion, PassageVector, Posting
from kb.readers import move, narrow, widen
from kb.storage import FolderStorage, storage
from llm.profiles import ModelServers

pytestmark = pytest.mark.django_db

LEAVE = b"# Leave policy\n\nAnnual leave is thirty days.\n"
LEAVE_2 = b"# Leave policy\n\nAnnual leave is thirty-two days.\n"


def file(content: bytes = LEAVE) -> BytesIO:
    return BytesIO(content)


@pytest.fixture
def leave(admin: Person, handbook: Collection) -> Document:
    return add_document(handbook, "leave.md", file(), by=admin)


def fresh(document: Document) -> Document:
    with acting_as_system():
        return Document.objects.select_related("latest_version", "current_version", "scope").get(pk=document.pk)


def set_state(document: Document, state: State, *, current: bool = False, **fields: Any) -> None:
    with acting_as_system():
        DocumentVersion.objects.filter(pk=document.latest_version_id or 0).update(state=state, **fields)
        if current:
            Document.objects.filter(pk=document.pk).update(current_version=document.latest_version_id)


def test_a_new_document_is_queued(leave: Document, admin: Person) -> None:
    version = fresh(leave).latest_version
    assert version is not None
    assert (version.state, version.number, version.size) == (State.QUEUED, 1, len(LEAVE))
    assert (leave.title, leave.title_is_given, leave.owner) == ("leave.md", False, admin)
    with storage().open(version.sha256) as kept:
        assert kept.read() == LEAVE


def test_a_worker_is_woken_once_it_is_committed(
    admin: Person,
    handbook: Collection,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    woken: list[int] = []
    monkeypatch.setattr(queue, "wake", woken.append)
    with django_capture_on_commit_callbacks(execute=True):
        document = add_document(handbook, "leave.md", file(), by=admin)
        assert woken == []
    assert woken == [document.latest_version_id]
    with queue.quietly(), django_capture_on_commit_callbacks(execute=True):
        add_document(handbook, "other.md", file(LEAVE_2), by=admin)
    assert len(woken) == 1


def test_file_names_from_outside_are_made_safe(admin: Person, handbook: Collection) -> None:
    document = add_document(handbook, "../../etc/pass\x00wd\u202e.md", file(), by=admin, title=" Passwords ")
    assert document.filename == "passwd.md"
    assert (document.title, document.title_is_given) == ("Passwords", True)


def test_the_same_upload_twice_stands_there_once(leave: Document, admin: Person, handbook: Collection) -> None:
    assert add_document(handbook, "leave.md", file(), by=admin) == leave
    assert add_document(handbook, "copy.md", file(), by=admin) != leave
    assert add_document(handbook, "leave.md", file(LEAVE_2), by=admin) != leave


def test_a_failed_upload_sent_again_is_tried_again(leave: Document, admin: Person, handbook: Collection) -> None:
    set_state(leave, State.FAILED, error_code="damaged", error_en="It is damaged.", attempts=3)
    assert add_document(handbook, "leave.md", file(), by=admin) == leave
    version = fresh(leave).latest_version
    assert version is not None
    assert (version.state, version.attempts, version.error_code) == (State.QUEUED, 0, "")


def test_a_known_external_id_gets_a_new_version(admin: Person, handbook: Collection) -> None:
    about = About(external_id="hr/leave.md")
    first = add(handbook, "leave.md", file(), about, by=admin)
    again = add(handbook, "leave.md", file(), about, by=admin)
    second = add(handbook, "leave.md", file(LEAVE_2), about, by=admin)
    assert [upload.outcome for upload in (first, again, second)] == ["added", "unchanged", "replaced"]
    assert first.document == again.document == second.document
    assert (again.version.number, second.version.number) == (1, 2)


def test_dates_must_be_in_order(admin: Person, handbook: Collection) -> None:
    with pytest.raises(DocumentError) as caught:
        add_document(handbook, "a.md", file(), by=admin, effective_from=date(2026, 1, 1), effective_to=date(2025, 1, 1))
    assert caught.value.code == "dates_reversed"


def test_a_file_that_is_too_large_is_refused(admin: Person, handbook: Collection, settings: Settings) -> None:
    settings.MAX_UPLOAD_MB = 0
    with pytest.raises(DocumentError, match="larger than 0 MB") as caught:
        add_document(handbook, "a.md", file(), by=admin)
    assert caught.value.kind == "too_large"
    assert "0 MB" in caught.value.sentence("zh-hans")


def test_a_full_storage_is_told(admin: Person, handbook: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    from kb.storage import StorageFull

    def full(self: object, file: object, limit: int) -> None:
        raise StorageFull("no space")

    monkeypatch.setattr(FolderStorage, "put", full)
    with pytest.raises(DocumentError) as caught:
        add_document(handbook, "a.md", file(), by=admin)
    assert caught.value.kind == "storage"


def test_a_file_that_vanished_while_it_was_added_is_noticed(
    admin: Person, handbook: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FolderStorage, "age", lambda self, sha256: None)
    with pytest.raises(DocumentError):
        add_document(handbook, "a.md", file(), by=admin)
    with acting_as_system():
        assert not Document.objects.exists()


def test_the_old_version_answers_until_the_new_one_is_ready(
    model_server: ModelServers, leave: Document, admin: Person
) -> None:
    work_next()
    second = replace_document(leave, "leave.md", file(LEAVE_2), by=admin)
    document = fresh(leave)
    assert document.current_version is not None
    assert (document.current_version.number, document.latest_version) == (1, second)
    work_next()
    assert fresh(leave).current_version == second


def test_replacing_by_the_same_bytes_changes_nothing(leave: Document, admin: Person) -> None:
    set_state(leave, State.READY, current=True)
    assert replace_document(leave, "other-name.md", file(), by=admin) == leave.latest_version
    with acting_as_system():
        assert leave.versions.count() == 1


def test_going_back_to_the_current_bytes_forgets_the_version_that_failed(leave: Document, admin: Person) -> None:
    set_state(leave, State.READY, current=True)
    replace_document(leave, "leave.md", file(b"not a policy"), by=admin)
    set_state(fresh(leave), State.FAILED)
    assert replace_document(leave, "leave.md", file(), by=admin).number == 1
    assert fresh(leave).latest_version == fresh(leave).current_version


def test_going_back_while_another_version_is_at_work_makes_a_third(leave: Document, admin: Person) -> None:
    set_state(leave, State.READY, current=True)
    replace_document(leave, "leave.md", file(LEAVE_2), by=admin)
    assert replace_document(leave, "leave.md", file(), by=admin).number == 3


def test_deleting_removes_every_trace(
    model_server: ModelServers, leave: Document, admin: Person, alice: Person
) -> None:
    work_next()
    replace_document(leave, "leave.md", file(LEAVE_2), by=admin)
    narrow(leave, ["People"], by=admin)
    delete_document(leave, by=admin)
    delete_document(leave, by=admin)
    with acting_as_system():
        for model in (Document, DocumentVersion, Page, Passage, Posting, PassageVector, IndexedVersion):
            assert not model.objects.exists(), model
    assert not Scope.objects.filter(is_default=False).exists()


def test_files_nobody_needs_go_after_their_grace_time(
    leave: Document,
    admin: Person,
    handbook: Collection,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    other = add_document(handbook, "copy.md", file(), by=admin)
    sha256 = other.latest_version.sha256 if other.latest_version else ""
    kept = storage()
    assert isinstance(kept, FolderStorage)
    os.utime(kept.path(sha256), (time.time() - 5000,) * 2)
    with django_capture_on_commit_callbacks(execute=True):
        delete_document(leave, by=admin)
    assert kept.age(sha256) is not None  # the copy needs it
    os.utime(kept.path(sha256), (time.time(),) * 2)
    with django_capture_on_commit_callbacks(execute=True):
        delete_document(other, by=admin)
    assert kept.age(sha256) is not None  # somebody may be adding it just now
    os.utime(kept.path(sha256), (time.time() - 5000,) * 2)
    assert collect_garbage() >= 1
    assert kept.age(sha256) is None


def test_retry_is_for_what_failed(leave: Document, admin: Person) -> None:
    with pytest.raises(DocumentError) as caught:
        retry(leave, admin)
    assert caught.value.code == "nothing_to_retry"
    set_state(leave, State.CANCELLED)
    assert retry(leave, admin).state == State.QUEUED


def test_cancel_is_for_what_is_at_work(model_server: ModelServers, leave: Document, admin: Person) -> None:
    assert cancel(leave, admin).state == State.CANCELLED
    assert not work_next()
    with pytest.raises(DocumentError) as caught:
        cancel(leave, admin)
    assert caught.value.code == "nothing_to_cancel"
    retry(leave, admin)
    work_next()
    assert fresh(leave).current_version_id == leave.latest_version_id


def test_a_narrowed_document_is_read_by_its_groups_alone(
    model_server: ModelServers, leave: Document, admin: Person, alice: Person, bob: Person
) -> None:
    work_next()
    narrow(leave, ["People"], by=admin)
    narrow(leave, ["People"], by=admin)
    with acting_as(alice):
        assert document_for(leave.pk) == leave
        assert Passage.objects.exists()
        assert Posting.objects.exists()
    with acting_as(bob):
        for model in (Document, DocumentVersion, Page, Passage, Posting, PassageVector, IndexedVersion):
            assert not model.objects.exists(), model
    widen(leave, by=admin)
    with acting_as(bob):
        for model in (Document, DocumentVersion, Page, Passage, Posting, PassageVector, IndexedVersion):
            assert model.objects.exists(), model
    assert Scope.objects.filter(collection=leave.collection).count() == 1


def test_a_moved_document_is_read_by_its_new_readers(
    model_server: ModelServers, leave: Document, admin: Person, people_files: Collection, alice: Person, bob: Person
) -> None:
    work_next()
    move(leave, people_files, by=admin)
    with acting_as(alice):
        assert document_for(leave.pk).collection == people_files
        assert {passage.collection_id for passage in Passage.objects.all()} == {people_files.pk}
    with acting_as(bob):
        assert not Passage.objects.exists()
        assert not Posting.objects.exists()


def test_what_is_written_after_a_move_goes_to_the_new_readers(
    model_server: ModelServers, leave: Document, admin: Person, people_files: Collection, bob: Person
) -> None:
    move(leave, people_files, by=admin)
    work_next()
    with acting_as(bob):
        assert not Passage.objects.exists()
    with acting_as_system():
        assert {passage.collection_id for passage in Passage.objects.all()} == {people_files.pk}


VERBS: list[Callable[[Document, Collection, Person], object]] = [
    lambda document, shelf, person: add_document(shelf, "x.md", file(), by=person),
    lambda document, shelf, person: replace_document(document, "x.md", file(), by=person),
    lambda document, shelf, person: delete_document(document, by=person),
    lambda document, shelf, person: retry(document, person),
    lambda document, shelf, person: cancel(document, person),
    lambda document, shelf, person: move(document, shelf, by=person),
    lambda document, shelf, person: narrow(document, ["Engineering"], by=person),
    lambda document, shelf, person: widen(document, by=person),
]


@pytest.mark.parametrize("verb", VERBS)
def test_nobody_changes_what_they_do_not_look_after(
    verb: Callable[[Document, Collection, Person], object],
    admin: Person,
    alice: Person,
    bob: Person,
    people_files: Collection,
) -> None:
    document = add_document(people_files, "pay.md", file(), by=admin)
    bob.is_staff = True  # staff of another group
    bob.save()
    for person in (alice, bob):  # a reader who is no staff, staff who is no reader
        with pytest.raises(DocumentError) as caught:
            verb(document, people_files, person)
        assert caught.value.kind == "forbidden"


def test_staff_may_not_move_a_document_where_they_have_no_say(
    admin: Person, alice: Person, handbook: Collection, people_files: Collection, bob: Person
) -> None:
    bob.is_staff = True
    bob.save()
    document = add_document(handbook, "pay.md", file(), by=bob)
    with pytest.raises(DocumentError) as caught:
        move(document, people_files, by=bob)
    assert caught.value.kind == "forbidden"


@pytest.mark.parametrize("verb", VERBS[1:2] + VERBS[3:])
def test_what_was_deleted_meanwhile_is_not_found(
    verb: Callable[[Document, Collection, Person], object], leave: Document, admin: Person, people_files: Collection
) -> None:
    delete_document(leave, by=admin)
    with pytest.raises(DocumentError) as caught:
        verb(leave, people_files, admin)
    assert caught.value.kind == "not_found"


def test_a_collection_deleted_meanwhile_is_not_found(admin: Person, handbook: Collection) -> None:
    documents.delete_collection(handbook, by=admin)
    with pytest.raises(DocumentError) as caught:
        add_document(handbook, "a.md", file(), by=admin)
    assert caught.value.kind == "not_found"
