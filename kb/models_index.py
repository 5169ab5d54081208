"""What search keeps beside the passages: vectors by embedding model, and postings for BM25.

All but EmbeddingGeneration are guarded by row-level security, like the passages they are made from. They carry no
foreign keys that PostgreSQL would check row by row: triggers (migration 0004) delete them with their passages.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from pgvector.django import HalfVectorField

from kb.models import DocumentVersion, Scope


class EmbeddingGeneration(models.Model):
    """All vectors made by one model. Vectors of different models cannot be compared, so each has its own index."""

    class State(models.TextChoices):
        ACTIVE = "active"  # has vectors of everything, and answers; there is exactly one
        FILLING = "filling"  # a new model, whose vectors are not complete yet, or not switched to
        RETIRED = "retired"  # has answered before; kept to switch back to

    model = models.CharField(max_length=200)
    dimensions = models.PositiveIntegerField()
    base_url = models.CharField(max_length=500, blank=True)  # the server it was last made by
    state = models.CharField(max_length=10, choices=State, default=State.FILLING)
    calibration = models.JSONField(default=dict, blank=True)  # how well this model finds what the passages say
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["model", "dimensions"], name="generation_once"),
            models.UniqueConstraint(fields=["state"], condition=Q(state="active"), name="one_active_generation"),
        ]

    def __str__(self) -> str:
        return f"{self.model} ({self.dimensions})"


class IndexedVersion(models.Model):
    """A version whose passages are in the index, how much they hold, and on which days it is the one that counts.

    The days are the column `valid` (a datemultirange), which PostgreSQL works out whenever the document's versions
    change: no date given, the current version on every day; else the latest ready version in force on the day."""

    version = models.OneToOneField(DocumentVersion, primary_key=True, on_delete=models.CASCADE, related_name="+")
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+")
    passages = models.PositiveIntegerField(default=0)  # passages that hold a term
    length = models.PositiveBigIntegerField(default=0)  # terms in all of them

    def __str__(self) -> str:
        return f"version {self.version_id}"


class IndexTotal(models.Model):
    """Changes of a scope's passages and their length, written by a trigger and added up by `fold_statistics`.

    Only ever inserting keeps concurrent writers from waiting for each other; the sum is right at any moment."""

    scope = models.ForeignKey(Scope, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    passages = models.IntegerField()
    length = models.BigIntegerField()

    def __str__(self) -> str:
        return f"scope {self.scope_id}: {self.passages:+d}"


class TermFrequency(models.Model):
    """In how many of a scope's passages a frequent term occurs, counted from time to time.

    Rarer terms are counted at each question, exactly; of frequent ones a small error changes no order."""

    pk = models.CompositePrimaryKey("term", "scope_id")
    term = models.BigIntegerField()
    scope = models.ForeignKey(Scope, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    passages = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"term {self.term}: {self.passages}"


class Posting(models.Model):
    """That a term occurs in a passage. Its primary key covers all columns, so that questions read the index alone."""

    pk = models.CompositePrimaryKey("term", "scope_id", "passage_id")
    term = models.BigIntegerField()  # kb.lexical.term_key
    scope = models.ForeignKey(Scope, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)
    passage_id = models.BigIntegerField()
    version_id = models.BigIntegerField()
    frequency = models.FloatField()  # occurrences, weighted by field
    length = models.PositiveIntegerField()  # the passage's terms

    class Meta:
        indexes: ClassVar = [models.Index(fields=["version_id", "passage_id"], name="posting_by_passage")]

    def __str__(self) -> str:
        return f"term {self.term} in passage {self.passage_id}"


class PassageVector(models.Model):
    """A passage as an embedding model sees it, of unit length.

    Questions walk through the graph of vectors (HNSW) and look at those that are not in it yet one by one (`kb.graph`).
    """

    pk = models.CompositePrimaryKey("generation_id", "passage_id")
    generation = models.ForeignKey(
        EmbeddingGeneration, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    passage_id = models.BigIntegerField()
    version_id = models.BigIntegerField()
    scope = models.ForeignKey(Scope, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)
    embedding = HalfVectorField()
    in_graph = models.BooleanField(db_default=False)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["version_id", "passage_id"], name="vector_by_passage"),
            models.Index(fields=["generation", "scope"], name="vector_by_scope"),
            models.Index(fields=["generation", "scope"], condition=Q(in_graph=False), name="vector_not_in_graph"),
        ]

    def __str__(self) -> str:
        return f"passage {self.passage_id} in generation {self.generation_id}"
