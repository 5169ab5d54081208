"""`manage.py ingest PATH… --collection NAME`: files, folders and zip archives into a collection, ready when it ends."""

import time
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import get_language

from accounts.models import Person
from kb.access import acting_as_system
from kb.collections import create_collection
from kb.documents import Upload
from kb.errors import DocumentError
from kb.ingest import finish
from kb.models import Collection, DocumentVersion, State
from kb.operators import operator
from kb.queue import quietly
from kb.uploads import Refused, take_all
from llm.companion import local_models
from llm.errors import ModelError


class Command(BaseCommand):
    help = "Take files, folders and zip archives into a collection, and make them searchable."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file, a folder or a zip archive")
        parser.add_argument("--collection", required=True, metavar="NAME", help="made if there is none of this name")
        parser.add_argument("--everyone", action="store_true", help="everyone may read a collection that is made now")
        parser.add_argument("--group", action="append", default=[], metavar="NAME", help="may read it; repeat for more")
        parser.add_argument(
            "--as", dest="username", metavar="USERNAME", help="on whose behalf; by default the operator"
        )
        parser.add_argument("--no-wait", action="store_true", help="only queue them for the workers")

    def handle(self, *args: Any, **options: Any) -> None:
        paths: list[Path] = [path.resolve() for path in options["paths"]]
        if missing := [str(path) for path in paths if not path.exists()]:
            raise CommandError(f"There is no file or folder {', '.join(missing)}.")
        wait, by, started = not options["no_wait"], operator(options["username"]), time.monotonic()
        results: list[Upload | Refused] = []
        try:
            collection = _collection(options["collection"], by, options["group"], options["everyone"])
            taking = take_all(collection, paths, by=by)
            if wait:
                with quietly(), local_models(settings.MODEL_SERVERS):
                    finish(_added(taking, results), self._progress)
                self._progress_ends()
            else:
                results += taking
        except DocumentError as error:
            raise CommandError(_sentence(error)) from error
        except ModelError as error:
            raise CommandError(error.sentence()) from error
        versions = [result.version.pk for result in results if isinstance(result, Upload)]
        refused = [result for result in results if isinstance(result, Refused)]
        failed = self._report(versions, refused, time.monotonic() - started)
        if failed or refused:
            raise CommandError(f"{failed + len(refused)} of {len(results)} files were not taken in; see above why.")

    def _report(self, versions: Sequence[int], refused: Sequence[Refused], seconds: float) -> int:
        """Print what became of the files; return how many versions failed."""
        with acting_as_system():
            rows = list(DocumentVersion.objects.filter(pk__in=versions).select_related("document"))
        failed = [row for row in rows if row.state in (State.FAILED, State.CANCELLED)]
        chinese = (get_language() or "en").startswith("zh")
        for row in failed:
            name = row.document.external_id or row.filename
            self.stderr.write(f"{name}: {(row.error_zh if chinese else row.error_en) or row.get_state_display()}")
        for file in refused:
            self.stderr.write(f"{file.name}: {_sentence(file.error)}")
        ready = [row for row in rows if row.state == State.READY]
        passages = sum(row.passage_count for row in ready)
        waiting = f", {len(rows) - len(ready) - len(failed)} queued" if len(ready) + len(failed) < len(rows) else ""
        self.stdout.write(f"{len(ready)} documents ready with {passages} passages{waiting}, in {seconds:.1f} s.")
        return len(failed)

    def _progress(self, done: int, total: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{done} of {total}", ending="")

    def _progress_ends(self) -> None:
        if self.stderr.isatty():
            self.stderr.write("\r", ending="")


def _added(taking: Iterable[Upload | Refused], results: list[Upload | Refused]) -> Iterator[int]:
    """The versions as they are added, every outcome noted in `results`."""
    for result in taking:
        results.append(result)
        if isinstance(result, Upload):
            yield result.version.pk


def _sentence(error: DocumentError) -> str:
    return error.sentence(get_language() or "en")


def _collection(name: str, by: Person, groups: Sequence[str], everyone: bool) -> Collection:
    """The collection of this name, made if there is none."""
    with acting_as_system():
        found = Collection.objects.filter(name=" ".join(name.split())).first()
    return found or create_collection(name, by=by, groups=groups, everyone=everyone)
