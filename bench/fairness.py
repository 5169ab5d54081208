"""How long one person's one file waits while another person's thousands are queued.

`python -m bench fairness [--files N] [--scans N --pages N]` starts Zhinang's processes as `make run` does, in a folder
of their own: the web server, the offline models, and the worker with its timetable on the broker that works with files.
One person uploads N small files over the API while no worker runs, so that all of them wait; then the worker starts,
and once it is at work another person uploads one file. It tells how long that one takes to be ready, and how many of
the others still waited. With `--scans` the first person's files are scans of so many pages each, more of them than the
worker takes at a time.
"""

import argparse
import io
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

from bench.running import START_SECONDS, Uploader, installation, process, uploader

ALLOWED_SECONDS = 20
ALLOWED_BESIDE_SCANS = 60
"""A scan gives way after half a minute, between two pages."""
FILES_AT_ONCE = 200
AT_WORK_SECONDS, PATIENCE_SECONDS = 5.0, 600
WORDS = "travel leave order budget sensor meeting contract approval supplier invoice room safety".split()  # noqa: SIM905  words are read as words


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench fairness", description=__doc__)
    parser.add_argument("--files", type=int, default=2000, help="files of the first person")
    parser.add_argument("--scans", type=int, default=0, help="scans of the first person, instead of those files")
    parser.add_argument("--pages", type=int, default=60, help="pages of each scan")
    options = parser.parse_args(arguments)
    files = _scans(options.scans, options.pages) if options.scans else _files(options.files)
    with installation():
        figures = _measured(list(files), options.scans)
    for name, value in figures.items():
        sys.stdout.write(f"{name:26} {value}\n")
    sys.stdout.write(json.dumps(figures) + "\n")
    return int(figures["one_file_seconds"] > (ALLOWED_BESIDE_SCANS if options.scans else ALLOWED_SECONDS))


def _measured(files: Sequence[tuple[str, bytes]], scans: int) -> dict[str, Any]:
    many, one, count = uploader("many"), uploader("one"), len(files)
    with ExitStack() as running:
        for name in ("models", "web"):
            running.enter_context(process(name))
        started = time.perf_counter()
        for first in range(0, count, FILES_AT_ONCE):
            many.upload(files[first : first + FILES_AT_ONCE])
        uploaded = time.perf_counter() - started
        queued = _states(many)["queued"]
        running.enter_context(process("worker"))
        _wait_for_work(many, "parsing" if scans else "ready")
        time.sleep(AT_WORK_SECONDS)
        waiting = _states(many)["queued"]
        started = time.perf_counter()
        (document,) = one.upload([("one.md", b"# The one\n\nOne file of somebody else, about the canteen's hours.")])
        while (state := one.document(document)["state"]) not in ("ready", "failed"):
            if time.perf_counter() - started > PATIENCE_SECONDS:
                break
            time.sleep(0.1)
        seconds, at_end = time.perf_counter() - started, _states(many)
    return {
        "files": count,
        "upload_seconds": round(uploaded, 1),
        "queued_before_the_worker": queued,
        "waiting_before": waiting,
        "one_file_seconds": round(seconds, 2),
        "one_file_state": state,
        "waiting_after": at_end["queued"],
        "ready_after": at_end["ready"],
    }


def _states(uploader: Uploader) -> dict[str, int]:
    """How many of a person's versions are in each state."""
    from kb.access import acting_as_system
    from kb.models import DocumentVersion, State

    with acting_as_system():
        found = list(
            DocumentVersion.objects.filter(document__collection=uploader.collection).values_list("state", flat=True)
        )
    return {str(state): found.count(state) for state in State}


def _files(count: int) -> Iterator[tuple[str, bytes]]:
    chance = random.Random(7)  # noqa: S311  material to measure with
    for number in range(count):
        paragraphs = "\n\n".join(
            f"## Part {part}\n\n" + " ".join(chance.choices(WORDS, k=60)) + f" {number}." for part in range(6)
        )
        yield f"file-{number}.md", f"# File {number}\n\n{paragraphs}".encode()


def _scans(count: int, pages: int) -> Iterator[tuple[str, bytes]]:
    """PDFs that show pictures of words alone."""
    from PIL import Image, ImageDraw, ImageFont

    chance, font = random.Random(7), ImageFont.load_default(32)  # noqa: S311  material to measure with
    for number in range(count):
        pictures = []
        for page in range(pages):
            pictures.append(Image.new("L", (1240, 1754), "white"))
            lines = [f"Scan {number}, page {page + 1}", *(" ".join(chance.choices(WORDS, k=9)) for _ in range(30))]
            ImageDraw.Draw(pictures[-1]).multiline_text((100, 100), "\n".join(lines), "black", font, spacing=16)
        sink = io.BytesIO()
        pictures[0].save(sink, "PDF", save_all=True, append_images=pictures[1:], resolution=150)
        yield f"scan-{number}.pdf", sink.getvalue()


def _wait_for_work(uploader: Uploader, state: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _states(uploader)[state]:
        if time.monotonic() > deadline:
            raise RuntimeError("The worker does not begin.")
        time.sleep(0.2)
