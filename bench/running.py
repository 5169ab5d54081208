"""Zhinang's processes as `make run` starts them, in a folder of their own, and people who use its API."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
START_SECONDS = 120


@contextmanager
def installation() -> Iterator[Path]:
    """A folder with an embedded database of its own, prepared. No process runs yet. Gone after the block.

    Django is set up for it, so this comes first in a process.
    """
    for name in ("DATABASE_URL", "CELERY_BROKER_URL", "STORAGE_URL"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        models = str(_free_port())
        os.environ |= {
            "VAR_DIR": folder,
            "LOAD_SAMPLES": "false",
            "HOST": HOST,
            "PORT": str(_free_port()),
            "LOCAL_MODEL_PORT": models,
            "LOCAL_MODEL_URL": f"http://{HOST}:{models}/v1",
        }
        import django

        django.setup()
        from config.launch import prepare_database, stop_database

        prepare_database()
        try:
            yield Path(folder)
        finally:
            stop_database()


@contextmanager
def process(name: str) -> Iterator[int]:
    """A process of the Procfile, in a group of its own; its number."""
    from honcho.environ import parse_procfile

    from config.launch import ROOT, environment_of_processes

    command = parse_procfile((ROOT / "Procfile").read_text()).processes[name]
    started = subprocess.Popen(  # noqa: S602
        command, shell=True, env=environment_of_processes(), cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        if name == "web":
            _wait_for_web()
        yield started.pid
    finally:
        os.killpg(started.pid, signal.SIGQUIT if name == "worker" else signal.SIGTERM)
        try:
            started.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()


@dataclass(frozen=True)
class Uploader:
    """A person with a collection, as the API knows them."""

    key: str
    collection: int

    def send(self, method: str, path: str, **more: Any) -> Any:
        import httpx2

        headers = {"Authorization": f"Bearer {self.key}"}
        url = f"http://{HOST}:{os.environ['PORT']}/api/v1{path}"
        reply = httpx2.request(method, url, headers=headers, timeout=300, **more)
        reply.raise_for_status()
        return reply.json()

    def upload(self, files: Sequence[tuple[str, Any]]) -> list[int]:
        """The documents' numbers; `files` are names with contents, bytes or open files."""
        parts = [("files", (name, content)) for name, content in files]
        told = self.send("POST", f"/collections/{self.collection}/documents", files=parts)
        return [document["id"] for document in told["documents"]]

    def document(self, number: int) -> dict[str, Any]:
        """What the API tells of a document."""
        told: dict[str, Any] = self.send("GET", f"/documents/{number}")
        return told


def uploader(name: str) -> Uploader:
    """A new administrator with a new collection, both of this name."""
    from accounts.api_keys import create_api_key
    from accounts.models import Person
    from kb.collections import create_collection

    person = Person.objects.create(username=name, is_superuser=True, is_staff=True)
    return Uploader(create_api_key(person, "bench"), create_collection(name, by=person).pk)


def _wait_for_web() -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, int(os.environ["PORT"]))) == 0:
                return
        if time.monotonic() > deadline:
            raise RuntimeError("The web server does not start.")
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((HOST, 0))
        return int(free.getsockname()[1])
