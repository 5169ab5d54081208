"""All that an installation keeps, written into a folder while it runs: the database, and the uploaded files.

The folder holds each file once, under its SHA-256, however many backups need it, and for each backup a folder named by
its moment: `database.dump` as `pg_dump` writes it, `files.txt` with the SHA-256 and the size of the files that it
needs, and `manifest.json`, written last. What is not complete has another name. SECRET_KEY is in none: whoever has a
backup reads all documents, but not the secrets of sources. `kb.restoring` is the way back.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import file_digest, sha256
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from accounts.audit import Act, record
from kb.access import ALL_SCOPES, SETTING, acting_as_system
from kb.models import DocumentVersion
from kb.postgres_programs import run
from kb.storage import BlobMissing, FolderStorage, storage

FORMAT = 1
DATABASE, FILES, MANIFEST = "database.dump", "files.txt", "manifest.json"
NOT_KEPT = ("django_session",)
"""Tables whose rows are in no backup: with a stolen one nobody is signed in."""
SYSTEM = f"{SETTING}={ALL_SCOPES}"
MOST_BYTES = 1 << 62

Progress = Callable[[int, int], None]


class BackupError(Exception):
    """A backup cannot be made, read or restored; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself. `missing` are files whose originals were not in the storage either."""

    format: int
    made_at: str
    migrations: dict[str, list[str]]
    rows: dict[str, int]
    files: int
    missing: list[str]
    database_sha256: str
    secret: str


@dataclass(frozen=True, slots=True)
class Backup:
    """A complete backup in a folder of backups."""

    folder: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def dump(self) -> Path:
        return self.folder / DATABASE

    def files(self) -> Iterator[tuple[str, int]]:
        """The SHA-256 and the size in bytes of each file that it has."""
        with (self.folder / FILES).open() as listed:
            for line in listed:
                name, size = line.split()
                yield name, int(size)


def backups(folder: Path) -> list[Backup]:
    """The complete backups in a folder, the oldest first.

    Raises:
        BackupError: one is not to be understood.
    """
    found = []
    for path in sorted(folder.glob(f"*/{MANIFEST}")):
        try:
            manifest = Manifest(**json.loads(path.read_text()))
        except (ValueError, TypeError) as error:
            raise BackupError(f"{path} is damaged, or of another version of Zhinang ({error}).") from error
        found.append(Backup(path.parent, manifest))
    return [backup for backup in found if not backup.name.startswith(".")]


def make(folder: Path, *, keep: int | None = None, progress: Progress = lambda done, total: None) -> Backup:
    """Add a backup to a folder of backups, which is made if it is not there; people go on working.

    Args:
        keep: how many backups stay, this one among them; older ones go, with the files that only they need.
        progress: hears how many of how many files are looked at.

    Raises:
        BackupError, ProgramFailed, OSError
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made_at = timezone.now()
    partial = folder / f".{_name(made_at)}.partial"
    for left in folder.glob(".*.partial"):
        shutil.rmtree(left)
    partial.mkdir(mode=0o700)
    with acting_as_system():
        record(Act.EXPORTED, None, target=_name(made_at), what="backup")
        needed = _needed()
    copies = FolderStorage(folder / "files")
    _copy(needed, copies, progress)  # most of them, so that little may happen to any after the database was read
    with _snapshot() as snapshot:
        needed, migrations = _needed(), _migrations()
        rows = rows_of(connection.introspection.table_names())
        words = ["--format=custom", "--enable-row-security", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
        words += [f"--exclude-table-data={table}" for table in NOT_KEPT]
        run("pg_dump", [*words, f"--file={partial / DATABASE}"], [SYSTEM])
    missing = _copy(needed, copies, progress)
    listed = [name for name in needed if name not in missing]
    with (partial / FILES).open("w") as file:
        file.writelines(f"{name} {copies.path(name).stat().st_size}\n" for name in listed)
    manifest = Manifest(
        format=FORMAT,
        made_at=made_at.isoformat(),
        migrations=migrations,
        rows=rows,
        files=len(listed),
        missing=sorted(missing),
        database_sha256=digest(partial / DATABASE),
        secret=secret_fingerprint(),
    )
    (partial / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1))
    place = partial.rename(folder / _name(made_at))
    if keep is not None:
        _let_go(folder, keep)
    return Backup(place, manifest)


def verify(folder: Path, backup: Backup) -> list[str]:
    """Read all of a backup again; what of it is missing or not as it was written, by name."""
    copies = FolderStorage(folder / "files")
    wrong = [] if backup.dump.is_file() and digest(backup.dump) == backup.manifest.database_sha256 else [DATABASE]
    for name, _ in backup.files():
        path = copies.path(name)
        if not path.is_file() or digest(path) != name:
            wrong.append(name)
    return wrong


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def secret_fingerprint() -> str:
    """Tells whether SECRET_KEY is the same, and not what it is."""
    return sha256(b"backup\0" + settings.SECRET_KEY.encode()).hexdigest()[:16]


def _name(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%S.%fZ}"


@contextmanager
def _snapshot() -> Iterator[str]:
    """The database as it is at one moment, for this block and for whoever is told the snapshot's name."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read, read only")
        cursor.execute("select pg_export_snapshot()")
        (name,) = cursor.fetchone()
        with acting_as_system():
            yield name


def _needed() -> list[str]:
    names = DocumentVersion.objects.order_by("sha256").values_list("sha256", flat=True).distinct()
    return [name for name in names if name]


def rows_of(tables: Iterable[str]) -> dict[str, int]:
    """How many rows each of these tables has, those that are kept; inside `acting_as_system`."""
    counted = {}
    with connection.cursor() as cursor:
        for table in sorted(set(tables) - set(NOT_KEPT)):
            cursor.execute(f"select count(*) from {connection.ops.quote_name(table)}")  # noqa: S608
            (counted[table],) = cursor.fetchone()
    return counted


def _migrations() -> dict[str, list[str]]:
    applied: dict[str, list[str]] = {}
    for app, name in sorted(MigrationRecorder(connection).applied_migrations()):
        applied.setdefault(app, []).append(name)
    return applied


def _copy(names: list[str], copies: FolderStorage, progress: Progress) -> set[str]:
    """Put the files that are not yet there beside the others; those that cannot be had."""
    source, missing = storage(), set()
    for done, name in enumerate(names, 1):
        if copies.age(name) is None:
            try:
                with source.open(name) as file:
                    blob = copies.put(file, MOST_BYTES)
            except BlobMissing:
                missing.add(name)
            else:
                if blob.sha256 != name:  # it is damaged: what it is now belongs to no document
                    copies.delete(blob.sha256)
                    missing.add(name)
        progress(done, len(names))
    return missing


def _let_go(folder: Path, keep: int) -> None:
    """Delete all backups but the last ones, and the files that none needs any more."""
    found = backups(folder)
    for backup in found[:-keep]:
        shutil.rmtree(backup.folder)
    needed = {name for backup in found[-keep:] for name, _ in backup.files()}
    copies = FolderStorage(folder / "files")
    for name in list(copies.kept()):
        if name not in needed:
            copies.delete(name)
