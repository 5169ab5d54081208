"""The offline model server, over real HTTP, and documents on their way."""

from collections.abc import Callable, Iterator
from io import BytesIO

import pytest
from pytest_django import Settings

from accounts.models import Person
from kb import bursts, ingest, leases
from kb.documents import add_document
from kb.leases import Lease
from kb.models import Collection, Document
from llm.local.server import create_app
from llm.profiles import ModelServers
from tests.kb.ingesting import LONG, TRAVEL
from tests.serving import served


@pytest.fixture(scope="session")
def local_models() -> Iterator[str]:
    """The address of the offline model server."""
    with served(create_app()) as url:
        yield f"{url}/v1"


@pytest.fixture
def model_server(local_models: str, settings: Settings) -> ModelServers:
    """Embeddings, chat and rerank come from the offline model server."""
    servers = ModelServers.from_environment({"LOCAL_MODEL_URL": local_models})
    settings.MODEL_SERVERS = servers
    return servers


@pytest.fixture
def travel(admin: Person, handbook: Collection) -> Document:
    return add_document(handbook, "travel.md", BytesIO(TRAVEL), by=admin)


@pytest.fixture
def rules(admin: Person, handbook: Collection, monkeypatch: pytest.MonkeyPatch) -> Document:
    """A document that takes several batches in every step."""
    monkeypatch.setattr(ingest, "PASSAGES_AT_ONCE", 2)
    monkeypatch.setattr(bursts, "SMALL_BYTES", 0)
    return add_document(handbook, "rules.md", BytesIO(LONG.encode()), by=admin)


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
