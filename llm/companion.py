"""The local model server for one command: the one that runs, or one that starts and ends with the command."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from llm.errors import ModelError
from llm.profiles import ModelServers

START_SECONDS = 30
LOOK_SECONDS = 0.25


@contextmanager
def local_models(servers: ModelServers) -> Iterator[None]:
    """While the block lasts the local model server answers, if `servers` needs it and it lives on this machine.

    One that another command had started ends with that command, perhaps in the middle of ours: then ours starts.

    Raises:
        ModelError: kind "configuration", when it cannot be started.
    """
    place = _place(servers)
    if place is None:
        yield
        return
    companion = _Companion(*place)
    companion.ensure()
    watching = threading.Thread(target=companion.watch, name="local-models", daemon=True)
    watching.start()
    try:
        yield
    finally:
        companion.ended.set()
        watching.join()
        companion.stop()


class _Companion:
    """The server at one address, ours or somebody else's."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.ended = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None

    def ensure(self) -> None:
        """Start the server unless one answers, and wait until it does. Raises ModelError."""
        if _listens(self.host, self.port):
            return
        self.stop()
        command = [sys.executable, "-m", "llm.local", "--host", self.host, "--port", str(self.port)]
        process = self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603
        deadline = time.monotonic() + START_SECONDS
        while not _listens(self.host, self.port):
            if process.poll() is not None or time.monotonic() > deadline or self.ended.is_set():
                self.stop()
                raise ModelError("configuration", f"The local model server does not start at {self.host}:{self.port}.")
            time.sleep(0.05)

    def watch(self) -> None:
        """Keep the server there until the block ends."""
        while not self.ended.wait(LOOK_SECONDS):
            try:
                self.ensure()
            except ModelError:  # whoever asks the server next is told
                continue

    def stop(self) -> None:
        """End the server, if it is ours."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


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
