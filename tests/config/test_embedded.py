"""The embedded PostgreSQL starts whatever an interrupted start or a killed process has left behind."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured

from config.postgres import embedded


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("embedded") / "postgres"
    answer(folder)
    embedded.stop(folder)
    return folder


@pytest.fixture
def folder(made: Path) -> Iterator[Path]:
    yield made
    embedded.stop(made)


def answer(folder: Path) -> int:
    """What the server says; started in this process."""
    socket = embedded.ensure_running(folder, "zhinang")
    with psycopg.connect(host=socket, user="postgres", dbname="zhinang") as connection:
        row = connection.execute("select 41 + 1").fetchone()
    assert row is not None
    return int(row[0])


def setting(folder: Path, name: str) -> str:
    """What the server itself says that a setting is, in megabytes."""
    socket = embedded.ensure_running(folder, "zhinang")
    with psycopg.connect(host=socket, user="postgres", dbname="zhinang") as connection:
        row = connection.execute(
            "select setting::bigint * 8 / 1024 from pg_settings where name = %s", [name]
        ).fetchone()
    assert row is not None
    return f"{name}={row[0]}MB"


def postmaster(folder: Path) -> int:
    return int((folder / "postmaster.pid").read_text().split()[0])


def kill_everything(folder: Path) -> None:
    for process in embedded.processes_of(folder):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    while embedded.processes_of(folder):
        time.sleep(0.05)
    embedded._ready.clear()


def test_it_is_made_started_and_stopped(folder: Path) -> None:
    assert answer(folder) == 42
    assert "jit = off" in (folder / "postgresql.conf").read_text()
    assert setting(folder, "shared_buffers") in embedded._memory_settings(embedded._memory())
    embedded.stop(folder)
    assert not embedded.processes_of(folder)
    assert not (folder / "postmaster.pid").exists()


@pytest.mark.parametrize(("gigabytes", "buffers", "cached"), [(0.5, 128, 256), (8, 1024, 4096), (64, 4096, 32768)])
def test_the_cache_fits_the_machine(gigabytes: float, buffers: int, cached: int) -> None:
    settings = embedded._memory_settings(int(gigabytes * 2**30))
    assert settings == f"-c shared_buffers={buffers}MB -c effective_cache_size={cached}MB"


def test_a_container_has_the_memory_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unlimited, given = tmp_path / "max", tmp_path / "given"
    unlimited.write_text("max\n")
    given.write_text("1073741824\n")
    monkeypatch.setattr(embedded, "CONTAINER_MEMORY", (tmp_path / "none", unlimited))
    assert embedded._memory() == psutil.virtual_memory().total
    monkeypatch.setattr(embedded, "CONTAINER_MEMORY", (unlimited, given))
    assert embedded._memory() == 2**30


def test_a_killed_server_starts_again(folder: Path) -> None:
    answer(folder)
    kill_everything(folder)
    assert (folder / "postmaster.pid").exists()
    assert answer(folder) == 42


def test_a_process_that_has_the_servers_old_number_is_left_alone(folder: Path) -> None:
    answer(folder)
    kill_everything(folder)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as other:
        lines = (folder / "postmaster.pid").read_text().splitlines()
        (folder / "postmaster.pid").write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        assert answer(folder) == 42
        assert postmaster(folder) != other.pid
        assert other.poll() is None
        other.kill()


@pytest.mark.parametrize("content", ["", "12345\n", "not a number"])
def test_an_unreadable_pid_file_is_removed(folder: Path, content: str) -> None:
    answer(folder)
    kill_everything(folder)
    (folder / "postmaster.pid").write_text(content)
    assert answer(folder) == 42


def test_a_server_that_runs_is_used(folder: Path) -> None:
    answer(folder)
    first = postmaster(folder)
    embedded._ready.clear()
    assert answer(folder) == 42
    assert postmaster(folder) == first


def test_a_list_of_users_that_was_cut_off_is_begun_anew(folder: Path) -> None:
    (folder / ".handle_pids.json").write_text("[12")
    assert answer(folder) == 42
    assert json.loads((folder / ".handle_pids.json").read_text()) == [os.getpid()]


def test_processes_that_were_killed_do_not_keep_it_running(folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    (folder / ".handle_pids.json").write_text(json.dumps([dead.pid]))
    answer(folder)
    assert dead.pid not in json.loads((folder / ".handle_pids.json").read_text())


def test_an_interrupted_first_start_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from config.postgres import embedded; "
        "embedded.ensure_running(Path(sys.argv[1]), 'zhinang')"
    )
    folder = tmp_path / "var" / "postgres"
    with subprocess.Popen([sys.executable, "-c", code, str(folder)], start_new_session=True) as first:
        while not list(folder.parent.glob(f"{embedded.NEW}*/*")):
            assert first.poll() is None
            time.sleep(0.005)
        os.killpg(first.pid, signal.SIGKILL)
    assert not folder.exists()
    try:
        assert answer(folder) == 42
        assert not list(folder.parent.glob(f"{embedded.NEW}*"))
    finally:
        embedded.stop(folder)


def test_a_folder_that_cannot_be_written_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ImproperlyConfigured, match="set VAR_DIR to another folder"):
        embedded.ensure_running(tmp_path / "file" / "postgres", "zhinang")


def test_a_damaged_server_gets_its_last_words(tmp_path: Path, made: Path) -> None:
    broken = tmp_path / "postgres"
    broken.mkdir()
    (broken / "PG_VERSION").write_text("18\n")
    (broken / "log").write_text("2026-11-23 22:00:00 UTC [12] FATAL:  could not open file\n")
    with pytest.raises(ImproperlyConfigured, match="could not open file"):
        embedded.ensure_running(broken, "zhinang")
