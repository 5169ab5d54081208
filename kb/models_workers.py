"""Which background workers there are."""

from django.db import models


class Worker(models.Model):
    """A machine whose background worker has run the sweep, and when it did last."""

    host = models.CharField(primary_key=True, max_length=100)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.host
