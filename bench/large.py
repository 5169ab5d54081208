"""How much memory each process takes while a large file becomes ready, and whether its progress is told all along.

`python -m bench large [--pages N] [--rows N]` starts Zhinang's processes as `make run` does, in a folder of their own,
uploads a PDF of N pages with words and a picture on each, then a workbook and a CSV file of N rows, one after the other
over the API, and watches every process: its resident memory, and of PostgreSQL's processes what is theirs alone, as the
shared buffers count in each of them. What the API tells of the document is asked several times a second; the longest
time in which it told the same is the longest silence.
"""

import argparse
import json
import random
import re
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil

from bench.ingest import made_csv, made_pdf, made_sheet
from bench.running import Uploader, installation, process, uploader

ALLOWED_MB = 1000
PATIENCE_SECONDS = 3600
LOOK_SECONDS = 0.2


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench large", description=__doc__)
    parser.add_argument("--pages", type=int, default=1600, help="pages of the PDF; 0 for none")
    parser.add_argument("--rows", type=int, default=200_000, help="rows of the workbook and the CSV file; 0 for none")
    options = parser.parse_args(arguments)
    with installation() as folder, ExitStack() as running:
        groups = {name: running.enter_context(process(name)) for name in ("models", "web", "worker")}
        somebody = uploader("somebody")
        found = [_watched(somebody, file, groups, folder) for file in _files(folder, options.pages, options.rows)]
    for figures in found:
        for name, value in figures.items():
            sys.stdout.write(f"{name:24} {value}\n")
    sys.stdout.write(json.dumps(found) + "\n")
    return int(any(max(figures["peak_mb"].values()) > ALLOWED_MB or figures["state"] != "ready" for figures in found))


def _files(folder: Path, pages: int, rows: int) -> Iterator[Path]:
    chance = random.Random(7)  # noqa: S311  material to measure with
    if pages:
        yield made_pdf(folder / f"{pages}-pages.pdf", pages, chance, pictures=True)
    if rows:
        yield made_sheet(folder / f"{rows}-rows.xlsx", rows, chance)
        yield made_csv(folder / f"{rows}-rows.csv", rows, chance)


def _watched(somebody: Uploader, file: Path, groups: dict[str, int], folder: Path) -> dict[str, Any]:
    """Upload a file, and watch until it is ready."""
    started = time.perf_counter()
    with _peaks(groups, folder) as peaks:
        with file.open("rb") as opened:
            (number,) = somebody.upload([(file.name, opened)])
        begun = changed = time.perf_counter()
        last: tuple[Any, ...] = ()
        silence, silent_at, told = 0.0, "", 0
        while time.perf_counter() - started < PATIENCE_SECONDS:
            document = somebody.document(number)
            now = (document["state"], *_progress(document))
            if now != last:
                if time.perf_counter() - changed > silence:
                    silence, silent_at = time.perf_counter() - changed, " ".join(str(part) for part in last)
                last, changed, told = now, time.perf_counter(), told + 1
            if document["state"] in ("ready", "failed"):
                break
            time.sleep(LOOK_SECONDS)
        seconds = time.perf_counter() - begun
    return {
        "file": file.name,
        "mb": round(file.stat().st_size / 2**20, 1),
        "state": last[0],
        "seconds": round(seconds, 1),
        "progress_told": told,
        "longest_silence_seconds": round(silence, 1),
        "silent_at": silent_at,
        "peak_mb": peaks,
    }


def _progress(document: dict[str, Any]) -> tuple[Any, ...]:
    told = document["progress"]
    return tuple(told.values()) if isinstance(told, dict) else (told,)


@contextmanager
def _peaks(groups: dict[str, int], folder: Path) -> Iterator[dict[str, int]]:
    """The highest memory of each kind of process in MB, filled in at the end of the block."""
    highest: defaultdict[str, float] = defaultdict(float)
    found: dict[str, int] = {}
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(LOOK_SECONDS):
            for name, size in _sizes(groups, folder):
                highest[name] = max(highest[name], size)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()
        found |= {name: round(size / 2**20) for name, size in sorted(highest.items())}


def _sizes(groups: dict[str, int], folder: Path) -> Iterator[tuple[str, float]]:
    """Every process by its kind, and its memory in bytes."""
    from config.postgres.embedded import processes_of

    for group, leader in groups.items():
        try:
            for one in [psutil.Process(leader), *psutil.Process(leader).children(recursive=True)]:
                reads = "kb.parsing.child" in one.cmdline()
                name = "reading a file" if reads else group if one.pid == leader else f"{group}: child"
                yield name, one.memory_info().rss
        except psutil.Error:
            continue
    for one in processes_of((folder / "postgres").resolve()):
        try:
            private = re.findall(r"^Private_\w+:\s+(\d+) kB", Path(f"/proc/{one.pid}/smaps_rollup").read_text(), re.M)
            yield "PostgreSQL, its own", sum(int(kilobytes) for kilobytes in private) * 1024
        except OSError:
            continue
