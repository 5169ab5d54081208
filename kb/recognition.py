"""A version's file read by its parser, in parts where OCR reads it: a scan of hundreds of pages takes many minutes.

What OCR read on each picture is stored at once. So an interrupted run goes on after the last picture, in whichever
worker, and between two pictures the work gives way to a person for whom no worker does anything. All else that parsing
does takes milliseconds a page and is done again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kb.leases import Lease, TurnOver
from kb.parsing import ParsedFile, Recognized, parse_file
from kb.recognized import store, stored
from kb.storage import storage
from kb.uploads import limits


@contextmanager
def read_file(lease: Lease, ours: Callable[[], None]) -> Iterator[ParsedFile]:
    """The file of the version, read in a confined child process; the lease hears how far it is.

    `ours()` is asked several times a second, and raises when the work is to stop.

    Raises:
        TurnOver: somebody else waits, and there is more to do.
        ParseError, BlobMissing
    """
    version = lease.version
    keeping = _Keeping(lease)

    def progress(done: int, total: int | None, unit: str) -> None:
        lease.done, lease.total, lease.unit = done, total, unit

    def cancelled() -> bool:
        ours()
        return False

    with (
        storage().local_path(version.sha256) as path,
        parse_file(path, version.filename, limits(), progress, cancelled, stored(version), keeping.keep) as parsed,
    ):
        yield parsed


class _Keeping:
    """Stores pictures as they are read.

    Where others were read in an earlier turn, this one counts from the first new picture: going over those again brings
    nobody further.
    """

    def __init__(self, lease: Lease) -> None:
        self.lease, self.began = lease, False

    def keep(self, recognized: Recognized) -> None:
        if not self.began and recognized.ordinal:
            self.lease.begin_turn()
        self.began = True
        with self.lease.writing() as version:
            store(version, recognized)
        if self.lease.turn_is_over():
            raise TurnOver
