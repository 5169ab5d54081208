"""`manage.py evaluate_set NAME`: ask the questions of an evaluation set, and compare with the run before."""

import json
import math
from argparse import ArgumentParser
from typing import Any, get_args

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.models import Person
from kb.access import acting_as_system
from kb.errors import DocumentError
from kb.evaluation_comparing import counted, paired
from kb.evaluation_runs import start_run, work_on
from kb.evaluation_sets import results_of, run_for
from kb.models_evaluation import EvaluationRun, EvaluationSet
from kb.operators import operator
from kb.queue import quietly
from kb.search import Method
from llm.companion import local_models


class Command(BaseCommand):
    help = "Ask all questions of an evaluation set, and print the figures and what changed since the run before."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--method", choices=get_args(Method), default="fused")
        parser.add_argument("--mode", choices=["auto", "fast", "thinking"], default="", help="also ask for answers")
        parser.add_argument("--as", dest="username", metavar="USERNAME", help="ask as this administrator")
        parser.add_argument("--json", action="store_true", help="print one JSON object last")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        by = operator(options["username"]) if options["username"] else _first_administrator()
        with acting_as_system():
            kept = EvaluationSet.objects.filter(name=name).first()
            before = kept.runs.filter(state=EvaluationRun.State.DONE, mode=options["mode"]).first() if kept else None
        if kept is None:
            raise CommandError(f"There is no evaluation set {name}. Keep a question in it first.")
        try:
            with local_models(settings.MODEL_SERVERS), quietly():
                run = start_run(kept, by=by, method=options["method"], mode=options["mode"])
                work_on(run.pk, seconds=math.inf)
        except DocumentError as error:
            raise CommandError(error.en) from error
        ended = run_for(run.pk, by=by)
        if ended is None or ended.state != EvaluationRun.State.DONE:
            raise CommandError(ended.error_en if ended else "The run was deleted.")
        changes = counted(paired(results_of(ended), results_of(before))) if before else {}
        for figure, value in {**ended.figures, **changes}.items():
            self.stdout.write(f"{figure:22} {value}")
        if options["json"]:
            self.stdout.write(json.dumps({"run": run.pk, "figures": ended.figures, "differences": changes}))


def _first_administrator() -> Person:
    found = Person.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if found is None:
        raise CommandError("There is no administrator yet. Make one, or name somebody with --as.")
    return found
