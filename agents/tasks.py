"""What Celery's timetable wakes: nothing is in the messages, everything is in the database."""

from __future__ import annotations

from celery import shared_task

from accounts import audit
from agents import attached, runs


@shared_task(name="agents.tasks.sweep", ignore_result=True)
def sweep() -> int:
    """Go on, in this worker, with runs whose own process has fallen silent, and delete what was attached to
    conversations that are no more, and lines of the audit that are too old. Returns how many runs were taken up."""
    taken_up = runs.take_up_abandoned()
    attached.sweep()
    audit.sweep()
    return len(taken_up)
