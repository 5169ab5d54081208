"""Where documents come from by themselves: sources, what was seen of each, and a log of what changed.

Row-level security shows these tables to the pipeline alone (`acting_as_system`): names of files are knowledge too, and
the verbs in `kb.sources` check who asks.
"""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Person
from kb.models import Collection, Document
from kb.models_leased import Leased


class Source(Leased):
    """A place whose files a collection follows."""

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")
        ASKING = "asking", _("waiting for your answer")

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="sources")
    kind = models.CharField(max_length=20)
    name = models.CharField(_("name"), max_length=200)
    settings = models.JSONField(default=dict)
    secret = models.TextField(blank=True)  # encrypted: `kb.sources.secrets`
    memory = models.JSONField(default=dict)  # what the kind remembers from its last complete run
    every_minutes = models.PositiveIntegerField(default=1440)  # 0: only when somebody asks
    owner = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    error_code = models.CharField(max_length=40, blank=True)
    error_en = models.TextField(blank=True)
    error_zh = models.TextField(blank=True)
    wanted = models.BooleanField(default=False)  # somebody asked for a run now
    may_delete = models.BooleanField(default=False)  # somebody agreed that the next run deletes most documents
    last_run_at = models.DateTimeField(null=True)
    next_run_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]
        indexes: ClassVar = [models.Index(fields=["state", "next_run_at"])]

    def __str__(self) -> str:
        return self.name

    @property
    def place(self) -> str:
        """Where it is, for people."""
        parts = (
            self.settings.get(name, "") for name in ("url", "path", "endpoint", "bucket", "branch", "prefix", "below")
        )
        return " · ".join(part for part in parts if part)


class SourceItem(models.Model):
    """One file of a source as it was last seen."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="items")
    key = models.CharField(max_length=1000)  # its address, path or name there
    mark = models.CharField(max_length=200, blank=True)  # equal marks, equal content
    etag = models.CharField(max_length=500, blank=True)
    modified = models.CharField(max_length=100, blank=True)
    document = models.ForeignKey(Document, null=True, on_delete=models.SET_NULL, related_name="+")
    seen_in = models.BigIntegerField(null=True)  # the run that saw it last

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["source", "key"], name="source_item_once")]
        indexes: ClassVar = [models.Index(fields=["source", "seen_in"])]

    def __str__(self) -> str:
        return self.key


class SourceRun(models.Model):
    """One look at a source, from the first file to the last, however many workers it took."""

    class Outcome(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        ASKING = "asking", _("waiting for your answer")

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="runs")
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.RUNNING)
    started_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    deleted = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)  # no longer there when the run ended; deleted only if few, or agreed
    error_code = models.CharField(max_length=40, blank=True)
    error_en = models.TextField(blank=True)
    error_zh = models.TextField(blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.source_id}#{self.pk}"


class SourceChange(models.Model):
    """A line of a run's log."""

    class Kind(models.TextChoices):
        ADDED = "added", _("added")
        CHANGED = "changed", _("changed")
        DELETED = "deleted", _("deleted")
        FAILED = "failed", _("failed")

    run = models.ForeignKey(SourceRun, on_delete=models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=10, choices=Kind)
    key = models.CharField(max_length=1000)
    document = models.ForeignKey(Document, null=True, on_delete=models.SET_NULL, related_name="+")
    error_en = models.TextField(blank=True)
    error_zh = models.TextField(blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
