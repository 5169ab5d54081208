"""A scripted model server for whoever asks for it."""

from collections.abc import Iterator

import pytest

from tests.llm.scripted import ScriptedServer


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    """A model server of its own port that answers what the test enqueues. See `tests.llm.scripted`."""
    with ScriptedServer() as server:
        yield server
