"""`make run`: everything that Zhinang needs, started on one machine and stopped with Ctrl-C.

Each of `DATABASE_URL`, `CELERY_BROKER_URL` and the model variables replaces its part: the embedded PostgreSQL, the
broker that works with files, the local models.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import django
import fasteners
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from honcho.environ import parse_procfile
from honcho.printer import Message, Printer

from config.environment import envbool
from config.parts import Part, Parts, end_left_over

ROOT = Path(__file__).resolve().parent.parent
NEEDED_BYTES = 1_000_000_000
ACCOUNTS = "demo-accounts.txt"
LOADING = "samples-loading"
PRINTING = threading.Lock()


class CannotStart(Exception):
    """Something on this machine is in the way; the text says what to do."""


class Interrupted(BaseException):
    """Somebody asks us to end before everything has started."""


def main() -> int:
    """Start everything, wait until Ctrl-C, stop everything. Returns the exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    ending = Ending()
    try:
        django.setup()
        check_machine()
        with alone():
            check_port()
            environment = environment_of_processes()
            try:
                prepare_database()
                parts = Parts(say, settings.VAR_DIR / "parts.json")
                ending.parts = parts
                run(parts, environment)
            finally:
                ending.is_sure()
                stop_database()
    except (ImproperlyConfigured, CannotStart) as error:
        say(str(error))
        return 1
    except Interrupted:
        say("Stopped.")
        return 0
    say("Stopped. Nothing is lost: start it again with make run." if parts.failed else "Stopped.")
    return int(parts.failed)


class Ending:
    """What SIGINT, SIGTERM and SIGHUP do: before the parts run, break off; then, end them in order."""

    def __init__(self) -> None:
        self.parts: Parts | None = None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._asked)

    def is_sure(self) -> None:
        """From now on nothing interrupts the cleaning up."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)

    def _asked(self, number: int, frame: FrameType | None) -> None:
        if self.parts is None:
            raise Interrupted
        self.parts.stopping.set()


def say(text: str) -> None:
    with PRINTING, contextlib.suppress(OSError):  # the terminal may have gone
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def check_machine() -> None:
    """Raises CannotStart when VAR_DIR cannot be written to or its disk is nearly full."""
    try:
        for folder in (settings.VAR_DIR, settings.STATIC_ROOT):
            folder.mkdir(parents=True, exist_ok=True)
        (settings.VAR_DIR / ".written").touch()
        (settings.VAR_DIR / ".written").unlink()
        free = shutil.disk_usage(settings.VAR_DIR).free
    except OSError as error:
        raise CannotStart(
            f"Nothing can be written under {settings.VAR_DIR} ({error.strerror}). Make that folder writable for this "
            "user, or name another: VAR_DIR=/path make run"
        ) from error
    if free < NEEDED_BYTES:
        raise CannotStart(
            f"Only {free // 1_000_000} MB are free under {settings.VAR_DIR}, and Zhinang needs about "
            f"{NEEDED_BYTES // 1_000_000} MB. Free some space, or name a folder elsewhere: VAR_DIR=/path make run"
        )


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Hold VAR_DIR for this start alone, and end what a killed start has left running there."""
    lock = fasteners.InterProcessLock(settings.VAR_DIR / ".launch.lock")
    if not lock.acquire(blocking=False):
        raise CannotStart(
            f"Zhinang already runs from {settings.VAR_DIR}. Stop it there with Ctrl-C, or name another folder and "
            f"port: VAR_DIR=/path PORT={settings.PORT + 1} make run"
        )
    try:
        if left := end_left_over(settings.VAR_DIR / "parts.json"):
            say(f"An earlier start was killed; {left} of its processes still ran and have been ended.")
        yield
    finally:
        lock.release()


