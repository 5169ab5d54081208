"""What wakes workers: messages, and the sweep that needs none."""

from datetime import timedelta
from io import BytesIO
from socket import gethostname

import pytest
from celery import current_app
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.models import Person
from config.celery import app
from kb import bursts, queue, tasks
from kb.access import acting_as_system
from kb.documents import About, add, add_document
from kb.leases import SILENCE_SECONDS, claim
from kb.models import Collection, Document, DocumentVersion, State
from kb.status import queue as queue_status

pytestmark = pytest.mark.django_db


@pytest.fixture
def uploads(admin: Person, handbook: Collection) -> list[int]:
    names = ("a.md", "b.md", "c.md")
    documents = [add_document(handbook, name, BytesIO(f"# {name}".encode()), by=admin) for name in names]
    return [document.latest_version_id or 0 for document in documents]


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    messages: list[int] = []
    monkeypatch.setattr(tasks, "wake", lambda version_id, **options: messages.append(version_id))
    return messages


def test_the_tasks_are_known_by_their_names() -> None:
    app.loader.import_default_modules()
    assert {"kb.tasks.ingest_version", "kb.tasks.sweep", "kb.tasks.collect_garbage"} <= set(app.tasks)


@pytest.mark.usefixtures("model_server", "woken")
def test_the_sweep_says_that_its_machine_works() -> None:
    assert not queue_status().alive
    tasks.sweep()
    assert queue_status().workers == [gethostname()[:100]]


@pytest.mark.usefixtures("model_server")
def test_a_message_wakes_for_everything_there_is(uploads: list[int], woken: list[int]) -> None:
    assert tasks.ingest_version(uploads[2]) == 3
    assert tasks.ingest_version(uploads[0]) == 0
    assert woken == []


@pytest.mark.usefixtures("model_server")
def test_a_worker_gives_other_tasks_their_turn(
    uploads: list[int], woken: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "SLICE_SECONDS", -1)
    monkeypatch.setattr(bursts, "SMALL_BYTES", 0)
    assert tasks.ingest_version(uploads[0]) == 1
    assert woken == [uploads[0]]


def test_the_sweep_finds_what_no_message_tells_of(uploads: list[int], woken: list[int]) -> None:
    assert tasks.sweep() == 3
    assert woken == uploads
    claim(uploads[0])
    assert tasks.sweep() == 2
    with acting_as_system():
        silent = timezone.now() - timedelta(seconds=SILENCE_SECONDS + 1)
        DocumentVersion.objects.filter(pk=uploads[0]).update(heartbeat_at=silent)
        DocumentVersion.objects.filter(pk=uploads[1]).update(state=State.READY)
    woken.clear()
    assert tasks.sweep() == 2
    assert woken == [uploads[0], uploads[2]]


def test_the_sweep_lets_a_version_answer_whose_day_has_come(handbook: Collection, admin: Person) -> None:
    about = About(external_id="a", effective_from=timezone.localdate())
    first = add(handbook, "a.md", BytesIO(b"1"), About(external_id="a"), by=admin)
    second = add(handbook, "a.md", BytesIO(b"2"), about, by=admin)
    with acting_as_system():
        DocumentVersion.objects.update(state=State.READY)
        Document.objects.update(current_version=first.version)
    tasks.sweep()
    with acting_as_system():
        assert Document.objects.get().current_version == second.version


def test_a_broker_that_is_away_loses_no_document(
    uploads: list[int], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*args: object, **options: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(current_app, "send_task", away)
    queue.wake(uploads[0])
    assert "connection refused" in caplog.text


def test_garbage_is_collected() -> None:
    assert tasks.collect_garbage() >= 0
