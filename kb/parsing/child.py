"""The parsing process: a small server that forks one confined child for each file.

The server imports the parsers once and touches no file itself, so a child starts in milliseconds and a file can harm
no other. It reads requests, JSON lines, from its standard input. The child writes pages to the spool file named in the
request, where they may be read meanwhile. To the standard output it writes lines of the kind of file, of progress and
of what OCR reads, then of the outcome. The server ends, and its child with it, when its input closes.
"""

from __future__ import annotations

import errno
import gc
import os
import select
import signal
import sys
import tempfile
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO

import orjson

from kb.parsing import confine, html, kinds, markdown, pdf, plain, sheets, structure
from kb.parsing.errors import Fault, ParseError
from kb.parsing.limits import ParseLimits
from kb.parsing.parsed import Part
from kb.parsing.recognized import Pictures, Recognized, read_all
from kb.parsing.spool import error_data, write_part

PRELOADED = (html, markdown, pdf, plain, sheets, structure)
PROGRESS_INTERVAL = 0.2


def serve() -> None:
    """Answer requests until standard input closes."""
    gc.freeze()
    say({"ready": os.getpid()})
    for line in iter(sys.stdin.buffer.readline, b""):
        child = os.fork()
        if child == 0:
            os._exit(work(orjson.loads(line)))
        say({"exit": wait(child)})


def wait(child: int) -> int:
    """The child's exit status, negative for a signal; it is ended when nobody waits for it any more."""
    hangup = select.poll()
    hangup.register(0, 0)
    milliseconds = 1
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if hangup.poll(milliseconds):
            os.kill(child, signal.SIGKILL)
        milliseconds = min(50, 2 * milliseconds)


def say(message: dict[str, Any]) -> None:
    os.write(1, orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE))


def work(request: dict[str, Any]) -> int:
    """Parse one file as a confined process; the exit status says nothing that the outcome line does not."""
    confine.die_with_parent()
    path, limits = Path(request["path"]), ParseLimits(**request["limits"])
    tempfile.tempdir = os.environ["TMPDIR"] = request["folder"]
    os.chdir(request["folder"])
    confine.confine(limits)
    say(outcome(request, path, limits))
    return 0


def outcome(request: dict[str, Any], path: Path, limits: ParseLimits) -> dict[str, Any]:
    """What came of the file: its summary, an error of the file, or a fault of ours or of the machine."""
    try:
        with open(request["spool"], "wb", buffering=1 << 20) as spool:

            def emit(part: Part) -> None:
                try:
                    write_part(spool, part)
                except OSError as error:
                    raise of_writing(error) from error

            pictures = Pictures(read_all(Path(request["recognized"])), tell)
            progress = Reporter(spool).progress
            summary = kinds.read(path, request["filename"], limits, emit, progress, pictures, tell_kind)
            return {"done": summary.to_data()}
    except ParseError as error:
        return {"error": error_data(error), "detail": repr(error.__cause__)[:300]}
    except MemoryError:
        return {"error": error_data(ParseError("too_much_memory"))}
    except Exception as error:
        trouble = of_writing(error) if isinstance(error, OSError) else error
        return {"error": error_data(trouble)} if isinstance(trouble, ParseError) else {"fault": repr(error)[:300]}


def tell(recognized: Recognized) -> None:
    say({"recognized": recognized.to_data()})


def tell_kind(media_type: str) -> None:
    say({"media_type": media_type})


def of_writing(error: OSError) -> ParseError | Fault:
    """Whether the output passed its limit, which is the file's doing, or could not be written, which is not."""
    return ParseError("too_large") if error.errno == errno.EFBIG else Fault(str(error))


class Reporter:
    """Says progress, but not more often than anyone can read, and gives what was read until then to the parent."""

    def __init__(self, spool: BinaryIO) -> None:
        self.spool = spool
        self.last = 0.0

    def progress(self, done: int, total: int | None, unit: str) -> None:
        now = monotonic()
        if now - self.last >= PROGRESS_INTERVAL or done == total:
            self.last = now
            self.spool.flush()
            say({"progress": [done, total, unit]})


if __name__ == "__main__":
    serve()
