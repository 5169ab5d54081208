"""A backup of `kb.backups`, brought back into an installation in which nothing is yet."""

import tempfile
from pathlib import Path

from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader

from accounts.audit import Act, record
from accounts.models import Person
from kb.access import acting_as_system
from kb.backups import (
    FORMAT,
    MOST_BYTES,
    SYSTEM,
    Backup,
    BackupError,
    Progress,
    backups,
    digest,
    rows_of,
    secret_fingerprint,
)
from kb.models import Document
from kb.postgres_programs import run
from kb.storage import FolderStorage, storage

_MIGRATIONS = "django_migrations"
# What PostgreSQL's administrator has made: the extension, and the schema with its rights.
_NOT_OURS = (" EXTENSION ", " SCHEMA ", " ACL ", " DEFAULT ACL ", " COMMENT ")


def chosen(folder: Path, name: str = "") -> Backup:
    """The last backup in a folder, or the one of that name.

    Raises:
        BackupError: there is none, or this version of Zhinang cannot read it.
    """
    found = [backup for backup in backups(folder) if name in ("", backup.name)]
    if not found:
        named = f" named {name}" if name else ""
        raise BackupError(f"There is no complete backup{named} in {folder}.")
    manifest = found[-1].manifest
    known = MigrationLoader(None).disk_migrations
    newer = [f"{app}.{one}" for app, names in manifest.migrations.items() for one in names if (app, one) not in known]
    if manifest.format != FORMAT or newer:
        raise BackupError("A newer version of Zhinang made this backup. Install that version, or a newer one.")
    return found[-1]


def restore(folder: Path, backup: Backup, progress: Progress = lambda done, total: None) -> list[str]:
    """Bring a backup back: database, files, and the tables up to this version. What people should know, in sentences.

    The database is filled in one transaction, so that a restore that failed can be tried again.

    Raises:
        BackupError: the backup is not complete, the database is not empty, or somebody else works in it.
        ProgramFailed, StorageFull, OSError
    """
    if not backup.dump.is_file() or digest(backup.dump) != backup.manifest.database_sha256:
        raise BackupError(f"{backup.dump} is damaged. Choose another backup.")
    copies = FolderStorage(folder / "files")
    lost = [name for name, size in backup.files() if not _is_there(copies.path(name), size)]
    if lost:
        raise BackupError(
            f"{len(lost)} files are missing in {copies.folder}, {lost[0]} for one. Bring them back first."
        )
    _check_empty()
    _restore_database(backup)
    _restore_files(backup, copies, progress)
    call_command("migrate", interactive=False, verbosity=0)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("analyze")  # searching well needs to know how much there is
        record(Act.RESTORED, None, target=backup.name)
    return _notices(backup)


def _is_there(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _check_empty() -> None:
    tables = connection.introspection.table_names()
    with acting_as_system():
        there = [model for model in (Person, Document) if model._meta.db_table in tables]
        used = any(model._default_manager.exists() for model in there)
    if used:
        raise BackupError(
            "There are people or documents here already, and a backup replaces nothing. Name an empty database with "
            "DATABASE_URL, or a new folder with VAR_DIR, and an empty STORAGE_URL."
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() "
            "and backend_type = 'client backend'"
        )
        (others,) = cursor.fetchone()
    if others:
        raise BackupError(f"{others} others work in this database. Stop the web server, the workers and beat first.")


def _restore_database(backup: Backup) -> None:
    known = [*connection.introspection.django_table_names(only_existing=True), _MIGRATIONS]
    with connection.cursor() as cursor:
        for table in known:
            cursor.execute(f"drop table if exists {connection.ops.quote_name(table)} cascade")
        cursor.execute("select session_user <> current_user, current_user")
        steps_down, role = cursor.fetchone()
    with tempfile.NamedTemporaryFile("w", prefix="restore-") as wanted:
        listed = run("pg_restore", ["--list", str(backup.dump)])
        wanted.writelines(f"{line}\n" for line in listed.splitlines() if not any(kind in line for kind in _NOT_OURS))
        wanted.flush()
        words = ["--single-transaction", "--clean", "--if-exists", "--no-owner", "--no-privileges"]
        words += [f"--role={role}"] if steps_down else []
        database = str(connection.settings_dict["NAME"])
        run("pg_restore", [*words, f"--use-list={wanted.name}", f"--dbname={database}", str(backup.dump)], [SYSTEM])
    with acting_as_system():
        there = rows_of(backup.manifest.rows)
    if wrong := [table for table, rows in backup.manifest.rows.items() if there[table] != rows]:
        raise BackupError(f"Not all rows came back, of {', '.join(wrong)}. Try again into an empty database.")


def _restore_files(backup: Backup, copies: FolderStorage, progress: Progress) -> None:
    kept = storage()
    for done, (name, _) in enumerate(backup.files(), 1):
        if kept.age(name) is None:
            with copies.open(name) as file:
                blob = kept.put(file, MOST_BYTES)
            if blob.sha256 != name:
                kept.delete(blob.sha256)
                raise BackupError(f"The file {copies.path(name)} is damaged. Bring it back, and restore again.")
        progress(done, backup.manifest.files)


def _notices(backup: Backup) -> list[str]:
    said = []
    if backup.manifest.missing:
        said.append(
            f"{len(backup.manifest.missing)} original files were missing when the backup was made; "
            "their texts are here and answer."
        )
    if backup.manifest.secret != secret_fingerprint():
        said.append(
            "SECRET_KEY is another one than that of the backup: set it to the former one, or enter the secrets of "
            "sources and tool servers again. Everybody signs in anew."
        )
    return said
