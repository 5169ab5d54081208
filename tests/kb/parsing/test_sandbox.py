"""The child process: limits, cancelling, deaths, and what it is not allowed to see or do."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from kb.leases import waited_for
from kb.parsing import ParsedFile, ParseError, ParseLimits, Reading, child, kinds, parse_file, sandbox
from kb.parsing.errors import Fault
from kb.parsing.spool import ParsedFile as Spooled
from kb.parsing.spool import error_from, read_parts
from tests.kb.parsing.conftest import SAMPLES
from tests.kb.scans import scan

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def pool() -> Iterator[sandbox.ServerPool]:
    yield sandbox.POOL
    sandbox.POOL.close()


def run(
    name: str | Path,
    limits: ParseLimits | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    progress: Callable[[int, int | None, str], None] = lambda done, total, unit: None,
) -> ParsedFile:
    path = SAMPLES / name
    return parse_file(path, path.name, limits or ParseLimits(), progress, cancelled)


def test_a_file_is_read_page_by_page_with_progress() -> None:
    steps: list[tuple[int, int | None, str]] = []
    with run("handbook.pdf", progress=lambda *step: steps.append(step)) as parsed:
        assert [page.number for page in parsed.pages()] == [1, 2]
        assert parsed.title == "Staff handbook"
        assert parsed.language == "en"
        assert parsed.media_type == "application/pdf"
        assert parsed.characters == len(parsed.load().text)
        assert parsed.load().parts() == list(parsed.parts())
        assert (parsed.metadata, parsed.warnings) == ({}, ())
        spool = parsed.path
    assert steps[-1] == (2, 2, "pages")
    assert not spool.exists()


def test_one_server_reads_many_files_each_in_its_own_child(pool: sandbox.ServerPool) -> None:
    for name in ("document.md", "rules-zh.txt", "document.md"):
        run(name).close()
    assert [server.served for server in pool.idle] == [3]


def test_errors_of_the_file_leave_the_server_alive(pool: sandbox.ServerPool) -> None:
    with pytest.raises(ParseError) as caught:
        run("locked.pdf")
    assert caught.value.code == "encrypted"
    assert "密码" in caught.value.zh
    assert len(pool.idle) == 1


def test_a_server_is_replaced_after_many_files(monkeypatch: pytest.MonkeyPatch, pool: sandbox.ServerPool) -> None:
    monkeypatch.setattr(sandbox, "FILES_PER_SERVER", 1)
    run("document.md").close()
    assert pool.idle == []


def test_servers_of_a_parent_process_are_left_alone(pool: sandbox.ServerPool) -> None:
    run("document.md").close()
    inherited, pool.pid = pool.idle[0], -1
    run("document.md").close()
    assert pool.idle[0] is not inherited
    inherited.end()


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (ParseLimits(total_seconds=0, total_seconds_per_mebibyte=0), "too_slow"),
        (ParseLimits(idle_seconds=0), "too_slow"),
        (ParseLimits(memory_bytes=8 << 20), "too_much_memory"),
        (ParseLimits(output_bytes=10, ocr=False), "too_large"),
        (ParseLimits(file_bytes=10), "too_large"),
    ],
)
def test_limits(limits: ParseLimits, code: str) -> None:
    with pytest.raises(ParseError) as caught:
        run("scan.pdf" if limits.ocr else "handbook.pdf", limits)
    assert caught.value.code == code
    run("document.md").close()


def test_time_grows_with_size_and_pages_up_to_a_bound() -> None:
    limits = ParseLimits(total_seconds=10, total_seconds_per_mebibyte=2, total_seconds_per_page=1, maximum_seconds=100)
    assert [limits.seconds_for(5 << 20), limits.seconds_for(5 << 20, 20), limits.seconds_for(1 << 30)] == [20, 40, 100]


def test_cancelling_ends_the_child(pool: sandbox.ServerPool) -> None:
    with pytest.raises(ParseError) as caught:
        run("scan.pdf", cancelled=lambda: True)
    assert caught.value.code == "cancelled"
    assert pool.idle == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, "too_much_memory"), (signal.SIGSEGV, "damaged")])
def test_a_child_that_dies(
    monkeypatch: pytest.MonkeyPatch, pool: sandbox.ServerPool, number: signal.Signals, code: str
) -> None:
    server = pool.take()
    pool.give_back(server)
    killed: list[int] = []

    def kill() -> bool:
        for pid in sandbox._children(server.process.pid):
            if pid not in killed:
                os.kill(pid, number)
                killed.append(pid)
        return False

    with pytest.raises(ParseError) as caught:
        run("scan.pdf", cancelled=kill)
    assert caught.value.code == code


def test_a_server_that_dies(pool: sandbox.ServerPool) -> None:
    server = pool.take()
    pool.give_back(server)

    def kill() -> bool:
        os.kill(server.process.pid, signal.SIGKILL)
        return False

    with pytest.raises(ParseError) as caught:
        run("scan.pdf", cancelled=kill)
    assert caught.value.code == "damaged"
    with run("document.md") as parsed:
        assert parsed.title == "Onboarding"


def test_an_idle_server_that_died_is_replaced(pool: sandbox.ServerPool) -> None:
    server = pool.take()
    pool.give_back(server)
    server.process.kill()
    server.process.wait()
    run("document.md").close()


def test_the_child_sees_no_secrets(monkeypatch: pytest.MonkeyPatch, pool: sandbox.ServerPool) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-very-secret")
    server = pool.take()
    pool.give_back(server)
    assert "secret" not in Path(f"/proc/{server.process.pid}/environ").read_text()


def test_confined_code_reaches_neither_network_nor_programs() -> None:
    code = (
        "import socket, os\n"
        "from kb.parsing.confine import forbid_network_and_programs\n"
        "print(forbid_network_and_programs())\n"
        "for attempt in (socket.socket, lambda: os.execv('/bin/true', ['true'])):\n"
        "    try: attempt(); print('allowed')\n"
        "    except PermissionError: print('refused')\n"
    )
    output = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert output.split() in (["True", "refused", "refused"], ["False", "allowed"])


def asked(folder: Path, filename: str) -> dict[str, str]:
    """A request for a file of which nothing was read before."""
    return {"filename": filename, "spool": str(folder / "spool"), "recognized": os.devnull}


def test_a_full_disk_is_a_fault_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = SAMPLES / "document.md"
    request = asked(tmp_path / "none", "document.md")
    assert "fault" in child.outcome(request, path, ParseLimits())
    request["spool"] = str(tmp_path / "spool")
    for number, key in ((errno.ENOSPC, "fault"), (errno.EFBIG, "error")):

        def fail(file: object, part: object, number: int = number) -> None:
            raise OSError(number, "x")

        monkeypatch.setattr(child, "write_part", fail)
        assert key in child.outcome(request, path, ParseLimits())


def test_faults_reach_the_caller(monkeypatch: pytest.MonkeyPatch, pool: sandbox.ServerPool) -> None:
    pool.give_back(pool.take())
    faulty: list[dict[str, object]] = [{"fault": "no space left"}, {"exit": 0}]
    monkeypatch.setattr(sandbox.Server, "messages", lambda server, timeout: faulty)
    with pytest.raises(Fault, match="no space"):
        run("document.md")
    assert pool.idle == []


@contextmanager
def reading(file: Path) -> Iterator[Reading]:
    with Reading(file, file.name, ParseLimits(), lambda *step: None, lambda: False) as begun:
        yield begun


@pytest.fixture
def scanned(tmp_path: Path) -> Path:
    """A scan of three pages, whose OCR takes a while."""
    file = tmp_path / "scan.pdf"
    file.write_bytes(scan(("The first page", "The second page", "The third page")).getvalue())
    return file


def test_pages_are_there_while_the_file_is_still_read(scanned: Path) -> None:
    with reading(scanned) as begun, ThreadPoolExecutor(1) as threads:
        assert begun.media_type() == "application/pdf"
        parts = begun.parts()
        first = waited_for(threads.submit(next, parts), begun.watch, 0.02)
        assert begun.parsed is None, "the second page is being read"
        others = waited_for(threads.submit(list, parts), begun.watch, 0.02)
        texts = [part[0].text.strip() for part in (first, *others)]
        assert texts == ["The first page", "The second page", "The third page"]
        assert begun.parsed is not None
        assert begun.parsed.characters == sum(len(part[0].text) for part in (first, *others))


def test_whoever_waits_for_pages_hears_of_the_end(scanned: Path, pool: sandbox.ServerPool) -> None:
    with ThreadPoolExecutor(1) as threads:
        with reading(scanned) as begun:
            waiting = threads.submit(list, begun.parts())
            begun.cancelled = lambda: True
            with pytest.raises(ParseError, match="cancelled"):
                begun.watch()
        with pytest.raises(ParseError, match="cancelled"):
            waiting.result(timeout=10)
        with pytest.raises(ParseError, match="cancelled"):
            begun.finish()
    assert pool.idle == []


def test_outcomes_of_the_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, request = SAMPLES / "document.md", asked(tmp_path, "document.md")
    assert child.outcome(request, path, ParseLimits())["done"]["title"] == "Onboarding"

    def exhausted(*arguments: object) -> None:
        raise MemoryError

    monkeypatch.setattr(kinds, "read_kind", exhausted)
    assert child.outcome(request, path, ParseLimits())["error"]["code"] == "too_much_memory"


@pytest.mark.parametrize(
    ("raised", "code"), [(RecursionError, "hostile"), (ValueError, "damaged"), (BaseException, "damaged")]
)
def test_what_a_parser_stumbles_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: type[BaseException], code: str
) -> None:
    def stumble(path: Path, out: object) -> None:
        raise raised

    monkeypatch.setattr(kinds, "parser_of", lambda kind: stumble)
    outcome = child.outcome(asked(tmp_path, "a.md"), SAMPLES / "document.md", ParseLimits())
    assert outcome["error"]["code"] == code


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        '{"page": [1]}',
        '{"page": [1, "", "text", 0, 0, null], "lines": [], "blocks": [["row", 0, 99, 0, ""]]}',
        '{"page": [1, "", 5, 0, 0, null], "lines": [], "blocks": []}',
    ],
)
def test_what_the_child_wrote_is_not_believed(tmp_path: Path, line: str) -> None:
    path = tmp_path / "pages.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(ParseError) as caught:
        list(read_parts(path))
    assert caught.value.code == "damaged"


def test_an_unknown_error_is_damage() -> None:
    assert error_from({"code": "no such code"}).code == "damaged"
    assert Spooled is ParsedFile
