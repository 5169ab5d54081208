"""Parts are started again, given up with a sentence, and ended with everything they have started."""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from honcho.printer import Printer

from config.parts import Part, Parts, end_left_over

# A part with a child of its own; both write their numbers, and the child would outlive its parent.
FAMILY = (
    "import os, subprocess, sys, time; child = subprocess.Popen(['sleep', '60']); "
    "open(sys.argv[1], 'a').write(f'{os.getpid()} {child.pid}\\n'); time.sleep(60)"
)


class Watched:
    def __init__(self, folder: Path) -> None:
        self.folder, self.said = folder, list[str]()
        self.parts = Parts(self.said.append, folder / "parts.json")
        self._thread = threading.Thread(target=self.parts.watch)

    def run(self, command: str) -> None:
        with (self.folder / "output").open("w") as output:
            self.parts.add(Part("web", command, dict(os.environ), self.folder, Printer(output)))
        self._thread.start()

    def families(self) -> list[list[int]]:
        path = self.folder / "pids"
        return [[int(pid) for pid in line.split()] for line in path.read_text().splitlines()] if path.exists() else []

    def stop(self) -> None:
        self.parts.stopping.set()
        if self._thread.ident:
            self._thread.join()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    watched = Watched(tmp_path)
    yield watched
    watched.stop()


def family(folder: Path) -> str:
    return f'exec {sys.executable} -c "{FAMILY}" {folder / "pids"}'


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_killed_part_comes_back_without_orphans(watched: Watched, tmp_path: Path) -> None:
    watched.run(family(tmp_path))
    wait_for(watched.families)
    first = watched.families()[0]
    psutil.Process(first[0]).kill()
    wait_for(lambda: len(watched.families()) == 2)
    assert not any(map(alive, first))
    assert "signal SIGKILL" in watched.said[0]


def test_the_end_leaves_nothing_running(watched: Watched, tmp_path: Path) -> None:
    watched.run(family(tmp_path))
    wait_for(watched.families)
    watched.stop()
    assert not any(map(alive, watched.families()[0]))
    assert not (tmp_path / "parts.json").exists()
    assert not watched.parts.failed


def test_a_part_that_cannot_run_is_given_up_with_a_sentence(watched: Watched) -> None:
    watched.run("exit 3")
    wait_for(watched.parts.stopping.is_set)
    assert watched.parts.failed
    assert "ends again and again" in watched.said[-1]
    assert "exit code 3" in watched.said[-1]


def test_what_a_killed_start_left_is_ended_at_the_next(watched: Watched, tmp_path: Path) -> None:
    watched.run(family(tmp_path))
    wait_for(watched.families)
    record = tmp_path / "parts.json"
    wait_for(record.exists)
    copy = tmp_path / "left.json"
    copy.write_text(record.read_text())
    watched.parts.stopping.set()  # so that it is not started again
    assert end_left_over(copy) == 1
    assert not any(map(alive, watched.families()[0]))


def test_a_number_that_another_process_has_now_is_left_alone(tmp_path: Path) -> None:
    record = tmp_path / "parts.json"
    record.write_text(json.dumps({str(os.getpgid(0)): 1.0}))
    assert end_left_over(record) == 0


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"a": "b"}'])
def test_an_unreadable_record_names_nobody(tmp_path: Path, content: str) -> None:
    record = tmp_path / "parts.json"
    record.write_text(content)
    assert end_left_over(record) == 0
