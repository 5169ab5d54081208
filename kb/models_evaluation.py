"""Evaluation sets: golden questions with the documents that are right.

Row-level security shows these tables to the pipeline alone (`acting_as_system`): which documents answer a question is
knowledge too, and the verbs in `kb.evaluation_sets` check who asks.
"""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Person
from kb.models import Document


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
