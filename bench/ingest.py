"""How long the way from files to findable documents takes, against its raw parts, and how much memory it needs.

`python -m bench ingest [PATH …] [--pages N] [--rows N]` takes files and folders in as `manage.py ingest` does, as many
at once as WORKER_CONCURRENCY says, and one more. Then it does the same work raw in the same run, one after the other:
reading the files, embedding their passages, COPY of all rows into tables that have no indexes. `--pages` and `--rows`
add a PDF and a spreadsheet of that size, made for the purpose.
"""

import argparse
import csv
import io
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
import psutil

if TYPE_CHECKING:
    from kb.models import Collection
    from kb.parsing import Part

WORDS = (
    "order",
    "travel",
    "limit",
    "calibration",
    "sensor",
    "approval",
    "contract",
    "budget",
    "订单",
    "差旅",
    "审批",
    "合同",
)
BATCH = 256


@dataclass
class Watch:
    """The highest resident memory of each kind of process, and how often progress was told."""

    peaks: dict[str, int] = field(default_factory=dict)
    longest_silence: float = 0.0
    told: int = 0


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench ingest", description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="by default the samples' documents")
    parser.add_argument("--pages", type=int, default=0, help="also a PDF of so many pages")
    parser.add_argument("--rows", type=int, default=0, help="also a spreadsheet of so many rows")
    options = parser.parse_args(arguments)
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from kb.collections import create_collection, delete_collection
    from kb.operators import operator
    from llm.companion import local_models

    call_command("migrate", verbosity=0)
    by = operator(None)
    with tempfile.TemporaryDirectory(prefix="bench-") as made, local_models(settings.MODEL_SERVERS):
        paths = options.paths or (
            [] if options.pages or options.rows else [settings.BASE_DIR / "samples" / "documents"]
        )
        files = list(_files([*paths, *_made(Path(made), options.pages, options.rows)]))
        collection = create_collection(f"bench ingest {os.getpid()}", by=by)
        try:
            _warm_up(files[0])
            watch = Watch()
            with _watching(watch):
                seconds, ready, passages = _pipeline(collection, files)
            raw = _raw(files)
        finally:
            delete_collection(collection, by=by)
    total = sum(raw.values())
    figures: dict[str, Any] = {
        "files": len(files),
        "ready": ready,
        "passages": passages,
        "at_once": settings.WORKER_CONCURRENCY + 1,
        "pipeline_seconds": round(seconds, 2),
        **{f"raw_{name}_seconds": round(value, 2) for name, value in raw.items()},
        "ratio": round(seconds / total, 2),
        "progress_told": watch.told,
        "longest_silence_seconds": round(watch.longest_silence, 1),
        "peak_mb": {name: round(peak / 2**20) for name, peak in sorted(watch.peaks.items())},
    }
    for name, value in figures.items():
        sys.stdout.write(f"{name:24} {value}\n")
    sys.stdout.write(json.dumps(figures) + "\n")


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(part for part in path.rglob("*") if part.is_file()) if path.is_dir() else [path]


def _warm_up(file: Path) -> None:
    """Start the reading processes and the embedding connection, which neither side should pay for."""
    from kb.embedding import embed_documents

    _parts(file)
    embed_documents(["warm"])


def _pipeline(collection: "Collection", files: Sequence[Path]) -> tuple[float, int, int]:
    """Seconds, documents ready, and their passages."""
    from kb.access import acting_as_system
    from kb.documents import About, add
    from kb.ingest import finish
    from kb.models import DocumentVersion, State
    from kb.operators import operator
    from kb.queue import quietly

    by = operator(None)
    started = time.perf_counter()
    versions: list[int] = []

    def added() -> Iterator[int]:
        for number, file in enumerate(files):
            with file.open("rb") as opened:
                versions.append(add(collection, file.name, opened, About(external_id=str(number)), by=by).version.pk)
            yield versions[-1]

    with quietly():
        finish(added())
    seconds = time.perf_counter() - started
    with acting_as_system():
        ready = DocumentVersion.objects.filter(pk__in=versions, state=State.READY)
        return seconds, ready.count(), sum(ready.values_list("passage_count", flat=True))


def _parts(file: Path) -> "list[Part]":
    from kb.parsing import ParseError, parse_file
    from kb.uploads import limits

    try:
        with parse_file(file, file.name, limits(), lambda *step: None, lambda: False) as parsed:
            return list(parsed.parts())
    except ParseError:
        return []


