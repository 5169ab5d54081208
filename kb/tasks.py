"""What Celery runs. A message only wakes: what is to be done, and in which order, stands in the database."""

import time

from celery import shared_task

from kb.blobs import collect_garbage as delete_unneeded_files
from kb.ingest import work_next
from kb.leases import waiting
from kb.page_images import forget_images
from kb.queue import INGEST, wake
from kb.upkeep import keep_up
from kb.versions import switch_dated

SLICE_SECONDS = 10
"""A woken worker takes version after version for so long; then other tasks get their turn."""
WOKEN_AT_ONCE = 32
SWEEP_SECONDS = 20


@shared_task(name=INGEST)
def ingest_version(version_id: int) -> int:
    """Bring the next versions in fair order to their end, `version_id` or others; return how many."""
    started, done = time.monotonic(), 0
    while work_next() is not None:
        done += 1
        if time.monotonic() - started > SLICE_SECONDS:
            wake(version_id)
            break
    return done


@shared_task(name="kb.tasks.sweep")
def sweep() -> int:
    """Wake workers for versions that no worker has and no message may tell of any more; return how many there are.

    Also lets versions answer whose first day has come, and does what the index needs. Run it as often as you like.
    """
    switch_dated()
    free = waiting()
    for version_id in free[:WOKEN_AT_ONCE]:
        wake(version_id, expires=SWEEP_SECONDS)
    keep_up()
    return len(free)


@shared_task(name="kb.tasks.collect_garbage")
def collect_garbage() -> int:
    """Delete kept files that no version needs, and page images that were not asked for longest; return how many."""
    return delete_unneeded_files() + forget_images()
