"""Conversations, runs and their events. They belong to the person who asked; every query starts from that person."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from agents.branches import Node, Tree


class Conversation(models.Model):
    """One person's questions and answers on a subject: a tree, because questions are edited and answered again."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations")
    title = models.CharField(_("title"), max_length=200, blank=True)
    listed = models.BooleanField(default=True)  # false for those that programs made: people's lists leave them out
    # The run to which the person last went; a plain number, so that the tables do not refer to each other in a circle.
    shown = models.UUIDField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-updated_at"]
        indexes: ClassVar = [models.Index(fields=["person", "-updated_at"])]

    def __str__(self) -> str:
        return self.title or str(self.pk)

    def tree(self) -> Tree:
        """How its runs follow one another."""
        runs = Run.objects.filter(conversation=self).order_by("created_at")
        return Tree(Node(*row) for row in runs.values_list("pk", "follows_id", "regenerates_id"))


class Mode(models.TextChoices):
    """How a question is to be answered. The words are part of the API."""

    AUTO = "auto", _("Auto")
    FAST = "fast", _("Fast")
    THINKING = "thinking", _("Thinking")
    EXHAUSTIVE = "exhaustive", _("Every document")


class RunState(models.TextChoices):
    RUNNING = "running", _("running")
    FINISHED = "finished", _("finished")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


class Run(models.Model):
    """One answer to one question.

    What happened in it is its events; the columns here are what lists and resumption need."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="runs")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="runs")
    # The run whose answer stood there when this was asked; none before the first question.
    follows = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="followed")
    regenerates = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="regenerated")
    question = models.TextField(_("question"))
    language = models.CharField(max_length=10, blank=True)
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.AUTO)  # as asked for
    road = models.CharField(max_length=10, blank=True)  # as answered: an agents.events.Road
    collections = ArrayField(models.BigIntegerField(), default=list, blank=True)  # empty: every one the person may read
    as_of = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=RunState, default=RunState.RUNNING)
    cancel_requested = models.BooleanField(default=False)
    keep_requested = models.BooleanField(default=False)  # the quick answer is enough
    asks = models.BooleanField(default=False)  # the answer is a question to the person
    answer = models.TextField(blank=True)
    citations = models.JSONField(default=list)
    claims = models.JSONField(default=list)
    conflicts = models.JSONField(default=list)  # `agents.events.Conflict`: what documents say differently
    usage = models.JSONField(default=dict)
    lease = models.CharField(max_length=64, blank=True)  # which process works on it
    heartbeat_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_seq = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["created_at"]
        indexes: ClassVar = [
            models.Index(fields=["conversation", "created_at"]),
            models.Index(fields=["heartbeat_at"], condition=models.Q(state="running"), name="runs_at_work"),
            models.Index(fields=["created_at"], include=["person", "road", "state"], name="runs_by_day"),
        ]

    def __str__(self) -> str:
        return self.question[:80]


class Event(models.Model):
    """One step of a run, in order; only ever added. `seq` is the `id` of the event stream."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events")
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=20)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["seq"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "seq"], name="event_once")]

    def __str__(self) -> str:
        return f"{self.run_id}#{self.seq} {self.kind}"


class Reason(models.TextChoices):
    """Why an answer did not help. The words are part of the API."""

    WRONG = "wrong", _("The answer is wrong")
    INCOMPLETE = "incomplete", _("Something is missing")
    OUTDATED = "outdated", _("It is out of date")
    SOURCE_WRONG = "source_wrong", _("The source is wrong")
    OTHER = "other", _("Something else")


class Feedback(models.Model):
    """Whether an answer helped, and why not."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="feedback")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    helped = models.BooleanField()
    reason = models.CharField(max_length=20, choices=Reason, blank=True)
    comment = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "person"], name="feedback_once")]
        indexes: ClassVar = [models.Index(fields=["helped", "-updated_at"], name="feedback_latest")]

    def __str__(self) -> str:
        return f"{self.run_id} {'+' if self.helped else '-'}"


class ToolServer(models.Model):
    """A server of the Model Context Protocol whose tools the Thinking agent may call for some people."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    url = models.CharField(_("address"), max_length=1000)
    header = models.CharField(max_length=100, default="Authorization")
    secret = models.TextField(blank=True)  # the header's value, encrypted: `kb.sources.secrets`
    enabled = models.BooleanField(default=False)
    everyone = models.BooleanField(default=False)
    groups = models.ManyToManyField("auth.Group", blank=True, related_name="+")
    reading_tools = models.BooleanField(default=True)  # every tool that says it only reads may be called
    allowed = models.JSONField(default=list)  # names of further tools
    tools = models.JSONField(default=list)  # `agents.tool_servers.FoundTool`, as an administrator saw them last
    checked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


from agents import models_shares, models_unanswered, models_usage  # noqa: E402, F401  Django finds the other tables here
