"""The parent's side of parsing: starts the parsing process, watches time and memory, ends it when it must."""

from __future__ import annotations

import logging
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from time import monotonic
from typing import Any

import orjson

from kb.parsing.errors import Fault, ParseError
from kb.parsing.limits import ParseLimits
from kb.parsing.recognized import Recognized, write_all
from kb.parsing.spool import ParsedFile, Summary, error_from

logger = logging.getLogger(__name__)

WATCH_SECONDS = 0.05
START_SECONDS = 60
FILES_PER_SERVER = 500
_ROOT = Path(__file__).resolve().parents[2]
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Server:
    """A parsing process that serves one file at a time. It gets nothing of our environment, thus no secret."""

    def __init__(self) -> None:
        environment = {"PYTHONPATH": str(_ROOT), "PATH": os.defpath, "LANG": "C.UTF-8", "HOME": "/nonexistent"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kb.parsing.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
        self.buffer = b""
        self.served = 0
        deadline = monotonic() + START_SECONDS
        while not any("ready" in message for message in self.messages(WATCH_SECONDS)):
            if monotonic() > deadline:
                self.end()
                raise RuntimeError("The parsing process did not start.")

    def send(self, request: dict[str, Any]) -> None:
        assert self.process.stdin
        self.served += 1
        self.process.stdin.write(orjson.dumps(request, option=orjson.OPT_APPEND_NEWLINE))
        self.process.stdin.flush()

    def messages(self, timeout: float) -> list[dict[str, Any]]:
        """What the process says within `timeout` seconds. Raises `EOFError` when it is gone."""
        assert self.process.stdout
        ready, _, _ = select.select([self.process.stdout], [], [], timeout)
        if not ready:
            return []
        block = os.read(self.process.stdout.fileno(), 1 << 20)
        if not block:
            raise EOFError
        *lines, self.buffer = (self.buffer + block).split(b"\n")
        return [orjson.loads(line) for line in lines]

    def memory(self) -> int:
        """The resident memory of the child that reads the file, in bytes."""
        total = 0
        for pid in _children(self.process.pid):
            try:
                total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
            except (OSError, IndexError):
                continue
        return total

    def end(self) -> None:
        """Kill the process and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


class ServerPool:
    """Idle servers, for as many threads as parse at a time."""

    def __init__(self) -> None:
        self.idle: list[Server] = []
        self.lock = Lock()
        self.pid = os.getpid()

    def take(self) -> Server:
        with self.lock:
            if self.pid != os.getpid():  # a forked worker must not talk to its parent's servers
                self.idle, self.pid = [], os.getpid()
            while self.idle:
                server = self.idle.pop()
                if server.process.poll() is None:
                    return server
                server.end()
        return Server()

    def give_back(self, server: Server) -> None:
        if server.served >= FILES_PER_SERVER:
            server.end()
            return
        with self.lock:
            self.idle.append(server)

    def close(self) -> None:
        with self.lock:
            idle, self.idle = self.idle, []
        for server in idle:
            server.end()


POOL = ServerPool()


def parse_file(
    path: Path,
    filename: str,
    limits: ParseLimits,
    progress: Callable[[int, int | None, str], None],
    cancelled: Callable[[], bool],
    recognized: Iterable[Recognized] = (),
    keep: Callable[[Recognized], None] = lambda recognized: None,
) -> ParsedFile:
    """Parse a file in a confined child process.

    `progress(done, total, unit)` hears how far it is: unit is "pages", "rows" or "characters", total may be None.
    `cancelled()` is asked several times a second. OCR passes over the pictures that are `recognized` already, and
    `keep()` hears of each further one; it may raise, and parsing ends there. Raises `ParseError` with a
    sentence for people, `Fault` for trouble that is not the file's.
    """
    folder = TemporaryDirectory(prefix="parse-")
    server = POOL.take()
    try:
        spool = Path(folder.name, "pages.jsonl")
        known = Path(folder.name, "recognized.jsonl")
        write_all(known, recognized)
        size = path.stat().st_size
        server.send(
            {
                "path": str(path.resolve()),
                "filename": filename,
                "limits": asdict(limits),
                "folder": folder.name,
                "spool": str(spool),
                "recognized": str(known),
            }
        )
        outcome = _watch(server, limits, size, progress, cancelled, keep)
        if "fault" in outcome:
            raise Fault(outcome["fault"])
        if "error" in outcome:
            logger.info("A file could not be read: %s %s", outcome["error"].get("code"), outcome.get("detail", ""))
            raise error_from(outcome["error"])
        parsed = ParsedFile(Summary.from_data(outcome["done"]), spool, folder)
    except BaseException as error:
        folder.cleanup()
        if isinstance(error, ParseError) and error.code not in _KILLED:
            POOL.give_back(server)
        else:
            server.end()
        raise
    POOL.give_back(server)
    return parsed


_KILLED = ("too_slow", "too_much_memory", "cancelled", "hostile")


def _watch(
    server: Server,
    limits: ParseLimits,
    size: int,
    progress: Callable[[int, int | None, str], None],
    cancelled: Callable[[], bool],
    keep: Callable[[Recognized], None],
) -> dict[str, Any]:
    """The outcome that the child reports. Raises `ParseError` when it passes a limit or dies."""
    outcome: dict[str, Any] = {}
    pages = 0
    started = heard = monotonic()
    while True:
        try:
            messages = server.messages(WATCH_SECONDS)
        except EOFError:
            raise ParseError("damaged") from None
        for message in messages:
            if "progress" in message:
                heard = monotonic()
                done, total, unit = message["progress"]
                pages = int(done) if unit == "pages" else 0
                progress(int(done), total, str(unit))
            elif "recognized" in message:
                heard = monotonic()
                keep(Recognized.from_data(message["recognized"]))
            elif "exit" in message:
                return outcome or _died(int(message["exit"]))
            else:
                outcome = message
        now = monotonic()
        if cancelled():
            raise ParseError("cancelled")
        if now - heard > limits.idle_seconds or now - started > limits.seconds_for(size, pages):
            raise ParseError("too_slow")
        if server.memory() > limits.memory_bytes:
            raise ParseError("too_much_memory")


def _died(status: int) -> dict[str, Any]:
    """What the death of a child without an outcome means."""
    signals = {-signal.SIGXCPU: "too_slow", -signal.SIGXFSZ: "too_large", -signal.SIGKILL: "too_much_memory"}
    return {"error": {"code": signals.get(status, "damaged")}}