def check_port() -> None:
    """Raises CannotStart when another program has the port."""
    if not is_free(os.environ.get("HOST") or "127.0.0.1", settings.PORT):
        raise CannotStart(
            f"Port {settings.PORT} is taken by another program. Stop that one, or choose another port: "
            f"PORT={settings.PORT + 1} make run"
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
    environment.setdefault("LOG_LEVEL", "WARNING")
    if starts_models():
        wanted = int(environment.get("LOCAL_MODEL_PORT") or 8001)
        ports = (port for port in range(wanted, wanted + 100) if port != settings.PORT and is_free("127.0.0.1", port))
        if (free := next(ports, None)) is None:
            raise CannotStart(f"The ports {wanted} to {wanted + 99} are all taken. Set LOCAL_MODEL_PORT to a free one.")
        environment["LOCAL_MODEL_PORT"] = str(free)
        environment["LOCAL_MODEL_URL"] = f"http://127.0.0.1:{free}/v1"
    return environment


def starts_models() -> bool:
    return bool(settings.MODEL_SERVERS.needs_local_server) and not os.environ.get("LOCAL_MODEL_URL")


def processes() -> Iterator[tuple[str, str]]:
    """The Procfile's lines that this configuration needs."""
    for name, command in parse_procfile((ROOT / "Procfile").read_text()).processes.items():
        if name != "models" or starts_models():
            yield name, command


def prepare_database() -> None:
    """Start the embedded server if it is ours to run, and bring the tables up to date."""
    from django.core.management import call_command
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
    try:
        if missing:
            say("Preparing the database …")
            call_command("migrate", interactive=False, verbosity=0)
    except Error as error:
        raise CannotStart(
            f"The tables could not be brought up to date: {str(error).strip()} The role in DATABASE_URL must own its "
            "database, and an administrator must have run “create extension vector” in it."
        ) from error
    finally:
        connection.close()


def stop_database() -> None:
    from config.postgres import embedded

    folder: Path | None = settings.DATABASES["default"].get("EMBEDDED")
    if folder is not None:
        try:
            embedded.stop(folder)
        except (OSError, subprocess.SubprocessError) as error:
            say(f"The embedded PostgreSQL under {folder} did not stop: {error}")


def keep_database(stopping: threading.Event) -> None:
    """Start the embedded PostgreSQL again when it was killed; the parts find it in the same place."""
    from config.postgres import embedded

    database = settings.DATABASES["default"]
    folder: Path | None = database.get("EMBEDDED")
    while folder is not None and not stopping.wait(1):
        if not embedded.is_running(folder):
            say("The embedded PostgreSQL ended by itself and is started again.")
            try:
                embedded.ensure_running(folder, database["NAME"])
            except ImproperlyConfigured as error:
                say(str(error))


def run(parts: Parts, environment: dict[str, str]) -> None:
    """Run every part until somebody asks to end."""
    commands = dict(processes())
    printer = OneAtATime(sys.stdout, width=max(map(len, commands)))
    for name, command in commands.items():
        parts.add(Part(name, command, environment, ROOT, printer))
    welcome = threading.Thread(target=greet, args=(parts.stopping, environment), daemon=True)
    welcome.start()
    threading.Thread(target=keep_database, args=(parts.stopping,), daemon=True).start()
    parts.watch()
    welcome.join(10)


class OneAtATime(Printer):  # type: ignore[misc]
    """Prints whole lines, whichever part writes them, and goes on when the terminal has gone."""

    def write(self, message: Message) -> None:
        with PRINTING, contextlib.suppress(OSError):
            super().write(message)


def greet(stopping: threading.Event, environment: dict[str, str]) -> None:
    """Load the sample company into a fresh installation, and say where to go once the pages answer."""
    accounts = settings.VAR_DIR / ACCOUNTS
    loaded = wants_samples() and load_samples(accounts, environment, stopping)
    host = os.environ.get("HOST") or "127.0.0.1"
    own = "127.0.0.1" if host in ("127.0.0.1", "0.0.0.0") else f"[{host}]" if ":" in host else host  # noqa: S104
    while not answers(f"http://{own}:{settings.PORT}/readyz"):
        if stopping.wait(0.1):
            return
    if loaded and accounts.exists():
        say(f"Sign in with one of these accounts (kept in {accounts}):\n\n{accounts.read_text()}")
    name = "localhost" if own == "127.0.0.1" else own
    hint = f" – accounts: {accounts}" if accounts.exists() else ""
    say(f"Zhinang is ready: http://{name}:{settings.PORT}/{hint} – Ctrl-C stops it.")


def wants_samples() -> bool:
    """Whether nobody has an account yet, or an earlier loading was broken off; a company's own data gets no samples."""
    from django.db import connection

    from accounts.models import Person

    if not envbool("LOAD_SAMPLES", True):
        return False
    try:
        return (settings.VAR_DIR / LOADING).exists() or not Person.objects.exists()
    finally:
        connection.close()


def load_samples(accounts: Path, environment: dict[str, str], stopping: threading.Event) -> bool:
    say("Loading the sample company …")
    (settings.VAR_DIR / LOADING).touch()
    command = [sys.executable, str(ROOT / "manage.py"), "load_samples", "--accounts", str(accounts)]
    with subprocess.Popen(  # noqa: S603
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
    ) as loading:
        while loading.poll() is None:
            if stopping.wait(0.1):
                loading.terminate()
                return False
    if loading.returncode:
        say("The sample company could not be loaded completely (see above). It is tried again at the next start.")
        return False
    (settings.VAR_DIR / LOADING).unlink(missing_ok=True)
    return True


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(main())
