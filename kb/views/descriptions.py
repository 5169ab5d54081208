"""Changing what is said about a document: its title, tags, owner, review date, readers, and its versions' days."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import Person
from kb.access import acting_as, may_write_document
from kb.changes import changes_of
from kb.descriptions import date_version, describe
from kb.errors import DocumentError
from kb.forms import DatesForm, DescriptionForm
from kb.models import Document
from kb.views.documents import one_document, sentence, signed_in

PEOPLE_SUGGESTED = 200
FIELD_OF = {
    "title_missing": "title",
    "title_too_long": "title",
    "bad_tags": "tags",
    "unknown_person": "owner",
    "would_lose_access": "groups",
}


@login_required
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The form about a document, and what was changed before."""
    person = signed_in(request)
    with acting_as(person):
        document = one_document(person, pk)
        if not may_write_document(person, document):
            raise PermissionDenied
        form = DescriptionForm(request.POST or None, initial=_said(document))
        changes = changes_of(document)
    if request.method == "POST" and form.is_valid() and _changed(document, form, person):
        messages.success(request, _("The changes are kept."))
        return redirect("kb:document", pk)
    context: dict[str, Any] = {
        "place": "documents",
        "document": document,
        "form": form,
        "changes": changes,
        "people": Person.objects.filter(is_active=True).order_by("username")[:PEOPLE_SUGGESTED],
    }
    return render(request, "kb/edit.html", context, status=422 if form.errors else 200)


def _said(document: Document) -> dict[str, Any]:
    narrowed = not document.scope.is_default
    return {
        "title": document.title,
        "tags": ", ".join(document.tags),
        "owner": document.owner.username if document.owner else "",
        "review_on": document.review_on,
        "readers": "groups" if narrowed else "collection",
        "groups": list(document.scope.groups.all()) if narrowed else [],
    }


def _changed(document: Document, form: DescriptionForm, person: Person) -> bool:
    said = dict(form.cleaned_data)
    groups = said.pop("groups")
    readers = list(groups) if said.pop("readers") == "groups" else None
    try:
        describe(document, by=person, **said, readers=readers)
    except DocumentError as error:
        form.add_error(FIELD_OF.get(error.code), sentence(error))
        return False
    return True


@require_POST
@login_required
def dates(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Correct the days of a version."""
    person = signed_in(request)
    with acting_as(person):
        document = one_document(person, pk)
        version = document.versions.select_related("document").filter(number=number).first()
    if version is None:
        raise Http404
    form = DatesForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("One of the days is no date. Write it like 2026-01-31."))
        return redirect("kb:document", pk)
    try:
        date_version(version, by=person, **form.cleaned_data)
    except DocumentError as error:
        messages.error(request, sentence(error))
    else:
        messages.success(request, _("The days of version %(number)s are kept.") % {"number": number})
    return redirect("kb:document", pk)
