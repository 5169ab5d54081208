"""Files become findable, step by step, whatever happens on the way."""

import threading
from collections.abc import Sequence
from io import BytesIO

import numpy as np
import pytest

from accounts.models import Person
from kb import indexing, ingest, leases, setbacks
from kb.access import acting_as, acting_as_system
from kb.documents import add_document, cancel, delete_document, replace_document
from kb.embedding import Vectors, embed_documents
from kb.ingest import Job, finish, work_next
from kb.leases import Lease
from kb.models import Collection, Document, DocumentVersion, Page, Passage, State
from kb.models_index import IndexedVersion, PassageVector, Posting
from llm.errors import ModelError
from llm.profiles import ModelServers
from tests.kb.ingesting import (
    TRAVEL,
    Arrange,
    Killed,
    assert_ready_once,
    change,
    dies_at,
    fall_silent,
    patch,
    taken,
    version_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("model_server")]


def test_an_uploaded_file_becomes_ready(travel: Document) -> None:
    assert work_next() == [travel.latest_version_id]
    assert_ready_once(travel)
    version = version_of(travel)
    assert version.ready_at is not None
    assert (version.document.title, version.media_type, version.language) == ("Travel policy", "text/markdown", "en")
    assert (version.progress_done, version.progress_total) == (version.passage_count, version.passage_count)
    assert not work_next()


def test_a_title_that_a_person_gave_stays(admin: Person, handbook: Collection) -> None:
    document = add_document(handbook, "travel.md", BytesIO(TRAVEL), by=admin, title="How we travel")
    work_next()
    assert version_of(document).document.title == "How we travel"


def test_a_reader_finds_it_only_when_it_is_ready(rules: Document, admin: Person) -> None:
    ingest.STEPS[0](Job(taken(rules)))
    with acting_as(admin):
        assert Document.objects.get(pk=rules.pk).current_version is None


@pytest.mark.parametrize("keep_reading", [True, False])
def test_every_step_run_twice_changes_nothing(rules: Document, keep_reading: bool) -> None:
    work_next()
    change(rules, state=State.QUEUED, **({} if keep_reading else {"parsed_at": None, "attempts": 1}))
    work_next()
    assert_ready_once(rules)


@pytest.mark.parametrize("write", range(1, 11))
def test_a_worker_that_dies_at_any_write_loses_nothing(
    rules: Document, monkeypatch: pytest.MonkeyPatch, write: int
) -> None:
    monkeypatch.setattr(ingest, "PAGES_AT_ONCE", 1)
    with monkeypatch.context() as until_death:
        until_death.setattr(Lease, "writing", dies_at(Lease.writing, write))
        with pytest.raises(Killed):
            work_next()
    assert not work_next()  # it seems at work
    fall_silent(rules)
    assert work_next() == [rules.latest_version_id]
    assert_ready_once(rules)


