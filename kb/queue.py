"""Waking workers. What is to be done stands in the database; a message that is lost costs time, never work."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

INGEST = "kb.tasks.ingest_version"
RUN_SOURCE = "kb.tasks.run_source"
RUN_EVALUATION = "kb.tasks.run_evaluation"
# A message nobody took for so long is forgotten: the sweep wakes workers again while there is work.
EXPIRES_SECONDS = 600

_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


@contextmanager
def quietly() -> Iterator[None]:
    """Wake nobody for what is added in this block: the caller does the work itself."""
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


def wake_on_commit(version_id: int) -> None:
    """Wake a worker once the current transaction is committed."""
    if not _quiet.get():
        transaction.on_commit(lambda: wake(version_id))


def wake(version_id: int, expires: float = EXPIRES_SECONDS) -> None:
    """Wake a worker. A broker that does not answer is logged only: the sweep finds the version later."""
    _send(INGEST, version_id, expires)


def wake_source(source_id: int, expires: float = EXPIRES_SECONDS) -> None:
    """Wake a worker for a source; a broker that does not answer is logged only: the sweep finds the source later."""
    _send(RUN_SOURCE, source_id, expires)


def wake_evaluation(run_id: int, expires: float = EXPIRES_SECONDS) -> None:
    """Wake a worker for a run of an evaluation set, likewise."""
    if not _quiet.get():
        _send(RUN_EVALUATION, run_id, expires)


def _send(task: str, pk: int, expires: float) -> None:
    try:
        current_app.send_task(task, [pk], expires=expires, retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("No worker could be woken for %s(%s): %s", task, pk, error)
