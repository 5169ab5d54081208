"""Tables as tables: what is kept of a version's spreadsheets and tables, so that they can be asked by SQL."""

from typing import ClassVar

from django.db import models

from kb.models import Document, DocumentVersion, Scope


class DocumentTable(models.Model):
    """A table that stands in a version, from its header row to its last row.

    `columns` are `{"name", "type", "unit"?, "decimals"?}`: see `kb.tabular.Column`."""

    version = models.ForeignKey(DocumentVersion, on_delete=models.CASCADE, related_name="tables")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="+")
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+")
    ordinal = models.PositiveIntegerField()
    name = models.CharField(max_length=200, blank=True)  # the heading over it
    label = models.CharField(max_length=200, blank=True)  # its sheet
    page = models.PositiveIntegerField(null=True)
    columns = models.JSONField(default=list)
    row_count = models.PositiveIntegerField(default=0)
    header_start = models.PositiveBigIntegerField()
    header_end = models.PositiveBigIntegerField()
    end = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["version", "ordinal"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "ordinal"], name="table_once")]

    def __str__(self) -> str:
        return f"t{self.pk} {self.label or self.name}"


class TableRows(models.Model):
    """Some hundred rows of a table: `[start, end, cell, …]` each, the first with the number `first` (from 1).

    `start` and `end` are the row's place in the version's text."""

    table = models.ForeignKey(DocumentTable, on_delete=models.CASCADE, related_name="batches")
    version = models.ForeignKey(DocumentVersion, on_delete=models.CASCADE, related_name="+")
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+")
    first = models.PositiveIntegerField()
    rows = models.JSONField(default=list)

    class Meta:
        ordering = ["table", "first"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["table", "first"], name="table_rows_once")]

    def __str__(self) -> str:
        return f"t{self.table_id} from {self.first}"
