"""Backups: what is in them, what they refuse, and that all of it comes back, also as a role without special rights."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from psycopg import sql

from accounts.models_audit import Act, AuditLine
from kb.access import acting_as_system
from kb.backups import DATABASE, MANIFEST, Backup, backups, make
from kb.ingest import work_next
from kb.models import Document, Passage
from kb.storage import FolderStorage, storage
from tests.kb.ingesting import TRAVEL, version_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("model_server")]

ROOT = Path(__file__).parents[2]


@pytest.fixture
def shelf(travel: Document) -> Document:
    work_next()
    return travel


@dataclass(frozen=True)
class Installation:
    """Another installation, with a database and a folder of its own."""

    url: str
    folder: Path

    def manage(self, *words: str) -> "subprocess.CompletedProcess[str]":
        environment = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": self.url,
            "VAR_DIR": str(self.folder),
            "SECRET_KEY": settings.SECRET_KEY,
        }
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def connected(parameters: dict[str, Any]) -> psycopg.Connection:
    return psycopg.connect(psycopg.conninfo.make_conninfo(**parameters), autocommit=True)


@contextmanager
def database(role: str | None = None) -> Iterator[str]:
    """The address of a new database of the same server, which the role owns; it can do nothing else."""
    parameters = connection.get_connection_params()
    user, password = parameters["user"], parameters.get("password")
    host, port = parameters.get("host") or "", parameters.get("port") or 5432
    own = {
        key: value for key, value in (("host", host), ("port", port), ("user", user), ("password", password)) if value
    }
    name = f"restored_{uuid4().hex[:12]}"
    owner = sql.Identifier(role or user)
    with connected(own | {"dbname": "postgres"}) as server:
        if role:
            server.execute(sql.SQL("create role {} login password 'kept'").format(owner))
        server.execute(sql.SQL("create database {} owner {}").format(sql.Identifier(name), owner))
        with connected(own | {"dbname": name}) as made:
            made.execute("create extension vector")
        who = f"{role or user}:{'kept' if role else password or ''}"
        try:
            yield f"postgresql://{who}@{quote(str(host), safe='')}:{port}/{name}"
        finally:
            server.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
            if role:
                server.execute(sql.SQL("drop role {}").format(owner))


def asked(url: str, statement: str) -> list[tuple[Any, ...]]:
    parts = urlsplit(url)
    with psycopg.connect(
        host=unquote(parts.netloc.split("@")[1].rsplit(":", 1)[0]),
        port=parts.port,
        user=parts.username,
        password=parts.password,
        dbname=parts.path[1:],
        options="-c kb.scopes=*",
    ) as there:
        return there.execute(statement.encode()).fetchall()


def test_everything_comes_back_also_for_a_role_that_row_level_security_binds(shelf: Document, tmp_path: Path) -> None:
    made = make(tmp_path / "backups")
    rows = made.manifest.rows
    assert (rows["kb_document"], rows["kb_passagevector"]) == (1, version_of(shelf).passage_count)
    with database() as address, database(f"keeper_{uuid4().hex[:8]}") as bound:
        first, second = Installation(address, tmp_path / "first"), Installation(bound, tmp_path / "second")
        restored = first.manage("restore", str(tmp_path / "backups"))
        assert (restored.returncode, restored.stderr) == (0, "")
        assert "1 documents" in restored.stdout
        found = first.manage("search", "How much may a hotel cost?")
        assert "180 euros" in found.stdout
        files = FolderStorage(first.folder / "files")
        with files.open(version_of(shelf).sha256) as file:
            assert file.read() == TRAVEL
        assert first.manage("backup", str(tmp_path / "again")).returncode == 0
        restored = second.manage("restore", str(tmp_path / "again"))
        assert (restored.returncode, restored.stderr) == (0, "")
        assert second.manage("backup", str(tmp_path / "once more")).returncode == 0
        [again], [once_more] = backups(tmp_path / "again"), backups(tmp_path / "once more")
        more = {table: count - rows[table] for table, count in once_more.manifest.rows.items() if count != rows[table]}
        assert more == {"accounts_auditline": 4}, "two backups and two restorations were recorded, and no row was lost"
        assert asked(bound, "select act from accounts_auditline order by id desc limit 1") == [("exported",)]
        assert asked(bound, "select tableowner = current_user from pg_tables where tablename = 'kb_page'") == [(True,)]
        guarded = "select relrowsecurity and relforcerowsecurity from pg_class where relname = 'kb_passage'"
        assert asked(bound, guarded) == [(True,)]
        assert again.manifest.migrations == once_more.manifest.migrations
        refused = second.manage("restore", str(tmp_path / "again"))
        assert refused.returncode == 1
        assert "people or documents here already" in refused.stderr


def test_nothing_guarded_is_hidden_from_the_system() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select c.relname from pg_class c where c.relforcerowsecurity and not exists (
                select from pg_policies p where p.tablename = c.relname and p.qual ~ 'kb[._]scopes'
            )
            """
        )
        assert cursor.fetchall() == [], "rows of these tables would be in no backup"


