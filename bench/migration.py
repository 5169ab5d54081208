"""Another embedding model without an outage: searches go on while it is filled, switched to, and switched back.

`python -m bench migration [--documents N]` counts the searches that failed or found nothing, and times both switches.
The second model is a small server of this process with vectors of another size.
"""

import argparse
import hashlib
import json
import random
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import django
import numpy as np
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

DIMENSIONS = 384
SEARCHERS = 2
SUBJECTS = ("travel", "leave", "budget", "laptop", "contract", "safety", "出差", "休假", "预算", "合同", "安全", "培训")


@dataclass
class Searches:
    """What the searches that went on all along have seen."""

    asked: int = 0
    failed: int = 0
    empty: int = 0
    degraded: int = 0
    longest: float = 0.0


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench migration", description=__doc__)
    parser.add_argument("--documents", type=int, default=2000)
    options = parser.parse_args(arguments)
    django.setup()
    from django.conf import settings

    from kb.beir import QuestionSet, SetDocument
    from kb.evaluation import shelved
    from kb.generations import active_generation, drop, generation_of, switch
    from kb.upkeep import follow_model
    from llm.companion import local_models
    from llm.profiles import PROFILES, Endpoint

    chance = random.Random(7)  # noqa: S311  material to measure with
    texts = [" ".join(chance.choices(SUBJECTS, k=60)) + f" {number}" for number in range(options.documents)]
    documents = [SetDocument(str(number), "", text) for number, text in enumerate(texts)]
    seen = Searches()
    with local_models(settings.MODEL_SERVERS), shelved(QuestionSet("migration", documents, []), _quiet) as shelf:
        first = active_generation()
        assert first is not None
        with _server() as url, _searching(shelf.collection.pk, seen):
            profile = replace(PROFILES["compatible"], requests_per_minute=None)
            settings.NEXT_MODEL_SERVERS = replace(
                settings.MODEL_SERVERS,
                embedding_profile=profile,
                embedding=Endpoint(url),
                embedding_model="measured",
                embedding_dimensions=DIMENSIONS,
            )
            filling = time.monotonic()
            while not follow_model():
                pass
            filling = time.monotonic() - filling
            second = generation_of(settings.NEXT_MODEL_SERVERS)
            assert second is not None
            there = _timed(switch, second)
            time.sleep(2)
            back = _timed(switch, first)
            time.sleep(2)
        settings.NEXT_MODEL_SERVERS = None
        drop(second)
    figures: dict[str, Any] = {
        "documents": options.documents,
        "filling_seconds": round(filling, 1),
        "switch_seconds": round(there, 3),
        "switch_back_seconds": round(back, 3),
        "searches": seen.asked,
        "failed": seen.failed,
        "empty": seen.empty,
        "by_words_alone": seen.degraded,
        "longest_ms": round(1000 * seen.longest),
    }
    for name, value in figures.items():
        sys.stdout.write(f"{name:20} {value}\n")
    sys.stdout.write(json.dumps(figures) + "\n")


def _quiet(what: str, done: int, total: int) -> None:
    return None


def _timed(verb: Any, *given: Any) -> float:
    started = time.monotonic()
    verb(*given)
    return time.monotonic() - started


@contextmanager
def _searching(collection: int, seen: Searches) -> Iterator[None]:
    """Search without a pause, in threads, while the block lasts."""
    from django.db import connection

    from kb.access import acting_as_system
    from kb.search import search

    ended, lock = threading.Event(), threading.Lock()

    def loop(number: int) -> None:
        chance = random.Random(number)  # noqa: S311
        while not ended.is_set():
            started, failed, hits = time.monotonic(), False, None
            try:
                with acting_as_system():
                    hits = search(" ".join(chance.choices(SUBJECTS, k=4)), collections=[collection])
            except Exception as error:
                sys.stderr.write(f"{error!r}\n")
                failed = True
            with lock:
                seen.asked += 1
                seen.failed += failed
                seen.empty += hits is not None and not hits
                seen.degraded += hits is not None and hits.degraded
                seen.longest = max(seen.longest, time.monotonic() - started)
        connection.close()

    threads = [threading.Thread(target=loop, args=(number,), daemon=True) for number in range(SEARCHERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


@contextmanager
def _server() -> Iterator[str]:
    """An embedding server whose vectors count words."""

    async def embeddings(request: Request) -> Response:
        given = orjson.loads(await request.body())["input"]
        texts = [given] if isinstance(given, str) else given
        data = [{"index": index, "embedding": _vector(text).tolist()} for index, text in enumerate(texts)]
        return Response(orjson.dumps({"data": data}), media_type="application/json")

    app = Starlette(routes=[Route("/v1/embeddings", embeddings, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    server.should_exit = True
    thread.join(5)


def _vector(text: str) -> np.ndarray[Any, Any]:
    vector = np.full(DIMENSIONS, 0.01)
    for word in text.split():
        vector[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big") % DIMENSIONS] += 1
    return vector
