"""What the knowledge base keeps. Guarded tables (Collection to Passage) are read through `kb.access.acting_as` only:
row-level security shows nobody's rows to a query that does not say for whom it asks."""

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Collection(models.Model):
    """A shelf of documents that the same people may read."""

    name = models.CharField(_("name"), max_length=200, unique=True)
    description = models.TextField(_("description"), blank=True)
    attached_to = models.UUIDField(null=True, unique=True, editable=False)  # no shelf: see kb.attachments
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Scope(models.Model):
    """Who may read: everybody, or some groups.

    A collection has one default scope; a document that fewer people may read has its own. Every guarded row carries its
    scope's number, so each row-level security policy is one plain comparison.

    What is attached to a conversation has a private scope (`attached_to`): `person` alone may read it, nobody else
    may, whatever their rights; without a person nobody may."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="scopes")
    is_default = models.BooleanField(default=True)
    everyone = models.BooleanField(_("everyone may read"), default=False)
    groups = models.ManyToManyField(Group, blank=True, related_name="+")
    attached_to = models.UUIDField(null=True, unique=True, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["collection"], condition=Q(is_default=True), name="one_default_scope"),
            models.CheckConstraint(
                condition=Q(attached_to=None, person=None) | Q(attached_to__isnull=False, everyone=False),
                name="attached_is_private",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.collection_id}/{self.pk}"


class Document(models.Model):
    """One document through all its versions."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="documents")
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="documents")
    title = models.CharField(_("title"), max_length=500)
    title_is_given = models.BooleanField(default=False)  # a person wrote it, so parsing does not change it
    filename = models.CharField(max_length=255)
    external_id = models.CharField(max_length=500, blank=True)
    tags = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    review_on = models.DateField(_("review on"), null=True, blank=True)  # from then on somebody should look at it again
    retitled = models.BooleanField(default=False)  # a person changed the title, and the index has the old one still
    note_of = models.ForeignKey(
        "self", null=True, on_delete=models.CASCADE, related_name="notes"
    )  # what somebody wrote beside that document, for whoever may read it
    current_version = models.ForeignKey("DocumentVersion", null=True, on_delete=models.SET_NULL, related_name="+")
    latest_version = models.ForeignKey("DocumentVersion", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-updated_at", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["collection", "-updated_at"]),
            models.Index(fields=["collection", "external_id"]),
            models.Index(fields=["review_on"], condition=Q(review_on__isnull=False), name="documents_to_review"),
            models.Index(fields=["id"], condition=Q(retitled=True), name="documents_retitled"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def review_is_due(self) -> bool:
        """Whether the day has come on which somebody should look whether it is still right."""
        return self.review_on is not None and self.review_on <= timezone.localdate()


class State(models.TextChoices):
    """Where a version stands on its way to being searchable. The words are part of the API."""

    QUEUED = "queued", _("waiting")
    PARSING = "parsing", _("reading")
    EMBEDDING = "embedding", _("embedding")
    INDEXING = "indexing", _("indexing")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


WORKING = (State.QUEUED, State.PARSING, State.EMBEDDING, State.INDEXING)


class DocumentVersion(models.Model):
    """One uploaded file of a document. Its content never changes; its state and progress do until it is ready."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="versions")
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    filename = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.BigIntegerField()
    media_type = models.CharField(max_length=150, blank=True)
    language = models.CharField(max_length=10, blank=True)
    effective_from = models.DateField(_("valid from"), null=True, blank=True)
    effective_to = models.DateField(_("valid to"), null=True, blank=True)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(null=True)
    progress_unit = models.CharField(max_length=20, blank=True)  # "pages", "rows", "passages": what is counted now
    error_code = models.CharField(max_length=40, blank=True)
    error_en = models.TextField(blank=True)
    error_zh = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    heartbeat_at = models.DateTimeField(null=True)
    lease = models.CharField(
        max_length=64, blank=True
    )  # which worker has it; a worker that lost its lease writes nothing more
    started_at = models.DateTimeField(null=True)  # when a worker last took it: people take turns by it
    retry_at = models.DateTimeField(null=True)  # a model server failed: not before then
    parsed_at = models.DateTimeField(null=True)  # its pages and passages are complete: a retry goes on from there
    ready_at = models.DateTimeField(null=True)
    tables_read = models.BooleanField(default=False)  # false where it was read before tables were kept

    page_count = models.PositiveIntegerField(null=True)
    passage_count = models.PositiveIntegerField(default=0)
    characters = models.PositiveBigIntegerField(default=0)
    metadata = models.JSONField(default=dict, blank=True)
    warnings = models.JSONField(default=list, blank=True)
    report = models.JSONField(default=dict, blank=True)  # kb.quality: what its text is like
    needs_look = models.BooleanField(default=False)  # the report says something that somebody should look at
    tried_at = models.DateTimeField(null=True)  # when questions made from it were last asked
    signature = models.BinaryField(null=True)  # kb.signatures: to find texts that are nearly the same

    class Meta:
        ordering = ["-number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["document", "number"], name="version_number_once")]
        indexes: ClassVar = [
            models.Index(
                fields=["heartbeat_at"],
                condition=Q(state__in=["queued", "parsing", "embedding", "indexing"]),
                name="versions_at_work",
            ),
            models.Index(fields=["uploaded_by", "-started_at"], name="versions_turns"),
            models.Index(fields=["id"], condition=Q(state="ready", tables_read=False), name="versions_without_tables"),
            models.Index(
                fields=["-ready_at"], condition=Q(state="ready", tried_at__isnull=True), name="versions_untried"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} v{self.number}"


class Page(models.Model):
    """A part of a version's text: a page, slide or sheet, or a stretch of a text without pages.

    The texts of a version's pages, joined in order, are its whole text."""

    version = models.ForeignKey(DocumentVersion, on_delete=models.CASCADE, related_name="pages")
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+")
    ordinal = models.PositiveIntegerField()
    number = models.PositiveIntegerField(null=True)
    label = models.CharField(max_length=200, blank=True)
    start = models.PositiveBigIntegerField()
    end = models.PositiveBigIntegerField()
    text = models.TextField(blank=True)
    lines = models.JSONField(
        default=list
    )  # [[start, end, x0, y0, x1, y1], …]: spans in this page's text, boxes as fractions of the page
    headings = models.JSONField(default=list)  # [[start, level, title], …]: `start` counts from the version's beginning
    folded = models.TextField(blank=True)  # kb.matching.folded(text): what exact wording is looked for in
    width = models.FloatField(default=0)
    height = models.FloatField(default=0)
    ocr_confidence = models.FloatField(null=True)

    class Meta:
        ordering = ["ordinal"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "ordinal"], name="page_once")]
        indexes: ClassVar = [models.Index(fields=["version", "start"])]

    def __str__(self) -> str:
        return f"{self.version_id} {self.label or self.number or self.ordinal}"


