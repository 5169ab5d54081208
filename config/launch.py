"""`make run`: everything that Zhinang needs, started on one machine and stopped with Ctrl-C.

Each of `DATABASE_URL`, `CELERY_BROKER_URL` and the model variables replaces its part: the embedded PostgreSQL, the
broker that works with files, the local models.
"""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from honcho.environ import parse_procfile
from honcho.manager import Manager
from honcho.printer import Message, Printer

ROOT = Path(__file__).resolve().parent.parent
NEEDED_BYTES = 1_000_000_000
DEMO_ACCOUNTS = "demo-accounts.txt"


class CannotStart(Exception):
    """Something on this machine is in the way; the text says what to do."""


def main() -> int:
    """Start everything, wait until Ctrl-C, stop everything. Returns the exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        django.setup()
        check_machine()
        environment = environment_of_processes()
        prepare_database(environment)
    except (ImproperlyConfigured, CannotStart) as error:
        say(str(error))
        return 1
    try:
        manager = Launcher(environment)
        for name, command in processes():
            manager.add_process(name, command, env=environment, cwd=str(ROOT))
        manager.loop()
    finally:
        stop_database()
    interrupted = manager.returncode in (0, 130, 143)
    say("Stopped." if interrupted else "Stopped, because one part ended (see above). Nothing is lost: run it again.")
    return 0 if interrupted else 1


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def check_machine() -> None:
    """Raises CannotStart when the port is taken or the disk is nearly full."""
    host, port = os.environ.get("HOST", "127.0.0.1"), settings.PORT
    if not is_free(host, port):
        raise CannotStart(
            f"Port {port} is taken by another program (or by a Zhinang that still runs). "
            f"Stop that one, or choose another port: PORT={port + 1} make run"
        )
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    if (free := shutil.disk_usage(settings.VAR_DIR).free) < NEEDED_BYTES:
        raise CannotStart(
            f"Only {free // 1_000_000} MB are free under {settings.VAR_DIR}, and a first start needs about "
            f"{NEEDED_BYTES // 1_000_000} MB. Free some space, or name a folder elsewhere: VAR_DIR=/path make run"
        )


def is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def environment_of_processes() -> dict[str, str]:
    """What every process inherits; the local models get a free port of their own when theirs is taken."""
    environment = dict(os.environ)
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", "")])
    environment["VAR_DIR"] = str(settings.VAR_DIR)
    environment["PYTHONUNBUFFERED"] = "1"
    if needs_local_models() and not environment.get("LOCAL_MODEL_URL"):
        port = next(port for port in range(8001, 8100) if port != settings.PORT and is_free("127.0.0.1", port))
        environment["LOCAL_MODEL_PORT"] = str(port)
        environment["LOCAL_MODEL_URL"] = f"http://127.0.0.1:{port}/v1"
    return environment


def needs_local_models() -> bool:
    return bool(settings.MODEL_SERVERS.needs_local_server)


def processes() -> Iterator[tuple[str, str]]:
    """The Procfile's lines that this configuration needs."""
    for name, command in parse_procfile((ROOT / "Procfile").read_text()).processes.items():
        if name != "models" or (needs_local_models() and not os.environ.get("LOCAL_MODEL_URL")):
            yield name, command


def prepare_database(environment: dict[str, str]) -> None:
    """Start the embedded server if it is ours to run, and bring the tables up to date."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor
    from django.db.utils import Error

    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Error as error:
        raise CannotStart(
            f"The database does not answer: {str(error).strip()} Is DATABASE_URL right, does that PostgreSQL run, "
            "and has it the extension pgvector?"
        ) from error
    connection.close()
    if missing and subprocess.run(manage("migrate", "--noinput", "--verbosity", "0"), env=environment).returncode:  # noqa: S603
        raise CannotStart("The tables could not be brought up to date; the lines above say why.")


def stop_database() -> None:
    from config.postgres import embedded

    folder: Path | None = settings.DATABASES["default"].get("EMBEDDED")
    if folder is not None:
        embedded.stop(folder)


def manage(*words: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), *words]


class QuietPrinter(Printer):  # type: ignore[misc]
    """Prints what the processes say, without honcho's own notes on who started with which number."""

    def write(self, message: Message) -> None:
        if message.name != "system":
            super().write(message)


class Launcher(Manager):  # type: ignore[misc]
    """Honcho's manager that says where to go once the pages answer, and loads the sample company the first time."""

    def __init__(self, environment: dict[str, str], output: TextIO = sys.stdout) -> None:
        super().__init__(QuietPrinter(output))
        self.environment = environment

    def _start(self) -> None:
        super()._start()
        threading.Thread(target=self._welcome, daemon=True).start()

    def _welcome(self) -> None:
        host = os.environ.get("HOST", "127.0.0.1")
        address = f"http://{'localhost' if host in ('127.0.0.1', '0.0.0.0') else host}:{settings.PORT}/"  # noqa: S104
        while not self._terminating and not answers(f"http://127.0.0.1:{settings.PORT}/readyz"):
            time.sleep(0.1)
        accounts = settings.VAR_DIR / DEMO_ACCOUNTS
        if not (settings.VAR_DIR / "samples-loaded").exists() and not self._terminating:
            say("Loading the sample company …")
            loaded = subprocess.run(  # noqa: S603
                manage("load_samples", "--accounts", str(accounts)), env=self.environment, stdin=subprocess.DEVNULL
            )
            if loaded.returncode == 0:
                (settings.VAR_DIR / "samples-loaded").touch()
        if not self._terminating:
            hint = f" (sign in with an account of {accounts})" if accounts.exists() else ""
            say(f"Zhinang is ready: {address}{hint}. Ctrl-C stops it.")


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(main())
