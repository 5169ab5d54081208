"""The offline model server, over real HTTP."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from llm.local.server import create_app
from llm.profiles import ModelServers
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