def test_files_are_copied_once_and_go_with_the_last_backup_that_needs_them(shelf: Document, tmp_path: Path) -> None:
    name = version_of(shelf).sha256
    copies = FolderStorage(tmp_path / "files")
    first = make(tmp_path)
    written = copies.path(name).stat().st_mtime_ns
    second = make(tmp_path)
    assert copies.path(name).stat().st_mtime_ns == written
    assert [backup.name for backup in backups(tmp_path)] == [first.name, second.name]
    with acting_as_system():
        Document.objects.get(pk=shelf.pk).delete()
    third = make(tmp_path, keep=2)
    assert (list(third.files()), [backup.name for backup in backups(tmp_path)]) == ([], [second.name, third.name])
    assert list(copies.kept()) == [name]
    make(tmp_path, keep=2)
    assert list(copies.kept()) == []
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_backup_is_recorded_and_readable_by_its_owner_alone(shelf: Document, tmp_path: Path) -> None:
    made = make(tmp_path / "backups")
    assert AuditLine.objects.filter(act=Act.EXPORTED, details__what="backup", target=made.name).exists()
    assert [path.stat().st_mode & 0o077 for path in (tmp_path / "backups", made.folder)] == [0, 0]
    assert settings.SECRET_KEY not in (made.folder / MANIFEST).read_text()


@pytest.mark.parametrize("damaged", [False, True])
def test_an_original_that_is_not_there_is_told_and_stops_nothing(
    shelf: Document, tmp_path: Path, damaged: bool
) -> None:
    name = version_of(shelf).sha256
    kept = storage()
    assert isinstance(kept, FolderStorage)
    if damaged:
        kept.path(name).write_bytes(b"something else")
    else:
        kept.delete(name)
    told = StringIO()
    call_command("backup", str(tmp_path), stdout=StringIO(), stderr=told)
    [made] = backups(tmp_path)
    assert (made.manifest.missing, list(made.files())) == ([name], [])
    assert name in told.getvalue()
    assert list(FolderStorage(tmp_path / "files").kept()) == []


def spoil_dump(folder: Path, made: Backup) -> str:
    made.dump.write_bytes(made.dump.read_bytes()[:-1])
    return DATABASE


def spoil_file(folder: Path, made: Backup) -> str:
    [(name, _)] = made.files()
    FolderStorage(folder / "files").path(name).unlink()
    return name


@pytest.mark.parametrize("spoil", [spoil_dump, spoil_file])
def test_what_is_not_as_it_was_written_is_found_and_not_restored(shelf: Document, tmp_path: Path, spoil: Any) -> None:
    made = make(tmp_path)
    call_command("backup", str(tmp_path), verify=True, stdout=StringIO())
    spoiled = spoil(tmp_path, made)
    with pytest.raises(CommandError, match=spoiled):
        call_command("backup", str(tmp_path), verify=True)
    with pytest.raises(CommandError, match=spoiled):
        call_command("restore", str(tmp_path))
    with acting_as_system():
        assert Passage.objects.exists()


def test_nothing_is_restored_over_what_is_there(shelf: Document, tmp_path: Path) -> None:
    make(tmp_path)
    with pytest.raises(CommandError, match="people or documents here already"):
        call_command("restore", str(tmp_path))
    with acting_as_system():
        assert Passage.objects.exists()


def test_a_backup_of_a_newer_version_is_refused(shelf: Document, tmp_path: Path) -> None:
    made = make(tmp_path)
    said = json.loads((made.folder / MANIFEST).read_text())
    said["migrations"]["kb"].append("9999_of_the_future")
    (made.folder / MANIFEST).write_text(json.dumps(said))
    with pytest.raises(CommandError, match="newer version"):
        call_command("restore", str(tmp_path))


def test_what_was_interrupted_is_no_backup(shelf: Document, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as interrupted:
        interrupted.setattr("kb.backups.digest", lambda path: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            make(tmp_path)
    with pytest.raises(CommandError, match="no complete backup"):
        call_command("restore", str(tmp_path))
    make(tmp_path)
    assert len(backups(tmp_path)) == 1
    with pytest.raises(CommandError, match="named nothing"):
        call_command("restore", str(tmp_path), backup="nothing")
