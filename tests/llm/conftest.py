"""A scripted model server for whoever asks for it."""

from collections.abc import Iterator

import pytest

from llm import capabilities
from llm.clients import ChatModel
from tests.llm.scripted import ScriptedServer


@pytest.fixture(scope="session")
def _scripted_server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def scripted(_scripted_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> ScriptedServer:
    """A model server that answers what the test enqueues, with nothing learned about it. See `tests.llm.scripted`."""
    monkeypatch.setattr(capabilities, "_known", {})
    _scripted_server.reset()
    return _scripted_server


@pytest.fixture
def instruct(scripted: ScriptedServer) -> ChatModel:
    return ChatModel(scripted.servers(), "instruct")


@pytest.fixture
def thinker(scripted: ScriptedServer) -> ChatModel:
    return ChatModel(scripted.servers(), "thinking")