def test_embedding_goes_on_after_the_last_batch(rules: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded: list[str] = []

    def embed(texts: Sequence[str], servers: ModelServers) -> Vectors:
        if len(embedded) == 4:
            embedded.append("the call that fails")
            raise ModelError("overloaded", wait="long")
        embedded.extend(texts)
        return np.eye(len(texts), 256, dtype=np.float32)

    patch(monkeypatch, "embed_documents", embed)
    work_next()
    change(rules, retry_at=None)
    work_next()
    assert_ready_once(rules)
    assert len(embedded) == version_of(rules).passage_count + 1


def test_a_large_file_lets_somebody_elses_go_first_and_goes_on_where_it_was(
    rules: Document, handbook: Collection, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice.is_staff = True
    alice.save()
    other = add_document(handbook, "other.md", BytesIO(TRAVEL), by=alice)
    embedded: list[str] = []

    def counted(texts: Sequence[str], servers: ModelServers) -> Vectors:
        embedded.extend(texts)
        return embed_documents(texts, servers)

    monkeypatch.setattr(leases, "TURN_SECONDS", 0)
    monkeypatch.setattr(ingest, "embed_documents", counted)
    assert work_next([rules.latest_version_id or 0]) == [rules.latest_version_id]
    version = version_of(rules)
    assert (version.state, version.lease, version.attempts) == (State.EMBEDDING, "", 0), "giving way is no failure"
    assert len(embedded) == 2, "one batch, and none is thrown away"
    assert work_next() == [other.latest_version_id], "the other's turn"
    with monkeypatch.context() as resumed:
        resumed.setattr(indexing, "index_terms", lambda *_, **__: pytest.fail("what the index holds is written again"))
        assert work_next() == [rules.latest_version_id]
    assert version_of(other).state == State.READY
    assert version_of(rules).state == State.READY
    with acting_as_system():
        vectors = PassageVector.objects.filter(version_id=version.pk).values_list("passage_id", flat=True)
        assert sorted(vectors) == sorted(version.passages.values_list("pk", flat=True))
    assert len(embedded) == len(set(embedded)) == version.passage_count + version_of(other).passage_count
    with acting_as_system():
        held = {row.passage_id: row.length for row in Posting.objects.filter(version_id=version.pk)}
        total = IndexedVersion.objects.get(pk=version.pk)
    assert (total.passages, total.length) == (version.passage_count, sum(held.values()))


def test_cancelling_stops_a_file_that_is_being_read(travel: Document, admin: Person, on_pulse: Arrange) -> None:
    on_pulse(lambda: cancel(travel, admin))
    work_next()
    assert version_of(travel).state == State.CANCELLED
    with acting_as_system():
        assert not Page.objects.exists()
        assert not Passage.objects.exists()


def test_cancelling_does_not_wait_for_a_model(
    rules: Document, admin: Person, on_pulse: Arrange, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    asked = threading.Event()

    def slow(texts: Sequence[str], servers: ModelServers) -> Vectors:
        asked.set()
        release.wait(60)
        return np.eye(len(texts), 256, dtype=np.float32)

    patch(monkeypatch, "embed_documents", slow)
    on_pulse(lambda: asked.is_set() and cancel(rules, admin))
    wanted = Lease.pulse

    def pulse(lease: Lease) -> None:
        if asked.is_set():
            wanted(lease)

    monkeypatch.setattr(Lease, "pulse", pulse)
    work_next()
    assert not release.is_set()
    release.set()
    assert version_of(rules).state == State.CANCELLED
    with acting_as_system():
        assert not Passage.objects.exists()
        assert not PassageVector.objects.exists()


def test_a_document_deleted_while_it_is_read_leaves_nothing(travel: Document, admin: Person, on_pulse: Arrange) -> None:
    on_pulse(lambda: delete_document(travel, by=admin))
    work_next()
    with acting_as_system():
        assert not Page.objects.exists()
        assert not DocumentVersion.objects.exists()


def test_a_worker_that_lost_its_lease_writes_nothing_more(rules: Document, on_pulse: Arrange) -> None:
    others: list[Lease] = []

    def another_takes_it() -> None:
        fall_silent(rules)
        others.append(taken(rules))

    on_pulse(another_takes_it)
    work_next()
    version = version_of(rules)
    assert (version.state, version.lease) == (State.PARSING, others[0].token)
    with acting_as_system():
        assert not Page.objects.exists()
    ingest.bring_to_end(others[0])
    assert_ready_once(rules)


def test_progress_is_shown(rules: Document, on_pulse: Arrange, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, str, int, int | None]] = []
    monkeypatch.setattr(leases, "PULSE_SECONDS", 0)
    pulse = Lease.pulse

    def watched(lease: Lease) -> None:
        pulse(lease)
        version = version_of(rules)
        seen.append((version.state, version.progress_unit, version.progress_done, version.progress_total))

    monkeypatch.setattr(Lease, "pulse", watched)
    work_next()
    count = version_of(rules).passage_count
    assert {state for state, *_ in seen} == {State.PARSING, State.EMBEDDING, State.INDEXING}
    assert (State.EMBEDDING, "passages", 4, count) in seen
    assert (State.INDEXING, "passages", count, count) in seen


def test_an_older_version_that_ends_later_does_not_take_over(travel: Document, admin: Person) -> None:
    first = travel.latest_version_id
    second = replace_document(travel, "travel.md", BytesIO(TRAVEL.replace(b"180", b"200")), by=admin)
    assert work_next([second.pk]) == [second.pk]
    assert first
    assert work_next([first]) == [first]
    with acting_as_system():
        assert Document.objects.get(pk=travel.pk).current_version_id == second.pk


def test_finish_brings_all_to_their_end_and_tells_how_far_it_is(
    travel: Document, admin: Person, handbook: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setbacks, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(ingest, "WAIT_SECONDS", 0.01)
    fails = [ModelError("overloaded", wait="long")]
    embed = embed_documents

    def sometimes(texts: Sequence[str], servers: ModelServers) -> Vectors:
        if any("180 euros" in text for text in texts):
            raise ZeroDivisionError
        if fails:
            raise fails.pop()
        return embed(texts, servers)

    patch(monkeypatch, "embed_documents", sometimes)
    other = add_document(handbook, "other.md", BytesIO(b"# Other\n\nOther words."), by=admin)
    heard: list[tuple[int, int]] = []
    ids = [document.latest_version_id or 0 for document in (travel, other, travel)]
    finish(ids, lambda done, total: heard.append((done, total)))
    assert version_of(travel).error_code == "internal"
    assert version_of(other).state == State.READY
    assert heard[-1] == (2, 2)
