"""`manage.py load_samples`: the sample company, with accounts to sign in with."""

import contextlib
import os
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from kb.access import acting_as_system
from kb.ingest import finish
from kb.models import DocumentVersion, State
from kb.queue import quietly
from kb.sample_company import load
from llm.companion import local_models
from llm.errors import ModelError


class Command(BaseCommand):
    help = "Load the sample company: groups, accounts, collections and documents. Loading twice changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        folder = settings.BASE_DIR / "samples"
        parser.add_argument("--from", dest="folder", type=Path, default=folder, help="a folder with company.json")
        parser.add_argument("--password", default="", help="of all new accounts; without it each gets one of its own")
        parser.add_argument("--accounts", type=Path, help="add the new accounts to this file instead of printing them")
        parser.add_argument("--no-wait", action="store_true", help="only queue the documents for the workers")

    def handle(self, *args: Any, **options: Any) -> None:
        wait = not options["no_wait"]
        try:
            with quietly() if wait else contextlib.nullcontext():
                loaded = load(options["folder"], options["password"], self._keeper(options["accounts"]))
        except FileNotFoundError as error:
            raise CommandError(f"There is no file {error.filename}: the samples are not complete.") from error
        if wait and loaded.versions:
            try:
                with local_models(settings.MODEL_SERVERS):
                    finish(loaded.versions)
            except ModelError as error:
                raise CommandError(error.sentence()) from error
        with acting_as_system():
            failed = list(DocumentVersion.objects.filter(pk__in=loaded.versions, state=State.FAILED))
        for version in failed:
            self.stderr.write(f"{version.filename}: {version.error_en}")
        self.stdout.write(f"{len(loaded.versions) - len(failed)} new document versions are in.")
        if failed:
            raise CommandError(f"{len(failed)} documents of the samples failed; see above why.")

    def _keeper(self, path: Path | None) -> Callable[[str, str], None]:
        def keep(username: str, password: str) -> None:
            if path is None:
                self.stdout.write(f"{username}\t{password}")
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            lines = path.read_text().splitlines() if path.exists() else []
            lines = [line for line in lines if line.partition("\t")[0] != username]
            new = path.with_name(f"{path.name}.new")
            with os.fdopen(os.open(new, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
                file.writelines(f"{line}\n" for line in [*lines, f"{username}\t{password}"])
            new.replace(path)

        return keep
