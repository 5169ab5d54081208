"""The processes of `make run`: each in a group of its own, started again when it ends by itself, ended with its group.

A process group is ended as a whole, because a worker that was killed leaves its children behind. What an earlier start
left running, because it was killed itself, stands in a file and is ended before anything starts.
"""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path

import psutil
from honcho.colour import get_colours
from honcho.printer import Message, Printer

PATIENCE_SECONDS = 6.0
"""So long the first process of a group may take to end the others in order."""
GRACE_SECONDS = 5.0
"""What is still running so long after it was asked to end is killed."""
QUICK_SECONDS = 30.0
QUICK_ENDS = 4
"""A part that ends so often, each time sooner than QUICK_SECONDS after its start, is not started again."""


class Part:
    """One line of the Procfile."""

    def __init__(self, name: str, command: str, environment: Mapping[str, str], folder: Path, printer: Printer) -> None:
        self.name = name
        self.again_at: float | None = 0.0  # when to start it; None while it runs
        self._command, self._environment, self._folder, self._printer = command, environment, folder, printer
        self._colour = next(_colours)
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._quick_ends = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        self.again_at, self._started = None, time.monotonic()
        self._process = subprocess.Popen(  # noqa: S602
            self._command,
            shell=True,
            env=dict(self._environment),
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        threading.Thread(target=self._print, args=(self._process,), daemon=True).start()

    def ended(self) -> int | None:
        """The exit code, negative for a signal; None while it runs or has not been started."""
        return self._process.poll() if self._process else None

    def plan_restart(self) -> bool:
        """Decide when to start an ended part again, later each time; False when it has ended too often."""
        quick = time.monotonic() - self._started < QUICK_SECONDS
        self._quick_ends = self._quick_ends + 1 if quick else 0
        self.again_at = time.monotonic() + min(0.5 * 2**self._quick_ends, 10.0)
        return self._quick_ends < QUICK_ENDS

    def _print(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._printer.write(Message("line", line, datetime.now(), self.name, self._colour))


_colours = get_colours()


class Parts:
    """All parts, watched until they are told to end or one cannot be kept running."""

    def __init__(self, say: Callable[[str], None], record: Path) -> None:
        self.stopping = threading.Event()
        self.failed = False
        self._say, self._record = say, record
        self._parts: list[Part] = []

    def add(self, part: Part) -> None:
        self._parts.append(part)

    def watch(self) -> None:
        """Start every part and keep it running; return when all have ended."""
        try:
            while not self.stopping.wait(0.1):
                for part in self._parts:
                    self._look_after(part)
        finally:
            self.stopping.set()
            end_groups(part.pid for part in self._parts if part.pid)
            self._record.unlink(missing_ok=True)

    def _look_after(self, part: Part) -> None:
        if part.again_at is not None:
            if time.monotonic() >= part.again_at:
                part.start()
                self._write_record()
        elif (code := part.ended()) is not None:
            assert part.pid is not None
            end_groups([part.pid])
            if part.plan_restart():
                self._say(f"The part “{part.name}” ended by itself ({_reason(code)}) and is started again.")
            else:
                self._say(
                    f"The part “{part.name}” ends again and again right after its start ({_reason(code)}); its lines "
                    "above say why. Mend that and start Zhinang again."
                )
                self.failed = True
                self.stopping.set()

    def _write_record(self) -> None:
        groups = {}
        for pid in filter(None, (part.pid for part in self._parts)):
            with contextlib.suppress(psutil.NoSuchProcess):
                groups[str(pid)] = psutil.Process(pid).create_time()
        new = self._record.with_suffix(".new")
        with contextlib.suppress(OSError):  # a full disk must not end what runs
            new.write_text(json.dumps(groups))
            new.replace(self._record)


def end_left_over(record: Path) -> int:
    """End the process groups that a killed start has left running; return how many there were."""
    try:
        groups = {int(pid): float(created) for pid, created in json.loads(record.read_text()).items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return 0
    left = [pid for pid, created in groups.items() if _is_left_over(pid, created)]
    end_groups(left)
    record.unlink(missing_ok=True)
    return len(left)


def _is_left_over(group: int, created: float) -> bool:
    """Whether that group is still the one that was started at `created`, whether or not its first process lives."""
    members = _members([group])
    with contextlib.suppress(psutil.Error):
        return abs(psutil.Process(group).create_time() - created) < 1
    return any(process.create_time() >= created - 1 for process in members)


def end_groups(groups: Iterable[int]) -> None:
    """End every process of these groups.

    First the one that leads a group is asked, and may end the others as it likes; then all that are left are asked,
    and at last killed.
    """
    groups = list(groups)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(group, signal.SIGTERM)
    if _gone(groups, PATIENCE_SECONDS):
        return
    _signal(groups, signal.SIGTERM)
    while not _gone(groups, GRACE_SECONDS):
        _signal(groups, signal.SIGKILL)


def _gone(groups: list[int], seconds: float) -> bool:
    """Whether all processes of these groups end within some seconds."""
    deadline = time.monotonic() + seconds
    while members := _members(groups):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return not members


def _signal(groups: list[int], number: signal.Signals) -> None:
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)


def _members(groups: list[int]) -> list[psutil.Process]:
    """The processes of these groups that are alive."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, PermissionError, psutil.Error):
            if os.getpgid(process.pid) in groups and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def _reason(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