def _raw(files: Sequence[Path]) -> dict[str, float]:
    from django.db import connection

    from kb.chunking import passages
    from kb.embedding import embed_documents

    seconds = {"parsing": 0.0, "embedding": 0.0, "copy": 0.0}
    with connection.cursor() as cursor:
        cursor.execute("create temporary table raw_text (start bigint, stop bigint, text text)")
        cursor.execute("create temporary table raw_term (term bigint, passage bigint, frequency real, length int)")
        cursor.execute("create temporary table raw_vector (passage bigint, embedding halfvec)")
        for file in files:
            started = time.perf_counter()
            parts = _parts(file)
            seconds["parsing"] += time.perf_counter() - started
            drafts = list(passages(parts))
            for first in range(0, len(drafts), BATCH):
                batch = drafts[first : first + BATCH]
                started = time.perf_counter()
                vectors = embed_documents([draft.text for draft in batch])
                seconds["embedding"] += time.perf_counter() - started
                rows = _rows(batch, vectors)
                started = time.perf_counter()
                _copy(cursor, rows)
                seconds["copy"] += time.perf_counter() - started
            started = time.perf_counter()
            _copy(cursor, {"raw_text": [(0, len(page.text), page.text) for page, _ in parts]})
            seconds["copy"] += time.perf_counter() - started
    return seconds


def _rows(drafts: Sequence[Any], vectors: Any) -> dict[str, list[tuple[Any, ...]]]:
    """What COPY is given: passages, terms and vectors; making the rows is not measured."""
    from kb.indexing import halfvec_texts
    from kb.lexical import term_key, terms, weighted_terms

    postings: list[tuple[Any, ...]] = []
    for draft in drafts:
        body = terms(draft.text)
        counted = weighted_terms([(body, 1.0)]).items()
        postings += [(term_key(term), draft.ordinal, weight, len(body)) for term, weight in counted]
    texts = halfvec_texts(vectors)
    return {
        "raw_text": [(draft.start, draft.end, draft.text) for draft in drafts],
        "raw_term": postings,
        "raw_vector": [(draft.ordinal, text) for draft, text in zip(drafts, texts, strict=True)],
    }


def _copy(cursor: Any, tables: dict[str, list[tuple[Any, ...]]]) -> None:
    for table, rows in tables.items():
        with cursor.copy(f"copy {table} from stdin") as copy:
            for row in rows:
                copy.write_row(row)


@contextmanager
def _watching(watch: Watch) -> Iterator[None]:
    """Look at this process, its children and the local models ten times a second, and at the versions' progress."""
    ended = threading.Event()

    def look() -> None:
        from django.db import connection

        from kb.access import acting_as_system
        from kb.models import WORKING, DocumentVersion

        last, changed = None, time.monotonic()
        while not ended.wait(0.2):
            for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
                try:
                    name = "this process" if process.pid == os.getpid() else " ".join(process.cmdline()[1:3])
                    watch.peaks[name] = max(watch.peaks.get(name, 0), process.memory_info().rss)
                except psutil.Error:
                    continue
            with acting_as_system():
                now = list(
                    DocumentVersion.objects.filter(state__in=WORKING).values_list("pk", "state", "progress_done")[:50]
                )
            if now != last:
                watch.told += 1
                watch.longest_silence = max(watch.longest_silence, time.monotonic() - changed)
                last, changed = now, time.monotonic()
        connection.close()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _made(folder: Path, pages: int, rows: int) -> Iterator[Path]:
    """Large files, made of the words above."""
    chance = random.Random(7)  # noqa: S311  material to measure with
    if pages:
        yield made_pdf(folder / f"{pages}-pages.pdf", pages, chance)
    if rows:
        yield made_sheet(folder / f"{rows}-rows.xlsx", rows, chance)


def made_pdf(path: Path, pages: int, chance: random.Random, pictures: bool = False) -> Path:
    """A PDF with words on each page, and a picture if wanted."""
    from PIL import Image
    from reportlab import rl_config
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    rl_config.useA85 = 0  # which takes minutes for the pictures
    latin = [word for word in WORDS if word.isascii()]
    canvas = Canvas(str(path))
    for page in range(pages):
        text = canvas.beginText(50, 800)
        text.textLine(f"Chapter {page // 20 + 1}, section {page % 20 + 1}")
        for _line in range(45):
            text.textLine(" ".join(chance.choices(latin, k=11)) + f" {chance.randrange(10**6)}.")
        canvas.drawText(text)
        if pictures:
            blocks = Image.frombytes("RGB", (24, 16), chance.randbytes(24 * 16 * 3)).resize((240, 160))
            picture = io.BytesIO()
            blocks.save(picture, "JPEG")
            canvas.drawImage(ImageReader(picture), 50, 20, 180, 120)
        canvas.showPage()
    canvas.save()
    return path


def made_sheet(path: Path, rows: int, chance: random.Random) -> Path:
    """A workbook of orders."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Orders")
    for row in _orders(rows, chance):
        sheet.append(row)
    book.save(path)
    return path


def made_csv(path: Path, rows: int, chance: random.Random) -> Path:
    """The same as a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(_orders(rows, chance))
    return path


def _orders(rows: int, chance: random.Random) -> Iterator[list[Any]]:
    yield ["Order", "Subject", "Quantity", "Price", "Day"]
    for row in range(rows):
        day = f"2026-{row % 12 + 1:02d}-{row % 28 + 1:02d}"
        yield [f"PO-{row:06d}", chance.choice(WORDS), row % 50, round(chance.random() * 1000, 2), day]
