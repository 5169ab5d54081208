"""What becomes of versions whose steps do not go well: failed with a sentence, tried again, or given back."""

from io import BytesIO
from itertools import pairwise

import pytest
from django.db import OperationalError
from django.utils import timezone

from accounts.models import Person
from kb import bursts, setbacks
from kb.access import acting_as_system
from kb.documents import add_document, replace_document, retry
from kb.ingest import work_next
from kb.models import Collection, Document, Page, Passage, State
from kb.storage import storage
from llm.errors import ModelError
from tests.kb.ingesting import TRAVEL, assert_ready_once, change, fall_silent, patch, raising, version_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("model_server")]


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
    patch(monkeypatch, "reading_of", raising(AssertionError("it was read already")))
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
