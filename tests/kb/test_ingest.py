"""Files become findable, step by step, whatever happens on the way."""

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from io import BytesIO
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from django.db import OperationalError
from django.utils import timezone

from accounts.models import Person
from kb import bursts, ingest, leases, setbacks
from kb.access import acting_as, acting_as_system
from kb.documents import add_document, cancel, delete_document, replace_document, retry
from kb.embedding import Vectors, embed_documents
from kb.ingest import Job, finish, work_next
from kb.leases import SILENCE_SECONDS, Lease
from kb.models import Collection, Document, DocumentVersion, Page, Passage, State
from kb.models_index import PassageVector, Posting
from kb.storage import storage
from llm.errors import ModelError
from llm.profiles import ModelServers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("model_server")]

TRAVEL = b"""# Travel policy

## Hotels

Employees may spend up to 180 euros for a night in a hotel.

## Trains

Trains are booked in second class, flights over six hours in premium economy.
"""
LONG = "# Rules\n\n" + "\n\n".join(
    f"## Rule {number}\n\n" + f"Sentence {number} says what rule {number} wants. " * 20 for number in range(12)
)


@pytest.fixture
def travel(admin: Person, handbook: Collection) -> Document:
    return add_document(handbook, "travel.md", BytesIO(TRAVEL), by=admin)


@pytest.fixture
def rules(admin: Person, handbook: Collection, monkeypatch: pytest.MonkeyPatch) -> Document:
    """A document that takes several batches in every step."""
    monkeypatch.setattr(ingest, "PASSAGES_AT_ONCE", 2)
    monkeypatch.setattr(bursts, "SMALL_BYTES", 0)
    return add_document(handbook, "rules.md", BytesIO(LONG.encode()), by=admin)


def patch(monkeypatch: pytest.MonkeyPatch, name: str, value: object) -> None:
    """Replace what files that go alone and files that go together both use."""
    for module in (ingest, bursts):
        monkeypatch.setattr(module, name, value)


def version_of(document: Document) -> DocumentVersion:
    with acting_as_system():
        return DocumentVersion.objects.select_related("document").get(pk=document.latest_version_id or 0)


def change(document: Document, **fields: Any) -> None:
    with acting_as_system():
        DocumentVersion.objects.filter(pk=document.latest_version_id or 0).update(**fields)


def fall_silent(document: Document) -> None:
    """As if the worker that has it had died a while ago."""
    change(document, heartbeat_at=timezone.now() - timedelta(seconds=SILENCE_SECONDS + 1))


def assert_ready_once(document: Document) -> None:
    """The version is ready, and its pages, passages, vectors and postings are complete and stand there once."""
    version = version_of(document)
    assert (version.state, version.lease, version.error_code) == (State.READY, "", "")
    with acting_as_system():
        assert Document.objects.get(pk=document.pk).current_version_id == version.pk
        text = "".join(version.pages.values_list("text", flat=True))
        passages = list(version.passages.all())
        assert len(text) == version.characters
        assert [text[passage.start : passage.end] for passage in passages] == [passage.text for passage in passages]
        assert [passage.ordinal for passage in passages] == list(range(version.passage_count))
        assert Passage.objects.count() == version.passage_count
        assert sorted(PassageVector.objects.values_list("passage_id", flat=True)) == [row.pk for row in passages]
        assert set(Posting.objects.values_list("passage_id", flat=True)) == {row.pk for row in passages}


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
    ingest.STEPS[0](job := Job(taken(rules), ExitStack()))
    with job.resources, acting_as(admin):
        assert Document.objects.get(pk=rules.pk).current_version is None


def taken(document: Document) -> Lease:
    lease = leases.claim(document.latest_version_id)
    assert lease is not None
    return lease


@pytest.mark.parametrize("keep_reading", [True, False])
def test_every_step_run_twice_changes_nothing(rules: Document, keep_reading: bool) -> None:
    work_next()
    change(rules, state=State.QUEUED, **({} if keep_reading else {"parsed_at": None, "attempts": 1}))
    work_next()
    assert_ready_once(rules)


class Killed(BaseException):
    """A worker's sudden end: nothing of ours gets to clean up after it."""


