"""What tests of ingestion share: documents, and versions in the middle of their way."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from kb import bursts, ingest, leases
from kb.access import acting_as_system
from kb.leases import SILENCE_SECONDS, Lease
from kb.models import Document, DocumentVersion, Passage, State
from kb.models_index import PassageVector, Posting

TRAVEL = b"""# Travel policy

## Hotels

Employees may spend up to 180 euros for a night in a hotel.

## Trains

Trains are booked in second class, flights over six hours in premium economy.
"""
LONG = "# Rules\n\n" + "\n\n".join(
    f"## Rule {number}\n\n" + f"Sentence {number} says what rule {number} wants. " * 20 for number in range(12)
)


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


def taken(document: Document) -> Lease:
    lease = leases.claim(document.latest_version_id)
    assert lease is not None
    return lease


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


def raising(error: BaseException) -> Callable[..., Any]:
    def fails(*args: Any, **kwargs: Any) -> Any:
        raise error

    return fails


Arrange = Callable[[Callable[[], object]], None]
