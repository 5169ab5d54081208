"""A version's file read by its parser, in parts where OCR reads it: a scan of hundreds of pages takes many minutes.

What OCR read on each picture is stored at once. So an interrupted run goes on after the last picture, in whichever
worker, and between two pictures the work gives way to a person for whom no worker does anything. All else that parsing
does takes milliseconds a page and is done again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kb.leases import Lease, TurnOver
from kb.parsing import Reading, Recognized
from kb.recognized import store, stored
from kb.storage import storage
from kb.uploads import limits


@contextmanager
def reading_of(lease: Lease, ours: Callable[[], None]) -> Iterator[Reading]:
    """The file of the version, being read in a confined child process; the lease hears how far it is.

    `ours()` is asked whenever the reading is watched, and raises when the work is to stop. Watching raises `TurnOver`
    where somebody else waits and there is more to do.

    Raises:
        BlobMissing
    """
    version = lease.version

    def progress(done: int, total: int | None, unit: str) -> None:
        lease.done, lease.total, lease.unit = done, total, unit

    def cancelled() -> bool:
        ours()
        return False

    keep = _Keeping(lease).keep
    with (
        storage().local_path(version.sha256) as path,
        Reading(path, version.filename, limits(), progress, cancelled, stored(version), keep) as reading,
    ):
        yield reading


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
