"""The local model server runs where a command needs it, and no longer than that."""

import socket
import sys
import threading
import urllib.request

import pytest

from llm.companion import local_models
from llm.errors import ModelError
from llm.profiles import ModelServers


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_it_is_started_and_stopped_with_the_block() -> None:
    port = free_port()
    servers = ModelServers.from_environment({"LOCAL_MODEL_URL": f"http://localhost:{port}/v1"})
    with local_models(servers), urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models") as response:
        assert response.status == 200
    assert not listens(port)


def test_one_that_runs_is_used_and_left_alone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as running:
        port = running.getsockname()[1]
        with local_models(ModelServers.from_environment({"LOCAL_MODEL_URL": f"http://127.0.0.1:{port}/v1"})):
            pass
        assert listens(port)


def test_one_that_goes_away_meanwhile_is_followed_by_ours() -> None:
    running = socket.create_server(("127.0.0.1", 0))
    port = running.getsockname()[1]
    with local_models(ModelServers.from_environment({"LOCAL_MODEL_URL": f"http://127.0.0.1:{port}/v1"})):
        running.close()
        while not listens(port):
            threading.Event().wait(0.05)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models") as response:
            assert response.status == 200
    assert not listens(port)


def test_one_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    servers = ModelServers.from_environment({"LOCAL_MODEL_URL": f"http://127.0.0.1:{free_port()}/v1"})
    with pytest.raises(ModelError, match="does not start"), local_models(servers):
        pass


def test_other_servers_and_other_machines_are_not_ours_to_start() -> None:
    for environment in (
        {"OPENAI_API_KEY": "sk-test", "RERANK_URL": "off"},
        {"LOCAL_MODEL_URL": "http://models.example:8001/v1"},
    ):
        with local_models(ModelServers.from_environment(environment)):
            pass