def dies_at(call: Callable[..., Any], times: int) -> Callable[..., Any]:
    """`call`, until it is called for the `times`-th time."""
    calls = 0

    def killed(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == times:
            raise Killed
        return call(*args, **kwargs)

    return killed


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
    assert work_next() == [rules.latest_version_id]
    assert version_of(other).state == State.READY
    assert version_of(rules).state == State.READY
    with acting_as_system():
        vectors = PassageVector.objects.filter(version_id=version.pk).values_list("passage_id", flat=True)
        assert sorted(vectors) == sorted(version.passages.values_list("pk", flat=True))
    assert len(embedded) == len(set(embedded)) == version.passage_count + version_of(other).passage_count


def test_a_model_server_that_is_away_is_asked_again_later(travel: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as away:
        patch(away, "embed_documents", raising(ModelError("overloaded", "busy", wait="long")))
        work_next()
    version = version_of(travel)
    assert (version.state, version.lease, version.error_code) == (State.EMBEDDING, "", "overloaded")
    assert version.error_en
    assert version.error_zh
    assert version.retry_at is not None
    assert version.retry_at > timezone.now()
    assert not work_next()
    change(travel, retry_at=timezone.now())
    work_next()
    assert_ready_once(travel)


def raising(error: BaseException) -> Callable[..., Any]:
    def fails(*args: Any, **kwargs: Any) -> Any:
        raise error

    return fails


def test_waits_grow_and_end(travel: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    patch(monkeypatch, "embed_documents", raising(ModelError("timeout", wait="limited")))
    waits = []
    while (version := version_of(travel)).state != State.FAILED:
        work_next()
        if (retry_at := version_of(travel).retry_at) is not None:
            waits.append((retry_at - timezone.now()).total_seconds())
            change(travel, retry_at=None)
    assert all(later > 0.9 * earlier for earlier, later in pairwise(waits))
    assert waits[0] < 10
    assert waits[-1] < setbacks.LONGEST_WAIT_SECONDS + 1
    assert len(waits) == setbacks.ATTEMPTS - 1
    assert (version.error_code, bool(version.error_en), bool(version.error_zh)) == ("timeout", True, True)


def test_a_server_that_says_when_is_asked_no_sooner(travel: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    slow_down = ModelError("rate_limit", wait="long", retry_after=900)
    patch(monkeypatch, "embed_documents", raising(slow_down))
    work_next()
    retry_at = version_of(travel).retry_at
    assert retry_at is not None
    assert (retry_at - timezone.now()).total_seconds() > 800


def test_what_a_person_must_mend_fails_at_once_and_goes_on_from_there(
    travel: Document, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as wrong_key:
        patch(wrong_key, "embed_documents", raising(ModelError("authentication", "bad key")))
        work_next()
    assert (version_of(travel).state, version_of(travel).error_code) == (State.FAILED, "authentication")
    retry(travel, admin)
    patch(monkeypatch, "parse_file", raising(AssertionError("it was read already")))
    work_next()
    assert_ready_once(travel)


def test_a_bad_file_says_why_and_stops_no_other(travel: Document, admin: Person, handbook: Collection) -> None:
    bad = add_document(handbook, "broken.pdf", BytesIO(b"%PDF-1.7 but nothing else"), by=admin)
    other = add_document(handbook, "other.md", BytesIO(b"# Other\n\nOther words."), by=admin)
    while work_next():
        pass
    version = version_of(bad)
    assert version.state == State.FAILED
    assert version.error_code in ("damaged", "no_text")
    assert "file" in version.error_en
    assert "文件" in version.error_zh
    assert {version_of(document).state for document in (travel, other)} == {State.READY}


def test_a_file_without_words_says_so(admin: Person, handbook: Collection) -> None:
    document = add_document(handbook, "empty.txt", BytesIO(b" \n\n "), by=admin)
    work_next()
    assert version_of(document).error_code in ("empty", "no_text")


def test_a_bug_is_raised_and_leaves_a_neutral_sentence(travel: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bursts, "passages", raising(ZeroDivisionError("secret detail")))
    with pytest.raises(ZeroDivisionError):
        work_next()
    version = version_of(travel)
    assert (version.state, version.error_code) == (State.FAILED, "internal")
    assert "secret detail" not in version.error_en
    with acting_as_system():
        assert not Page.objects.exists()


def test_a_database_that_is_away_fails_no_document(travel: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as away:
        away.setattr(bursts, "passages", raising(OperationalError("the server closed the connection")))
        with pytest.raises(OperationalError):
            work_next()
    assert version_of(travel).state == State.PARSING
    fall_silent(travel)
    work_next()
    assert_ready_once(travel)


def test_a_file_that_is_gone_says_so(travel: Document) -> None:
    storage().delete(version_of(travel).sha256)
    work_next()
    assert version_of(travel).error_code == "file_missing"


def test_a_worker_told_to_end_lets_another_go_on_at_once(travel: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as told:
        patch(told, "embed_documents", raising(SystemExit()))
        with pytest.raises(SystemExit):
            work_next()
    assert work_next() == [travel.latest_version_id]
    assert_ready_once(travel)


def test_a_version_that_kills_its_workers_is_given_up(travel: Document) -> None:
    change(travel, state=State.PARSING, attempts=setbacks.ATTEMPTS)
    work_next()
    assert (version_of(travel).state, version_of(travel).error_code) == (State.FAILED, "gave_up")


@pytest.fixture
def on_pulse(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Let something happen while a worker is in the middle of its work."""
    monkeypatch.setattr(leases, "PULSE_SECONDS", 0)
    monkeypatch.setattr(leases, "LOOK_SECONDS", 0.02)

    def arrange(event: Callable[[], object]) -> None:
        pulse = Lease.pulse
        happened: list[object] = []

        def pulsing(lease: Lease) -> None:
            if not happened:
                happened.append(event())
            pulse(lease)

        monkeypatch.setattr(Lease, "pulse", pulsing)

    return arrange


Arrange = Callable[[Callable[[], object]], None]


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


def test_what_a_failed_version_kept_goes_with_the_next_one(
    travel: Document, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as wrong_key:
        patch(wrong_key, "embed_documents", raising(ModelError("authentication", "bad key")))
        work_next()
    second = replace_document(travel, "travel.md", BytesIO(TRAVEL.replace(b"180", b"200")), by=admin)
    work_next()
    with acting_as_system():
        assert set(Passage.objects.values_list("version", flat=True)) == {second.pk}
        assert set(Page.objects.values_list("version", flat=True)) == {second.pk}


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
