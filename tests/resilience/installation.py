"""An installation of its own: embedded PostgreSQL, broker of files, real processes as the Procfile starts them."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import psycopg
from honcho.environ import parse_procfile

from config.launch import is_free
from config.parts import end_groups
from config.postgres import embedded

ROOT = Path(__file__).resolve().parent.parent.parent
COMMANDS = parse_procfile((ROOT / "Procfile").read_text()).processes
OURS = ("DJANGO_", "TEST_", "COV_", "DATABASE_", "CELERY_", "LOCAL_MODEL_", "EMBEDDING_", "RERANK_", "STORAGE_")


class Installation:
    """Processes with one VAR_DIR. `models` is the address of an OpenAI-compatible server."""

    def __init__(self, folder: Path, models: str) -> None:
        self.folder = folder
        self.port = next(port for port in range(18100, 18200) if is_free("127.0.0.1", port))
        self.address = f"http://127.0.0.1:{self.port}"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)} | {
            "VAR_DIR": str(folder),
            "PORT": str(self.port),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "MODEL_PROFILE": "openai",
            "OPENAI_BASE_URL": models,
            "OPENAI_API_KEY": "sk-nothing",
            "INSTRUCT_MODEL": "scripted-instruct",
            "THINKING_MODEL": "scripted-thinking",
            "EMBEDDING_MODEL": "scripted-embedding",
            "EMBEDDING_DIMENSIONS": "16",
            "WORKER_CONCURRENCY": "2",
            "LOG_LEVEL": "WARNING",
        }
        self._socket = embedded.ensure_running(folder / "postgres", "zhinang")

    def manage(self, *words: str) -> str:
        """What a command prints."""
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(command, cwd=ROOT, env=self._environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, part: str) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            COMMANDS[part],
            shell=True,
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._processes.append(process)
        return process

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """As the kernel does when memory ends: nobody in the group is asked."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end(self, process: "subprocess.Popen[bytes]") -> None:
        """As Ctrl-C of `make run` does."""
        end_groups([process.pid])
        process.wait()

    def lose_messages(self) -> None:
        shutil.rmtree(self.folder / "broker", ignore_errors=True)

    def sql(self, query: str) -> Any:
        """The first value of the answer, past row-level security."""
        with psycopg.connect(host=self._socket, user="postgres", dbname="zhinang", autocommit=True) as connection:
            cursor = connection.execute(query)
            row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None

    def wait_for(self, condition: Callable[[], Any], seconds: float = 240) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.1)

    def answers(self) -> bool:
        try:
            return httpx2.get(f"{self.address}/readyz", timeout=2).status_code == 200
        except httpx2.TransportError:
            return False

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                self.kill(process)
        embedded.stop(self.folder / "postgres")
