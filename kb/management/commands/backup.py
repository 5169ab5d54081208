"""`manage.py backup FOLDER`: the database and all files into a folder; `--verify` reads a backup again."""

from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kb.backups import BackupError, make, verify
from kb.postgres_programs import ProgramFailed
from kb.restoring import chosen
from kb.storage import StorageFull


class Command(BaseCommand):
    help = "Write the database and all files into a folder, while everything runs. Files are copied once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="where the backups are kept")
        parser.add_argument("--keep", type=_count, metavar="N", help="delete all but the last N; by default none")
        parser.add_argument("--verify", action="store_true", help="make none, but read the last one again and check it")

    def handle(self, *args: Any, folder: Path, keep: int | None, **options: Any) -> None:
        folder = folder.resolve()
        try:
            if options["verify"]:
                self._verify(folder)
            else:
                self._make(folder, keep)
        except (BackupError, ProgramFailed, StorageFull, OSError) as error:
            raise CommandError(str(error)) from error

    def _make(self, folder: Path, keep: int | None) -> None:
        backup = make(folder, keep=keep)
        size = backup.dump.stat().st_size / 2**20
        self.stdout.write(f"{backup.name}: a database of {size:.1f} MB and {backup.manifest.files} files, in {folder}")
        if missing := backup.manifest.missing:
            self.stderr.write(f"{len(missing)} files are missing in the storage, or damaged there: {missing[0]} …")

    def _verify(self, folder: Path) -> None:
        backup = chosen(folder)
        if wrong := verify(folder, backup):
            raise CommandError(f"{backup.name}: {len(wrong)} of its files are missing or damaged: {wrong[0]} …")
        self.stdout.write(f"{backup.name}: all is there, as it was written.")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError("how many backups are kept: 1 or more")
    return int(text)
