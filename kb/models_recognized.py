"""What OCR has read of versions that are not read to their end yet."""

from typing import ClassVar

from django.db import models

from kb.models import DocumentVersion


class RecognizedPicture(models.Model):
    """A picture of a version as OCR read it (`kb.parsing.recognized`), kept until the version's text is complete.

    The pipeline alone sees it."""

    version = models.ForeignKey(DocumentVersion, on_delete=models.CASCADE, related_name="+")
    ordinal = models.PositiveIntegerField()
    data = models.JSONField()

    class Meta:
        ordering = ["version", "ordinal"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "ordinal"], name="picture_once")]

    def __str__(self) -> str:
        return f"{self.version_id}#{self.ordinal}"
