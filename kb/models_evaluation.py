"""Evaluation sets: golden questions with the documents that are right, and runs that ask them.

Row-level security shows these tables to the pipeline alone (`acting_as_system`): which documents answer a question is
knowledge too, and the verbs in `kb.evaluation_sets` check who asks.
"""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Person
from kb.models import Document
from kb.models_index import EmbeddingGeneration
from kb.models_leased import Leased


class EvaluationSet(models.Model):
    """Questions that are asked again and again, to see whether search and answers have become better."""

    name = models.CharField(_("name"), max_length=200, unique=True)
    created_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class GoldenQuestion(models.Model):
    """A question, and what is right: documents, and strings of which an answer holds one."""

    set = models.ForeignKey(EvaluationSet, on_delete=models.CASCADE, related_name="questions")
    text = models.TextField(_("question"))
    key = models.CharField(max_length=200, blank=True)  # its name in the file it came from
    has_answer = models.BooleanField(default=True)  # where not, it should be declined
    answers = ArrayField(models.TextField(), default=list, blank=True)
    documents = models.ManyToManyField(Document, through="GoldenDocument", related_name="+")
    created_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text[:80]


class GoldenDocument(models.Model):
    """A document that answers a golden question, and how well: 1 or more."""

    question = models.ForeignKey(GoldenQuestion, on_delete=models.CASCADE, related_name="relevant")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="+")
    grade = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["question", "document"], name="golden_document_once")]

    def __str__(self) -> str:
        return f"{self.question_id} {self.document_id}"


class EvaluationRun(Leased):
    """One asking of all questions of a set, by one configuration, as the person who began it."""

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    set = models.ForeignKey(EvaluationSet, on_delete=models.CASCADE, related_name="runs")
    by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    method = models.CharField(max_length=10, default="fused")
    mode = models.CharField(max_length=10, blank=True)  # how answers are found; "": only documents are looked for
    generation = models.ForeignKey(EmbeddingGeneration, null=True, on_delete=models.SET_NULL, related_name="+")
    embedding_model = models.CharField(max_length=200, blank=True)  # whichever it was, told for good
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    total = models.PositiveIntegerField(default=0)
    figures = models.JSONField(default=dict)
    error_en = models.TextField(blank=True)
    error_zh = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.set_id} {self.pk}"

    @property
    def ndcg(self) -> float | None:
        """For templates, which cannot name the figure `ndcg@10`."""
        found: float | None = self.figures.get("ndcg@10")
        return found

    @property
    def recall(self) -> float | None:
        """For templates, likewise."""
        found: float | None = self.figures.get("recall@10")
        return found

    @property
    def method_label(self) -> str:
        """How documents are searched, for people."""
        return str({"lexical": _("words alone"), "dense": _("meaning alone")}.get(self.method, _("words and meaning")))

    @property
    def mode_label(self) -> str:
        """How answers are found, for people."""
        return str({"fast": _("Fast"), "thinking": _("Thinking"), "auto": _("Auto")}.get(self.mode, ""))


class QuestionResult(models.Model):
    """What one run found for one question. Figures are None where they mean nothing: the question has no answer."""

    run = models.ForeignKey(EvaluationRun, on_delete=models.CASCADE, related_name="results")
    question = models.ForeignKey(GoldenQuestion, on_delete=models.CASCADE, related_name="+")
    found = models.JSONField(default=list)  # documents, best first
    ndcg = models.FloatField(null=True)
    recall = models.FloatField(null=True)
    reciprocal_rank = models.FloatField(null=True)
    milliseconds = models.FloatField(default=0)
    answer = models.TextField(blank=True)
    judged = models.JSONField(null=True)  # kb.evaluation_runs.Judged, of a run that asks for answers

    class Meta:
        ordering = ["question_id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "question"], name="question_result_once")]

    def __str__(self) -> str:
        return f"{self.run_id} {self.question_id}"
