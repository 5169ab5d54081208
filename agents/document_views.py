"""The questions that a document answered, beside its text."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from agents.cited import own_questions, questions_answered_by
from agents.views import signed_in
from kb.access import acting_as, document_for, may_write_document
from kb.models import Document

SHOWN = 50


@login_required
def questions(request: HttpRequest, pk: int) -> HttpResponse:
    """The person's own questions with links; those who look after the document hear how many there are in all."""
    person = signed_in(request)
    with acting_as(person):
        try:
            document = document_for(pk)
        except Document.DoesNotExist as error:
            raise Http404 from error
        context = {
            "place": "documents",
            "document": document,
            "version": document.current_version or document.latest_version,
            "versions": list(document.versions.all()),
            "tab": "questions",
        }
        may_write = may_write_document(person, document)
    context["runs"] = own_questions(person, pk, SHOWN)
    context["total"] = questions_answered_by(pk).count() if may_write else None
    return render(request, "agents/document_questions.html", context)
