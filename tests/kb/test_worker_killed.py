"""Real workers, a real broker of files, real deaths: a version becomes ready once, whatever happened."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import anyio.to_thread
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from starlette.types import ASGIApp, Receive, Scope, Send

from accounts.models import Person
from kb.access import acting_as_system
from kb.documents import add_document, cancel, create_collection
from kb.leases import SILENCE_SECONDS
from kb.models import Collection, Document, DocumentVersion, Passage, State
from kb.models_index import PassageVector
from kb.models_recognized import RecognizedPicture
from kb.queue import quietly
from kb.tasks import sweep
from llm.local.server import create_app
from tests.kb.scans import scan
from tests.serving import served

pytestmark = pytest.mark.django_db(transaction=True)


class Gate:
    """The offline models; texts that hold the word `gate` wait until it is opened."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.url = app, ""
        self.asked, self.open = threading.Event(), threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def watched() -> Any:
            message = await receive()
            if b"gate" in message.get("body", b""):
                self.asked.set()
                await anyio.to_thread.run_sync(self.open.wait)
            return message

        await self.app(scope, watched, send)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate(create_app())
    with served(gate) as url:
        gate.url = f"{url}/v1"
        yield gate
        gate.open.set()


Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def start_worker(gate: Gate) -> Iterator[Start]:
    started = []
    database = {name: connection.settings_dict[name] for name in ("NAME", "HOST", "PORT", "USER", "PASSWORD")}
    given = {"database": database, "storage": settings.STORAGE_URL, "models": gate.url}

    def start() -> "subprocess.Popen[bytes]":
        environment = {**os.environ, "WORKER_OF_TEST": json.dumps(given)}
        worker = subprocess.Popen(
            [sys.executable, "-m", "tests.kb.worker"], env=environment, cwd=settings.BASE_DIR, start_new_session=True
        )
        started.append(worker)
        return worker

    yield start
    for worker in started:
        kill(worker)


def kill(worker: "subprocess.Popen[bytes]") -> None:
    """End a worker and its children as a machine's failure does."""
    if worker.poll() is None:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


@pytest.fixture
def shelf(admin: Person) -> Collection:
    return create_collection("Shelf", by=admin, everyone=True)


def upload(shelf: Collection, admin: Person, words: str) -> Document:
    text = "\n\n".join(f"## Part {number}\n\n{words} " * 3 for number in range(3))
    return add_document(shelf, f"{words}.md", BytesIO(text.encode()), by=admin)


def state_of(document: Document) -> str:
    with acting_as_system():
        return DocumentVersion.objects.values_list("state", flat=True).get(pk=document.latest_version_id or 0)


def wait_until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.05)


def test_a_version_whose_worker_was_killed_is_ready_once(
    gate: Gate, start_worker: Start, shelf: Collection, admin: Person
) -> None:
    worker = start_worker()
    document = upload(shelf, admin, "words behind the gate")
    gate.asked.wait()
    kill(worker)
    assert state_of(document) == State.EMBEDDING
    gate.open.set()
    start_worker()
    with acting_as_system():  # a minute later
        silent = timezone.now() - timedelta(seconds=SILENCE_SECONDS + 1)
        DocumentVersion.objects.filter(pk=document.latest_version_id or 0).update(heartbeat_at=silent)
    assert sweep() == 1
    wait_until(lambda: state_of(document) == State.READY)
    with acting_as_system():
        version = DocumentVersion.objects.get(pk=document.latest_version_id or 0)
        ordinals = list(version.passages.values_list("ordinal", flat=True))
        assert ordinals == list(range(version.passage_count))
        assert PassageVector.objects.count() == Passage.objects.count() == version.passage_count


def test_a_lost_message_and_a_cancelled_document_keep_no_other_waiting(
    gate: Gate, start_worker: Start, shelf: Collection, admin: Person
) -> None:
    start_worker()
    stuck = upload(shelf, admin, "words behind the gate")
    gate.asked.wait()
    with quietly():  # its message never reaches the broker
        other = upload(shelf, admin, "other words")
    cancel(stuck, admin)
    assert state_of(stuck) == State.CANCELLED
    sweep()
    wait_until(lambda: state_of(other) == State.READY)
    assert state_of(stuck) == State.CANCELLED
    with acting_as_system():
        assert not Passage.objects.filter(document=stuck).exists()


def test_a_scan_whose_worker_was_killed_goes_on_after_the_last_page_it_read(
    gate: Gate, start_worker: Start, shelf: Collection, admin: Person
) -> None:
    gate.open.set()
    worker = start_worker()
    document = add_document(shelf, "scan.pdf", scan(("The first page", "The second page", "The third page")), by=admin)
    version = document.latest_version_id or 0

    def read() -> int:
        with acting_as_system():
            return RecognizedPicture.objects.filter(version=version).count()

    wait_until(lambda: read() > 0)
    kill(worker)
    with acting_as_system():
        first = RecognizedPicture.objects.get(version=version, ordinal=0)
        first.data["lines"][0][0] = "As it was read before"
        first.save()
        silent = timezone.now() - timedelta(seconds=SILENCE_SECONDS + 1)
        DocumentVersion.objects.filter(pk=version).update(heartbeat_at=silent)
    start_worker()
    assert sweep() == 1
    wait_until(lambda: state_of(document) == State.READY)
    with acting_as_system():
        texts = list(DocumentVersion.objects.get(pk=version).pages.values_list("text", flat=True))
    assert [" ".join(text.split()) for text in texts] == ["As it was read before", "The second page", "The third page"]
    assert not read()
