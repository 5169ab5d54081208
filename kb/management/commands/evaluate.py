"""`manage.py evaluate DIR`: how well and how fast the questions of a BEIR folder find their documents."""

import json
import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any, get_args

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from kb.beir import BadSet, read_set, sample
from kb.evaluation import JUDGES, evaluate
from kb.search import Method
from llm.companion import local_models
from llm.errors import ModelError


class Command(BaseCommand):
    help = "Load a BEIR folder into a collection made for it, ask its questions, print the figures, delete it again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument("--method", choices=get_args(Method), default="fused")
        parser.add_argument("--json", action="store_true", help="print one JSON object last")
        parser.add_argument("--limit", type=_number, help="ask so many questions of each kind, spread over the set")
        for name, judge in sorted(JUDGES.items()):
            shown = judge.help or f"also: {name}"
            parser.add_argument(f"--{name}", dest="judges", action="append_const", const=name, help=shown)
            judge.add_arguments(parser)

    def handle(self, *args: Any, folder: Path, method: Method, limit: int | None, **options: Any) -> None:
        # A polite end (as `kill` or a container asks for) cleans up just as Ctrl-C does.
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
        try:
            questions = read_set(folder)
            if limit:
                questions = sample(questions, limit)
            with local_models(settings.MODEL_SERVERS):
                judges = options.get("judges") or ()
                figures = evaluate(
                    questions,
                    method=method,
                    judges=judges,
                    options={**options, "limit": limit},
                    progress=self._progress,
                )
        except BadSet as error:
            raise CommandError(str(error)) from error
        except ModelError as error:
            raise CommandError(error.sentence()) from error
        except KeyboardInterrupt:
            raise CommandError("Stopped; what was loaded is deleted again.", returncode=130) from None
        self._report(figures)
        if options["json"]:
            self.stdout.write(json.dumps(figures, ensure_ascii=False))

    def _progress(self, what: str, done: int, total: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{what} {done}/{total} ", ending="\n" if done == total else "")

    def _report(self, figures: dict[str, Any]) -> None:
        for name, value in figures.items():
            shown = " ".join(f"{key} {part}" for key, part in value.items()) if isinstance(value, dict) else value
            self.stdout.write(f"{name:22} {shown}")


def _number(value: str) -> int:
    if not value.isdigit() or int(value) == 0:
        raise ArgumentTypeError(f"{value!r} is no number of questions. Use 1 or more.")
    return int(value)
