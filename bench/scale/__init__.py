"""How fast search is in large libraries, and what it misses, against its own SQL asked alone in the same run.

`python -m bench scale [--passages N …]` makes libraries up (`bench.scale.library`), each in an embedded database of its
own, and asks questions as people who may read all of it, a tenth, 1 % and 0.1 %. A part is all the SQL of one half of
the search: whose rights count, how rare the words are, the best passages. The JSON at the end also has the times of
the last statement alone.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np

if TYPE_CHECKING:
    from accounts.models import Person
    from bench.scale.library import Library

ROOT = Path(__file__).resolve().parent.parent.parent
SIZES = [10_000, 100_000, 300_000]
WARMING, MEASURED = 50, 200
CLIENTS = 8
HEAD = (
    f"{'passages':>9}  {'readable':>10}  {'search':>13}  {'BM25 alone':>13}  {'vectors alone':>13}  "
    f"{'times slower part':>17}  {'recall@10':>9}  (times: p50, p95 in ms)\n"
)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench scale", description=__doc__)
    parser.add_argument("--passages", type=int, nargs="+", default=SIZES, metavar="N")
    parser.add_argument("--folder", type=Path, help="where the databases are made; by default under VAR_DIR")
    parser.add_argument("--keep", action="store_true", help="keep the databases, and use those that were kept")
    options = parser.parse_args(arguments)
    folder: Path = options.folder or Path(os.environ.get("VAR_DIR", ROOT / "var")) / "bench-scale"
    if len(options.passages) > 1:  # the settings of a process name one database
        for passages in options.passages:
            one = [sys.executable, "-m", "bench", "scale", "--passages", str(passages), "--folder", str(folder)]
            subprocess.run([*one, *(["--keep"] if options.keep else [])], check=True)  # noqa: S603
        return
    [passages] = options.passages
    own = folder / str(passages)
    os.environ.pop("DATABASE_URL", None)
    os.environ["VAR_DIR"] = str(own)
    try:
        found = _measured(passages, own / "library.npz", keep=options.keep)
    finally:
        if not options.keep:
            from config.postgres import embedded

            embedded.stop(own / "postgres")
            shutil.rmtree(own, ignore_errors=True)
    sys.stdout.write(json.dumps(found) + "\n")


def _measured(passages: int, kept: Path, *, keep: bool) -> dict[str, Any]:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from bench.scale import library as made

    settings.MODEL_SERVERS = replace(
        settings.MODEL_SERVERS, embedding_model=made.MODEL, embedding_dimensions=None, rerank=None
    )
    call_command("migrate", interactive=False, verbosity=0)
    started = time.monotonic()
    library = made.restored(kept) if keep else None
    if library is None:
        library = made.load(passages, WARMING + MEASURED, made.texts_in(_folders()))
        if keep:
            made.remember(library, kept)
    seconds = round(time.monotonic() - started, 1)
    sys.stdout.write(f"{passages} passages of {made.DIMENSIONS} dimensions, ready after {seconds} s\n" + HEAD)
    known = dict(zip(library.questions, library.asked, strict=True))
    cases: dict[str, Any] = {}
    with patch("kb.embedding.embed_query", lambda question, servers=None: known[question]):
        for who in library.readers:
            cases[who] = _case(library, who)
            sys.stdout.write(_line(passages, who, cases[who]))
            sys.stdout.flush()
        clients = _clients(library)
    sys.stdout.write(
        f"{CLIENTS} clients: {clients['together']} searches a second, one alone {clients['alone']}; "
        f"{clients['lost']} failed, {clients['other']} found something else\n"
    )
    return {"passages": passages, "seconds": seconds, "cases": cases, "clients": clients}


def _folders() -> list[Path]:
    from bench.retrieval import SHARED

    found = sorted(path.parent for path in SHARED.glob("*/corpus.jsonl"))
    return found or [ROOT / "samples", ROOT / "docs"]


def _case(library: "Library", who: str) -> dict[str, Any]:
    """The times of the search and of its parts for one reader, and the recall of the vectors."""
    from bench.scale import parts

    person, readable = library.readers[who], library.readable(who)
    for number in range(WARMING + MEASURED):
        _asked(library, person, number)
    # One after the other for each question, so that what else the machine does disturbs all of them alike.
    taken = [_asked(library, person, number) for number in range(WARMING, WARMING + MEASURED)]
    figures: dict[str, Any] = {name: _percentiles([each[name] for each in taken]) for name in taken[0]}
    figures["recall@10"] = round(parts.recall(library, person, readable, range(WARMING, WARMING + MEASURED)), 4)
    figures["readable"] = int(readable.sum())
    for suffix in ("part", "statement"):
        halves = [figures[f"{half}_{suffix}"] for half in ("lexical", "dense")]
        slower = max(halves, key=lambda half: float(half["p95"]))
        figures[f"times_slower_{suffix}"] = {
            share: round(figures["search"][share] / slower[share], 2) for share in ("p50", "p95")
        }
    return figures


def _asked(library: "Library", person: "Person", number: int) -> dict[str, float]:
    """How long one question takes by the search and by its parts, in milliseconds."""
    from bench.scale import parts
    from kb.search import search_as

    taken = {"search": _clocked(search_as, person, library.questions[number], limit=10)}
    lexical, dense = parts.lexical(person, library.questions[number]), parts.dense(person, library.asked[number])
    for name, half in (("lexical", lexical), ("dense", dense)):
        taken |= {f"{name}_part": half.whole, f"{name}_statement": half.statement}
    return {name: 1000 * seconds for name, seconds in taken.items()}


def _percentiles(taken: Sequence[float]) -> dict[str, float]:
    return {share: round(float(np.percentile(taken, int(share[1:]))), 1) for share in ("p50", "p95")}


def _clocked(ask: Callable[..., object], *arguments: Any, **named: Any) -> float:
    started = time.perf_counter()
    ask(*arguments, **named)
    return time.perf_counter() - started


def _clients(library: "Library") -> dict[str, Any]:
    """Searches a second by eight at once and by one alone, and whether the eight find what the one found."""
    from django.db import connection

    from kb.search import search_as

    person = library.readers["everything"]

    def found(number: int) -> list[int] | None:
        try:
            return [hit.passage_id for hit in search_as(person, library.questions[number], limit=10)]
        except Exception:  # counted
            return None

    numbers = range(WARMING, WARMING + MEASURED)
    started = time.perf_counter()
    alone = [found(number) for number in numbers]
    single = time.perf_counter() - started
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(found, range(WARMING)))  # connections
        started = time.perf_counter()
        together = list(pool.map(found, numbers))
        parallel = time.perf_counter() - started
        list(pool.map(lambda _: connection.close(), range(CLIENTS)))
    return {
        "alone": round(MEASURED / single, 1),
        "together": round(MEASURED / parallel, 1),
        "lost": sum(one is None for one in together),
        "other": sum(one != before for one, before in zip(together, alone, strict=True)),
    }


def _line(passages: int, who: str, figures: dict[str, Any]) -> str:
    def pair(name: str) -> str:
        return f"{figures[name]['p50']:.1f}, {figures[name]['p95']:.1f}"

    return (
        f"{passages:>9}  {who:>10}  {pair('search'):>13}  {pair('lexical_part'):>13}  {pair('dense_part'):>13}  "
        f"{pair('times_slower_part'):>17}  {figures['recall@10']:>9.3f}\n"
    )
