"""`make run` says in a sentence what is in its way."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config import launch

ROOT = Path(launch.__file__).parent.parent


def started(**environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL")}
    return subprocess.run(
        [sys.executable, "-m", "config.launch"],
        cwd=ROOT,
        env=kept | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"} | environment,
        capture_output=True,
        text=True,
        timeout=180,
    )


def test_a_taken_port_is_named_with_another(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = started(VAR_DIR=str(tmp_path), PORT=str(port))
    assert done.returncode == 1
    assert f"Port {port} is taken" in done.stdout
    assert f"PORT={port + 1} make run" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_database_that_is_away_is_said_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = started(VAR_DIR=str(tmp_path), PORT=str(port))
    assert done.returncode == 1
    assert "The database does not answer" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = started(VAR_DIR=str(tmp_path / "file" / "var"), SECRET_KEY="x" * 40)
    assert done.returncode == 1
    assert "VAR_DIR=/path make run" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    done = started(VAR_DIR=str(tmp_path), PORT="eighty")
    assert done.returncode == 1
    assert "PORT" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_full_disk_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(launch, "NEEDED_BYTES", 10**18)
    with pytest.raises(launch.CannotStart, match="MB are free"):
        launch.check_machine()


def test_one_folder_belongs_to_one_start(tmp_path: Path, settings: Any) -> None:
    settings.VAR_DIR = tmp_path
    with launch.alone():
        done = started(VAR_DIR=str(tmp_path))
    assert done.returncode == 1
    assert "already runs" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_the_local_models_run_only_where_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOCAL_MODEL_URL", raising=False)
    assert [name for name, _ in launch.processes()] == ["models", "worker", "web"]
    monkeypatch.setenv("LOCAL_MODEL_URL", "http://models:8001/v1")
    assert [name for name, _ in launch.processes()] == ["worker", "web"]
