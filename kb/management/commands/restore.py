"""`manage.py restore FOLDER`: what `manage.py backup` has written, into an empty installation."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kb.backups import BackupError
from kb.postgres_programs import ProgramFailed
from kb.restoring import chosen, restore
from kb.storage import StorageFull


class Command(BaseCommand):
    help = "Bring a backup back into an empty database and storage. Nothing that is there is replaced."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="where the backups are kept")
        parser.add_argument("--backup", default="", metavar="NAME", help="which one; by default the last one")

    def handle(self, *args: Any, folder: Path, backup: str, **options: Any) -> None:
        folder = folder.resolve()
        try:
            found = chosen(folder, backup)
            notices = restore(folder, found)
        except (BackupError, ProgramFailed, StorageFull, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{found.name} is back: {found.manifest.rows['kb_document']} documents.")
        for notice in notices:
            self.stderr.write(notice)
