"""What models were used for answers, and what that cost."""

from typing import ClassVar

from django.conf import settings
from django.db import models


class ModelUsage(models.Model):
    """The tokens that a model used for a run, or for a part of one that was interrupted.

    It stays when the conversation is deleted, because the tokens were spent: it tells of no question. `cost` is by the
    prices of that moment, and nothing where the model had no price.
    """

    run_id = models.UUIDField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    road = models.CharField(max_length=10)  # an agents.events.Road
    model = models.CharField(max_length=200)
    prompt_tokens = models.BigIntegerField(default=0)
    completion_tokens = models.BigIntegerField(default=0)  # with those of the reasoning
    reasoning_tokens = models.BigIntegerField(default=0)
    cached_tokens = models.BigIntegerField(default=0)
    cost = models.FloatField(null=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["at"],
                include=["person", "model", "prompt_tokens", "completion_tokens", "cost"],
                name="usage_by_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.at:%Y-%m-%d}"
