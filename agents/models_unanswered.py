"""Questions that the documents did not answer."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from agents.models import Run


class Unanswered(models.Model):
    """A question whose answer the documents did not carry, for those who look after them.

    It goes with the run: who deletes a conversation deletes its questions here as well.
    """

    class State(models.TextChoices):
        OPEN = "open", _("open")
        ANSWERED = "answered", _("answered")

    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="unanswered")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    question = models.TextField()
    verdict = models.CharField(max_length=20)  # an agents.events.Verdict
    nearest = models.JSONField(default=list)  # agents.events.Source: the first passages found
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    asked_at = models.DateTimeField(auto_now_add=True)
    recheck = models.OneToOneField(Run, null=True, on_delete=models.SET_NULL, related_name="rechecks")
    recheck_verdict = models.CharField(max_length=20, blank=True)  # empty while it is at work
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-pk"]
        indexes: ClassVar = [models.Index(fields=["state", "-id"], name="unanswered_by_state")]

    def __str__(self) -> str:
        return self.question[:80]
