"""Which worker looks at which source: taken when it is due, kept by a heartbeat, lost after a silence."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from kb.access import acting_as_system
from kb.leases import new_token, unheld
from kb.models_sources import Source, SourceRun

SILENCE_SECONDS = 300
"""A worker not heard of for so long is taken for dead. One file takes at most two minutes, a repository four."""
PULSE_SECONDS = 5


class ClaimLost(Exception):
    """The source is no longer ours: paused, deleted, or taken by another worker. Stop, and write nothing."""


@dataclass(slots=True)
class Claim:
    """Our hold on a source, and the run that we carry on."""

    source: Source
    run: SourceRun
    token: str
    _pulsed: float = field(default_factory=time.monotonic)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One short transaction in which the source is locked and still ours.

        Raises:
            ClaimLost
        """
        with acting_as_system():
            if not Source.objects.select_for_update(no_key=True).filter(pk=self.source.pk, lease=self.token).exists():
                raise ClaimLost(self.source.pk)
            yield

    def pulse(self) -> None:
        """Say that we are alive. Cheap: most calls do nothing.

        Raises:
            ClaimLost
        """
        if time.monotonic() - self._pulsed >= PULSE_SECONDS:
            self._pulsed = time.monotonic()
            with self.writing():
                Source.objects.filter(pk=self.source.pk).update(heartbeat_at=Now())

    def give_back(self) -> None:
        """Let another worker carry the run on."""
        with acting_as_system():
            Source.objects.filter(pk=self.source.pk, lease=self.token).update(lease="")


def claim(source_id: int) -> Claim | None:
    """Take a source that is due, and the run of it that was left unfinished or a new one; None when it is not free."""
    with acting_as_system():
        found = _free().filter(pk=source_id).select_related("collection", "owner")
        source = found.select_for_update(no_key=True, skip_locked=True, of=("self",)).first()
        if source is None:
            return None
        source.lease = new_token()
        source.heartbeat_at = timezone.now()
        source.save(update_fields=["lease", "heartbeat_at"])
        run = source.runs.filter(ended_at=None).first() or SourceRun.objects.create(source=source)
        return Claim(source, run, source.lease)


def due() -> list[int]:
    """The sources that a worker could look at now."""
    with acting_as_system():
        return list(_free().order_by("next_run_at", "pk").values_list("pk", flat=True)[:1000])


def _free() -> QuerySet[Source]:
    unfinished = SourceRun.objects.filter(source=OuterRef("pk"), ended_at=None)
    return Source.objects.filter(
        unheld(SILENCE_SECONDS),
        Q(wanted=True) | Q(next_run_at__lte=timezone.now()) | Exists(unfinished),
        state=Source.State.ACTIVE,
    ).exclude(kind="push")
