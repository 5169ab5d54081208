"""The audit's lines."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class Act(models.TextChoices):
    """What can be done that is recorded. The words are stored, and part of the API: they stay."""

    SIGNED_IN = "signed_in", _("signed in")
    SIGN_IN_FAILED = "sign_in_failed", _("sign-in failed")
    SIGNED_OUT = "signed_out", _("signed out")
    PASSWORD_CHANGED = "password_changed", _("password changed")
    SECOND_FACTOR_ADDED = "second_factor_added", _("second factor added")
    SECOND_FACTOR_REMOVED = "second_factor_removed", _("second factor removed")
    PERSON_ADDED = "person_added", _("person added")
    PERSON_CHANGED = "person_changed", _("person or rights changed")
    PERSON_REMOVED = "person_removed", _("person removed")
    GROUP_ADDED = "group_added", _("group added")
    GROUP_CHANGED = "group_changed", _("group changed")
    GROUP_REMOVED = "group_removed", _("group removed")
    SETTING_ADDED = "setting_added", _("setting added")
    SETTING_CHANGED = "setting_changed", _("setting changed")
    SETTING_REMOVED = "setting_removed", _("setting removed")
    KEY_CREATED = "key_created", _("API key made")
    KEY_REVOKED = "key_revoked", _("API key revoked")
    COLLECTION_CREATED = "collection_created", _("collection made")
    COLLECTION_RENAMED = "collection_renamed", _("collection renamed")
    COLLECTION_READERS_CHANGED = "collection_readers_changed", _("readers of a collection changed")
    COLLECTION_DELETED = "collection_deleted", _("collection deleted")
    DOCUMENT_ADDED = "document_added", _("document added")
    DOCUMENT_REPLACED = "document_replaced", _("new version of a document")
    DOCUMENT_READERS_CHANGED = "document_readers_changed", _("readers of a document changed")
    DOCUMENT_MOVED = "document_moved", _("document moved")
    DOCUMENT_DELETED = "document_deleted", _("document deleted")
    SOURCE_CREATED = "source_created", _("source made")
    SOURCE_CHANGED = "source_changed", _("source changed")
    SOURCE_PAUSED = "source_paused", _("source paused")
    SOURCE_RESUMED = "source_resumed", _("source resumed")
    SOURCE_ANSWERED = "source_answered", _("source told what to delete")
    SOURCE_DELETED = "source_deleted", _("source removed")
    TOOL_SERVER_CREATED = "tool_server_created", _("tool server made")
    TOOL_SERVER_CHANGED = "tool_server_changed", _("tool server changed")
    TOOL_SERVER_DELETED = "tool_server_deleted", _("tool server removed")
    EMBEDDING_SWITCHED = "embedding_switched", _("embedding model switched")
    EMBEDDING_DELETED = "embedding_deleted", _("vectors of a model deleted")
    EVALUATION_STARTED = "evaluation_started", _("evaluation started")
    EXPORTED = "exported", _("exported")
    RESTORED = "restored", _("backup restored")
    SHARE_MADE = "share_made", _("answer shared")
    SHARE_REVOKED = "share_revoked", _("sharing ended")


class AuditLine(models.Model):
    """Who did what to what, when, and from where; only ever added, by `accounts.audit.record`.

    A trigger refuses to change a line, and to delete one of the last thirty days. People and things are kept by number
    and name, because lines outlive both. `via` is session, key, or server for what commands and workers do.
    """

    at = models.DateTimeField(auto_now_add=True)
    act = models.CharField(max_length=40)  # an `Act`
    person = models.BigIntegerField(null=True)
    person_name = models.CharField(max_length=150, blank=True)
    target = models.CharField(max_length=64, blank=True)
    target_name = models.CharField(max_length=200, blank=True)
    details = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True)
    via = models.CharField(max_length=10)
    key = models.CharField(max_length=12, blank=True)  # how the API key begins

    class Meta:
        ordering = ["-pk"]
        indexes: ClassVar = [
            models.Index(fields=["act", "-id"], name="audit_by_act"),
            models.Index(fields=["person_name", "-id"], name="audit_by_person"),
            models.Index(fields=["at"], name="audit_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.at} {self.act} {self.target}"

    @property
    def said(self) -> str:
        """The act in words; as it is stored where a later version named it."""
        return str(Act(self.act).label) if self.act in Act.values else self.act
