"""The local model server for one command: the one that runs, or one that starts and ends with the command."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from llm.errors import ModelError
from llm.profiles import ModelServers

START_SECONDS = 30


@contextmanager
def local_models(servers: ModelServers) -> Iterator[None]:
    """While the block lasts the local model server answers, if `servers` needs it and it lives on this machine.

    Raises:
        ModelError: kind "configuration", when it cannot be started.
    """
    place = _place(servers)
    if place is None or _listens(*place):
        yield
        return
    host, port = place
    command = [sys.executable, "-m", "llm.local", "--host", host, "--port", str(port)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _listens(host, port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise ModelError("configuration", f"The local model server does not start at {host}:{port}.")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _place(servers: ModelServers) -> tuple[str, int] | None:
    """Host and port of the local server, None where `servers` needs none or it is another machine's."""
    pairs = ((servers.profile, servers.chat), (servers.embedding_profile, servers.embedding))
    url = next((endpoint.base_url for profile, endpoint in pairs if profile.name == "local"), None)
    if url is None:
        return None
    parts = urlsplit(url)
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname
    return (host, parts.port or 80) if host in ("127.0.0.1", "::1") else None


def _listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False