class Passage(models.Model):
    """A searchable piece of a version: its text is exactly the version's text from `start` to `end`."""

    version = models.ForeignKey(DocumentVersion, on_delete=models.CASCADE, related_name="passages")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="passages")
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="+")
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+")
    ordinal = models.PositiveIntegerField()
    start = models.PositiveBigIntegerField()
    end = models.PositiveBigIntegerField()
    text = models.TextField()
    context = models.TextField(blank=True)  # a table's header row: searched and shown with the text, never quoted
    heading_path = ArrayField(models.TextField(), default=list)
    page_from = models.PositiveIntegerField(null=True)
    page_to = models.PositiveIntegerField(null=True)
    label = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=10, default="text")
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["ordinal"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "ordinal"], name="passage_once")]

    def __str__(self) -> str:
        return f"{self.version_id}#{self.ordinal}"


class VersionBand(models.Model):
    """A part of a version's signature; versions that are nearly the same share one."""

    version = models.ForeignKey(DocumentVersion, on_delete=models.CASCADE, related_name="bands")
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+")
    band = models.BigIntegerField(db_index=True)

    def __str__(self) -> str:
        return f"{self.version_id} {self.band}"


class DocumentChange(models.Model):
    """A line about what somebody changed of a document beside its files; only ever added.

    `field` is title, tags, owner, review_on, effective_from, effective_to, readers, passage or note."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="changes")
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(DocumentVersion, null=True, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    field = models.CharField(max_length=20)
    old = models.TextField(blank=True)
    new = models.TextField(blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.document_id} {self.field}"


from kb import (  # noqa: E402  Django finds the other tables here
    models_evaluation,  # noqa: F401
    models_index,  # noqa: F401
    models_recognized,  # noqa: F401
    models_sources,  # noqa: F401
    models_tables,  # noqa: F401
    models_workers,  # noqa: F401
)
