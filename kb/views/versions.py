"""What differs between two versions of a document, and switches on its passages."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kb.access import acting_as, may_write_document
from kb.comparing import compare_versions, pair
from kb.errors import DocumentError
from kb.findings import findings
from kb.models import Passage, State
from kb.notes import add_note
from kb.passages import switch_passage
from kb.quality import similar_to
from kb.views.documents import number_of, one_document, refusal, sentence, signed_in


@login_required
def differences(request: HttpRequest, pk: int) -> HttpResponse:
    """Two versions compared; by default the one that answers with the one before it."""
    person = signed_in(request)
    with acting_as(person):
        document = one_document(person, pk)
        versions = list(document.versions.filter(state=State.READY).order_by("-number"))
        try:
            older, newer = pair(
                versions, document.current_version_id, number_of(request, "old"), number_of(request, "new")
            )
        except LookupError as error:
            raise Http404 from error
        context: dict[str, Any] = {
            "place": "documents",
            "document": document,
            "version": newer,
            "versions": versions,
            "tab": "differences",
            "older": older,
            "newer": newer,
        }
        if older is not None and newer is not None and older != newer:
            context["comparison"] = compare_versions(older, newer)
    return render(request, "kb/differences.html", context)


@login_required
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """What a version's text is like, what to do about it, and which other documents say the same."""
    person = signed_in(request)
    with acting_as(person):
        document = one_document(person, pk)
        versions = list(document.versions.order_by("-number"))
        number = number_of(request, "version")
        if number:
            version = next((one for one in versions if one.number == number), None)
            if version is None:
                raise Http404
        else:
            version = document.current_version or document.latest_version
        context: dict[str, Any] = {
            "place": "documents",
            "document": document,
            "version": version,
            "versions": versions,
            "tab": "report",
        }
        if version is not None:
            context |= {"findings": findings(version.report), "similar": similar_to(version)}
    return render(request, "kb/report.html", context)


@require_POST
@login_required
def switch(request: HttpRequest, pk: int, passage_id: int) -> HttpResponse:
    """Let search find a passage, or leave it out."""
    person = signed_in(request)
    with acting_as(person):
        document = one_document(person, pk)
        passage = Passage.objects.select_related("document", "version").filter(document=pk, pk=passage_id).first()
        may_write = may_write_document(person, document)
    if passage is None:
        raise Http404
    try:
        switch_passage(passage, request.POST.get("enabled") == "1", by=person)
    except DocumentError as error:
        if request.htmx:  # type: ignore[attr-defined]
            return refusal(error)
        messages.error(request, sentence(error))
    if request.htmx:  # type: ignore[attr-defined]
        context = {"passage": passage, "document": document, "may_write": may_write}
        return render(request, "kb/_passage.html", context)
    place = f"?version={passage.version.number}&show=passages&from={max(passage.ordinal - 1, 0)}"
    return redirect(reverse("kb:document", args=[pk]) + place)


@require_POST
@login_required
def note(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a note beside a document, or in place of one of its passages."""
    person = signed_in(request)
    replaced = request.POST.get("replaces", "")
    with acting_as(person):
        document = one_document(person, pk)
        passage = None
        if replaced:
            number = int(replaced) if replaced.isdecimal() and len(replaced) < 19 else 0
            passage = Passage.objects.select_related("version").filter(document=pk, pk=number).first()
            if passage is None:
                raise Http404
    try:
        add_note(document, request.POST.get("text", ""), by=person, replaces=passage)
    except DocumentError as error:
        messages.error(request, sentence(error))
    else:
        messages.success(request, _("The note is kept. Search finds it in a moment."))
    place = f"?version={passage.version.number}&show=passages&from={max(passage.ordinal - 1, 0)}" if passage else ""
    return redirect(reverse("kb:document", args=[pk]) + (place or "?show=passages"))
