"""What work in the background has in common: one worker at a time holds it, for as long as it is heard of."""

from django.db import models


class Leased(models.Model):
    """Columns of work that a worker takes with a lease and keeps with a heartbeat: see `kb.leases`."""

    lease = models.CharField(max_length=64, blank=True)
    heartbeat_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
