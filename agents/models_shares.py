"""Answers that their person lets others read."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from agents.models import Run


class Share(models.Model):
    """One answer, or a conversation up to it, that its person lets some people and groups read until a day.

    Guarded by row-level security: outside `agents.shares.seen_by` there is no row. Readers are plain numbers, so that
    the policy is one comparison; numbers of people and groups that are gone are nobody's. The database itself deletes
    a share with its run or its person, because Django would not see it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    run = models.ForeignKey(Run, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    whole = models.BooleanField(default=False)  # the questions before it too
    people = ArrayField(models.BigIntegerField(), default=list)
    groups = ArrayField(models.BigIntegerField(), default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        indexes: ClassVar = [
            models.Index(fields=["person", "-created_at"], name="shares_of_person"),
            models.Index(fields=["run"], name="shares_of_run"),
            GinIndex(fields=["people"], name="shares_with_people"),
            GinIndex(fields=["groups"], name="shares_with_groups"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
