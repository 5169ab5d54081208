"""`manage.py embedding`: which embedding models there are, how they compare, and which of them answers."""

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from kb.beir import BadSet, read_set
from kb.errors import DocumentError
from kb.evaluation import measure, shelved
from kb.generations import answering, answering_by, drop, is_complete, servers_of, switch
from kb.models_index import EmbeddingGeneration
from kb.upkeep import fill, follow_model
from llm.companion import local_models
from llm.errors import ModelError


class Command(BaseCommand):
    help = "Show the embedding models, fill the one that is to follow, compare them, switch to it, or switch back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb")
        verbs.add_parser("status", help="the models, and which of them answers (the default)")
        verbs.add_parser("fill", help="embed what the models in use lack, now instead of in the background")
        compare = verbs.add_parser("compare", help="how well each model finds the documents of a BEIR folder")
        compare.add_argument("folder", type=Path, metavar="DIR")
        for verb, what in (("switch", "let a model answer from now on"), ("drop", "delete a model's vectors")):
            verbs.add_parser(verb, help=what).add_argument(
                "model", type=int, metavar="NUMBER", help="as status shows it"
            )

    def handle(self, *args: Any, verb: str | None, **options: Any) -> None:
        try:
            with local_models(settings.MODEL_SERVERS):
                if verb == "fill":
                    while not follow_model():
                        self.stderr.write("filling …")
                elif verb == "compare":
                    self._compare(options["folder"])
                    return
                elif verb == "switch":
                    switch(self._generation(options["model"]))
                elif verb == "drop" and not drop(self._generation(options["model"])):
                    raise CommandError("This model answers. Switch to another one first.")
        except DocumentError as error:
            raise CommandError(error.sentence("en")) from error
        except (BadSet, ModelError) as error:
            raise CommandError(str(error)) from error
        self._status()

    def _generation(self, number: int) -> EmbeddingGeneration:
        if (found := EmbeddingGeneration.objects.filter(pk=number).first()) is None:
            raise CommandError(f"There is no embedding model {number}. `manage.py embedding` lists them.")
        return found

    def _status(self) -> None:
        serving = answering()
        for generation in EmbeddingGeneration.objects.order_by("pk"):
            answers = "answers" if serving and serving.generation == generation else generation.state
            whole = "complete" if is_complete(generation) else "not complete"
            reach = "" if servers_of(generation) else ", its server is not named"
            self.stdout.write(f"{generation.pk:4} {generation} – {answers}, {whole}{reach}")

    def _compare(self, folder: Path) -> None:
        """Ask a set's questions by each model; the set's documents are embedded by all of them for the purpose."""
        reachable = [one for one in EmbeddingGeneration.objects.order_by("pk") if servers_of(one)]
        found = {}
        with shelved(read_set(folder), self._quiet) as shelf:
            for generation in reachable:
                servers = servers_of(generation)
                assert servers is not None
                while not fill(generation, servers, time.monotonic() + 60):
                    self.stderr.write(f"filling {generation} …")
                with answering_by(generation):
                    found[str(generation)] = figures = measure(shelf, "fused", self._quiet)
                self.stdout.write(f"{generation.pk:4} {generation}: nDCG@10 {figures['ndcg@10']:.4f}")
        self.stdout.write(json.dumps(found))

    def _quiet(self, what: str, done: int, total: int) -> None:
        return None
