"""`manage.py evaluation_questions NAME FILE`: questions of an evaluation set, read from a file or written to one."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kb.access import acting_as_system
from kb.beir import BadSet
from kb.errors import DocumentError
from kb.evaluation_files import export_lines, import_folder, import_lines
from kb.models_evaluation import EvaluationSet
from kb.operators import operator


class Command(BaseCommand):
    help = "Read questions into an evaluation set: JSON lines, or a BEIR folder whose documents are here by name."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("path", type=Path, metavar="FILE_OR_DIR")
        parser.add_argument("--export", action="store_true", help="write the set's questions to FILE instead")

    def handle(self, *args: Any, name: str, path: Path, export: bool, **options: Any) -> None:
        try:
            self.stdout.write(self._exported(name, path) if export else self._imported(name, path))
        except (DocumentError, BadSet, OSError, UnicodeDecodeError) as error:
            raise CommandError(str(error)) from error

    def _exported(self, name: str, path: Path) -> str:
        with acting_as_system():
            kept = EvaluationSet.objects.filter(name=name).first()
        if kept is None:
            raise CommandError(f"There is no evaluation set {name}.")
        lines = list(export_lines(kept))
        path.write_text("".join(lines), encoding="utf-8")
        return f"{len(lines)} questions written to {path}."

    def _imported(self, name: str, path: Path) -> str:
        by = operator(None)
        if path.is_dir():
            count = import_folder(name, path, by=by)
        else:
            count = import_lines(name, path.read_text(encoding="utf-8-sig").splitlines(), by=by)
        return f"{count} questions kept in {name}."
