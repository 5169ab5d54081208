"""`manage.py search QUERY`: what somebody would find."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import date
from typing import Any, get_args

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from kb.access import acting_as_system
from kb.errors import DocumentError
from kb.filters import LANGUAGES, TYPES, Filters
from kb.models import Collection
from kb.operators import operator
from kb.search import Hit, Method, search_as
from llm.companion import local_models

EXCERPT = 200


class Command(BaseCommand):
    help = "Show the passages that a question finds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("query")
        parser.add_argument("--as", dest="username", metavar="USERNAME", help="who asks; by default the operator")
        parser.add_argument(
            "--collection", action="append", metavar="NAME", help="search in this one only; repeat for more"
        )
        parser.add_argument("--type", action="append", choices=TYPES, default=[], help="documents of this type only")
        parser.add_argument("--language", action="append", choices=LANGUAGES, default=[])
        parser.add_argument("--tag", action="append", default=[], help="documents with this tag only; repeat for more")
        parser.add_argument("--from", dest="dated_from", type=date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument("--to", dest="dated_to", type=date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument("--as-of", type=date.fromisoformat, metavar="YYYY-MM-DD", help="versions of that day")
        parser.add_argument("--limit", type=int, default=8)
        parser.add_argument("--method", choices=get_args(Method), default="fused")
        parser.add_argument("--json", action="store_true", help="print one JSON object last")

    def handle(self, *args: Any, query: str, **options: Any) -> None:
        try:
            filters = Filters(
                types=options["type"],
                languages=options["language"],
                tags=options["tag"],
                dated_from=options["dated_from"],
                dated_to=options["dated_to"],
            )
        except DocumentError as error:
            raise CommandError(str(error)) from error
        with local_models(settings.MODEL_SERVERS):
            hits = search_as(
                operator(options["username"]),
                query,
                limit=options["limit"],
                collections=_collections(options["collection"]),
                filters=filters,
                as_of=options["as_of"],
                method=options["method"],
            )
        for place, hit in enumerate(hits, start=1):
            self.stdout.write(_line(place, hit))
        if hits.degraded:
            self.stderr.write("The embedding server does not answer: only words counted.")
        if options["json"]:
            found = [asdict(hit) for hit in hits]
            self.stdout.write(json.dumps({"hits": found, "degraded": hits.degraded}, default=str, ensure_ascii=False))


def _collections(names: list[str] | None) -> list[int] | None:
    if names is None:
        return None
    with acting_as_system():
        known = dict(Collection.objects.filter(name__in=names).values_list("name", "pk"))
    if missing := [name for name in names if name not in known]:
        raise CommandError(f"There is no collection {', '.join(missing)}.")
    return list(known.values())


def _line(place: int, hit: Hit) -> str:
    where = " > ".join((hit.title, *hit.heading_path)) + (f", p. {hit.page}" if hit.page else "")
    excerpt = " ".join(hit.text.split())[:EXCERPT]
    why = f"words {hit.why.lexical_rank or '–'}, meaning {hit.why.dense_rank or '–'}"
    return f"{place:2}. {where}  [{hit.score:.2f}: {why}]\n    {excerpt}"
