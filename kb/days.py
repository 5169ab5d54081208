"""The days that versions stand for: from when on they are in force, and when their documents were last changed."""

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from django.utils import timezone

from kb.access import current_actor
from kb.models import DocumentVersion


class Days(NamedTuple):
    """`effective_from` is None where nobody said from when on the version is in force."""

    effective_from: date | None
    updated: date

    @property
    def counts(self) -> date:
        """The day by which one version is newer than another."""
        return self.effective_from or self.updated


def days_of(versions: Collection[int]) -> dict[int, Days]:
    """The days of those versions that the current person may read."""
    current_actor()
    found = DocumentVersion.objects.filter(pk__in=list(versions))
    rows = found.values_list("pk", "effective_from", "document__updated_at")
    return {pk: Days(effective_from, timezone.localtime(updated).date()) for pk, effective_from, updated in rows}
