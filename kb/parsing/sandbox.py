"""The parent's side of parsing: starts the parsing process, watches time and memory, ends it when it must."""

from __future__ import annotations

import logging
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
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
from kb.parsing.parsed import Part
from kb.parsing.recognized import Recognized, write_all
from kb.parsing.spool import ParsedFile, Summary, error_from, read_parts

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
) -> ParsedFile:
    """Parse a file to its end in a confined child process; see `Reading`, which this is all of."""
    with Reading(path, filename, limits, progress, cancelled) as reading:
        return reading.finish()


class Reading:
    """A file that a confined child process reads; its pages may be taken while it goes on reading.

    Call `watch` several times a second, or `finish`. `progress(done, total, unit)` hears how far it is: unit is
    "pages", "rows" or "characters", total may be None. `cancelled()` is asked each time. OCR passes over the pictures
    that are `recognized` already, and `keep()` hears of each further one; it may raise, and reading ends there.
    """

    def __init__(
        self,
        path: Path,
        filename: str,
        limits: ParseLimits,
        progress: Callable[[int, int | None, str], None],
        cancelled: Callable[[], bool],
        recognized: Iterable[Recognized] = (),
        keep: Callable[[Recognized], None] = lambda recognized: None,
    ) -> None:
        self.limits, self.progress, self.cancelled, self.keep = limits, progress, cancelled, keep
        self.size = path.stat().st_size
        self.parsed: ParsedFile | None = None
        """What was read, once all of it was."""
        self._folder: TemporaryDirectory[str] | None = TemporaryDirectory(prefix="parse-")
        self._spool = Path(self._folder.name, "pages.jsonl")
        self._spool.touch()
        self._media_type: str | None = None
        self._outcome: dict[str, Any] = {}
        self._pages = 0
        self._over = False
        self._server: Server | None = None
        try:
            known = Path(self._folder.name, "recognized.jsonl")
            write_all(known, recognized)
            self._server = POOL.take()
            self._started = self._heard = monotonic()
            self._server.send(
                {
                    "path": str(path.resolve()),
                    "filename": filename,
                    "limits": asdict(limits),
                    "folder": self._folder.name,
                    "spool": str(self._spool),
                    "recognized": str(known),
                }
            )
        except BaseException:
            self.close()
            raise

    def watch(self, seconds: float = 0) -> None:
        """Hear what the child says, for at most so many seconds, and hold it to its limits.

        Raises:
            ParseError: with a sentence for people; nothing more is read then.
            Fault: for trouble that is not the file's.
        """
        if self._server is None:
            self._goes_on()
            return
        try:
            self._watch(self._server, seconds)
        except BaseException:
            self.close()
            raise

    def media_type(self) -> str:
        """What kind of file it is, which is known long before all of it is read. Raises as `watch` does."""
        while self._media_type is None:
            self.watch(WATCH_SECONDS)
        return self._media_type

    def parts(self) -> Iterator[Part]:
        """Each page with its blocks, in order, as the child writes them. Another thread than that which calls `watch`
        has to take them; it gets a `ParseError("cancelled")` where the reading did not come to its end."""
        return read_parts(self._spool, self._goes_on)

    def finish(self) -> ParsedFile:
        """Wait for the end, and give the file away: it is the caller's to close. Raises as `watch` does."""
        while self.parsed is None:
            self.watch(WATCH_SECONDS)
        parsed, self._folder = self.parsed, None
        return parsed

    def close(self) -> None:
        """End the child if it still reads, and delete what is on disk unless somebody else got it."""
        self._over = True
        if self._server is not None:
            self._server.end()
            self._server = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def __enter__(self) -> Reading:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _goes_on(self) -> bool:
        if self.parsed is not None:
            return False
        if self._over:
            raise ParseError("cancelled")
        return True

    def _watch(self, server: Server, seconds: float) -> None:
        try:
            messages = server.messages(seconds)
        except EOFError:
            raise ParseError("damaged") from None
        for message in messages:
            self._hear(server, message)
        if self._server is None:
            return
        now = monotonic()
        if self.cancelled():
            raise ParseError("cancelled")
        limits = self.limits
        if now - self._heard > limits.idle_seconds or now - self._started > limits.seconds_for(self.size, self._pages):
            raise ParseError("too_slow")
        if server.memory() > limits.memory_bytes:
            raise ParseError("too_much_memory")

    def _hear(self, server: Server, message: dict[str, Any]) -> None:
        self._heard = monotonic()
        if "progress" in message:
            done, total, unit = message["progress"]
            self._pages = int(done) if unit == "pages" else 0
            self.progress(int(done), total, str(unit))
        elif "recognized" in message:
            self.keep(Recognized.from_data(message["recognized"]))
        elif "media_type" in message:
            self._media_type = str(message["media_type"])
        elif "exit" in message:
            self._end(server, self._outcome or _died(int(message["exit"])))
        else:
            self._outcome = message

    def _end(self, server: Server, outcome: dict[str, Any]) -> None:
        """The child has ended, and its server may serve another file, unless something is wrong with more than this."""
        if "fault" in outcome:
            raise Fault(outcome["fault"])
        error = error_from(outcome["error"]) if "error" in outcome else None
        if error is None:
            self.parsed = ParsedFile(Summary.from_data(outcome["done"]), self._spool, self._folder)
        if error is None or error.code not in _KILLED:
            self._server = None
            POOL.give_back(server)
        if error is not None:
            logger.info("A file could not be read: %s %s", error.code, outcome.get("detail", ""))
            raise error


_KILLED = ("too_slow", "too_much_memory", "cancelled", "hostile")


def _died(status: int) -> dict[str, Any]:
    """What the death of a child without an outcome means."""
    signals = {-signal.SIGXCPU: "too_slow", -signal.SIGXFSZ: "too_large", -signal.SIGKILL: "too_much_memory"}
    return {"error": {"code": signals.get(status, "damaged")}}
