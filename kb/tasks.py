"""What Celery runs. A message only wakes: what is to be done, and in which order, stands in the database."""

import time

from celery import shared_task

from kb.blobs import collect_garbage as delete_unneeded_files
from kb.evaluation_runs import due as evaluations_due
from kb.evaluation_runs import work_on as evaluate_on
from kb.ingest import work_next
from kb.leases import waiting
from kb.page_images import forget_images
from kb.queue import INGEST, RUN_EVALUATION, RUN_SOURCE, wake, wake_evaluation, wake_source
from kb.sources.claims import due
from kb.sources.work import work_on
from kb.status import report_worker
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
    while taken := work_next():
        done += len(taken)
        if time.monotonic() - started > SLICE_SECONDS:
            wake(version_id)
            break
    return done


@shared_task(name="kb.tasks.sweep")
def sweep() -> int:
    """Wake workers for versions that no worker has and no message may tell of any more; return how many there are.

    Also lets versions answer whose first day has come, and does what the index needs. Run it as often as you like.
    """
    report_worker()
    switch_dated()
    for run_id in evaluations_due():
        wake_evaluation(run_id, expires=SWEEP_SECONDS)
    free = waiting()
    for version_id in free[:WOKEN_AT_ONCE]:
        wake(version_id, expires=SWEEP_SECONDS)
    keep_up()
    return len(free)


@shared_task(name="kb.tasks.collect_garbage")
def collect_garbage() -> int:
    """Delete kept files that no version needs, and page images that were not asked for longest; return how many."""
    return delete_unneeded_files() + forget_images()


@shared_task(name=RUN_SOURCE)
def run_source(source_id: int) -> bool:
    """Look at a source, unless another worker does; True when it is done. A long look goes on in another message."""
    unfinished = work_on(source_id)
    if unfinished:
        wake_source(source_id)
    return not unfinished


@shared_task(name="kb.tasks.sweep_sources")
def sweep_sources() -> int:
    """Wake workers for the sources whose time has come, or that a worker left behind; return how many there are."""
    waiting = due()
    for source_id in waiting[:WOKEN_AT_ONCE]:
        wake_source(source_id, expires=SWEEP_SECONDS)
    return len(waiting)


@shared_task(name=RUN_EVALUATION)
def run_evaluation(run_id: int) -> bool:
    """Carry a run of an evaluation set on, unless another worker does; True when nothing is left of it."""
    unfinished = evaluate_on(run_id)
    if unfinished:
        wake_evaluation(run_id)
    return not unfinished
