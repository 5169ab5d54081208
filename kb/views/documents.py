"""The documents page: collections, the table of documents, uploads and bulk actions."""

from collections.abc import Sequence
from typing import Any, BinaryIO, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import Person
from kb.access import acting_as, collections_for, document_for, documents_for, may_write
from kb.descriptions import review_due
from kb.documents import cancel, create_collection, delete_document, retry
from kb.errors import DocumentError
from kb.forms import CollectionForm
from kb.models import WORKING, Collection, Document, State
from kb.uploads import Refused, receive

PAGE_SIZE = 50
STATUS = {
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "invalid": 422,
    "too_large": 413,
    "storage": 507,
}


def signed_in(request: HttpRequest) -> Person:
    """The person behind a request that `login_required` let through."""
    assert isinstance(request.user, Person)
    return request.user


def sentence(error: DocumentError) -> str:
    return error.sentence(get_language() or "en")


def refusal(error: DocumentError) -> HttpResponse:
    """A refused action for a script: the sentence as plain text, with the right status code."""
    return HttpResponse(sentence(error), status=STATUS[error.kind], content_type="text/plain; charset=utf-8")


def rows(documents: QuerySet[Document]) -> QuerySet[Document]:
    """What a row of the table needs, in one query."""
    return documents.select_related("collection", "latest_version", "current_version", "owner")


@login_required
def documents(request: HttpRequest, collection_id: int | None = None) -> HttpResponse:
    """Documents of one collection, or of all that the person may read, page by page."""
    person = signed_in(request)
    with acting_as(person):
        shelves = list(collections_for().annotate(size=Count("documents")))
        chosen = next((shelf for shelf in shelves if shelf.pk == collection_id), None)
        if collection_id is not None and chosen is None:
            raise Http404
        page = Paginator(rows(_filtered(request, chosen)), PAGE_SIZE).get_page(request.GET.get("page"))
        context: dict[str, Any] = {
            "place": "documents",
            "collections": shelves,
            "collection": chosen,
            "page": page,
            "documents": list(page.object_list),
            "query": request.GET.get("q", ""),
            "state": request.GET.get("state", ""),
            "may_write": person.is_staff or person.is_superuser,
            "may_upload": chosen is not None and may_write(person, chosen),
        }
    context["working"] = working_ids(context["documents"])
    only_table = request.headers.get("HX-Target") == "documents"
    return render(request, "kb/_table.html" if only_table else "kb/documents.html", context)


def _filtered(request: HttpRequest, collection: Collection | None) -> QuerySet[Document]:
    found = documents_for()
    if collection is not None:
        found = found.filter(collection=collection)
    if query := request.GET.get("q", "").strip()[:200].replace("\0", ""):
        found = found.filter(Q(title__icontains=query) | Q(filename__icontains=query))
    match request.GET.get("state"):
        case "working":
            found = found.filter(latest_version__state__in=WORKING)
        case "failed":
            found = found.filter(latest_version__state__in=[State.FAILED, State.CANCELLED])
        case "look":
            found = found.filter(latest_version__needs_look=True)
        case "review":
            found = found.filter(review_due())
    return found


def working_ids(documents: Sequence[Document]) -> list[int]:
    """Documents whose latest version somebody still works on."""
    return [
        document.pk for document in documents if document.latest_version and document.latest_version.state in WORKING
    ]


@login_required
def progress(request: HttpRequest) -> HttpResponse:
    """The rows that were working when the page last looked, as they stand now; asks again while one still works."""
    person = signed_in(request)
    with acting_as(person):
        found = list(rows(documents_for().filter(pk__in=_ids(request.GET.getlist("id"))[:PAGE_SIZE])))
    context = {"documents": found, "working": working_ids(found), "may_write": person.is_staff or person.is_superuser}
    return render(request, "kb/_progress.html", context)


def _ids(texts: Sequence[str]) -> list[int]:
    return [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 18]


@require_POST
@login_required
def upload(request: HttpRequest, collection_id: int) -> HttpResponse:
    """Keep one or many files. A script gets a sentence per refusal, a form goes back to the table."""
    person = signed_in(request)
    with acting_as(person):
        collection = collections_for().filter(pk=collection_id).first()
    if collection is None:
        raise Http404
    files = request.FILES.getlist("files")
    if not files:
        messages.warning(request, _("Choose one or more files first."))
    refused: DocumentError | None = None
    for file in files:
        try:
            for taken in receive(collection, file.name or "", cast(BinaryIO, file.file), by=person):
                if isinstance(taken, Refused):
                    refused = taken.error
                    messages.error(request, f"{taken.name}: {sentence(refused)}")
        except DocumentError as error:
            refused = error
            messages.error(request, f"{file.name}: {sentence(error)}")
    if request.htmx:  # type: ignore[attr-defined]
        list(messages.get_messages(request))
        return refusal(refused) if refused else HttpResponse(status=204)
    return redirect("kb:collection", collection_id)


@require_POST
@login_required
def bulk(request: HttpRequest) -> HttpResponse:
    """Delete or retry the ticked documents, or the one whose button was pressed. Deleting is asked about first."""
    person = signed_in(request)
    action, _separator, single = request.POST.get("action", "").partition(":")
    ids = _ids([single]) if single else _ids(request.POST.getlist("document"))
    back = _back(request)
    with acting_as(person):
        chosen = list(rows(documents_for().filter(pk__in=ids)))
    if not chosen:
        messages.warning(request, _("Tick one or more documents first."))
        return redirect(back)
    if action == "delete" and "confirmed" not in request.POST:
        return render(request, "kb/delete.html", {"place": "documents", "documents": chosen, "back": back})
    verb = {"delete": _delete, "retry": retry, "cancel": cancel}.get(action)
    if verb is None:
        raise Http404
    done = 0
    for document in chosen:
        try:
            verb(document, person)
            done += 1
        except DocumentError as error:
            if len(chosen) == 1:
                messages.error(request, sentence(error))
    if action == "delete" and done:
        said = ngettext("%(count)s document was deleted.", "%(count)s documents were deleted.", done)
        messages.success(request, said % {"count": done})
    return redirect(back)


def _delete(document: Document, person: Person) -> None:
    delete_document(document, by=person)


def _back(request: HttpRequest) -> str:
    """The list the form came from."""
    ids = _ids([request.POST.get("collection", "")])
    return reverse("kb:collection", args=ids) if ids else reverse("kb:documents")


@login_required
def new_collection(request: HttpRequest) -> HttpResponse:
    """A form for a new collection and its readers."""
    person = signed_in(request)
    if not (person.is_staff or person.is_superuser):
        raise Http404
    form = CollectionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_collection(by=person, **form.cleaned_data)
        except DocumentError as error:
            form.add_error("name" if error.code.startswith("name") else None, sentence(error))
        else:
            return redirect("kb:collection", made.pk)
    with acting_as(person):
        shelves = list(collections_for().annotate(size=Count("documents")))
    context = {"place": "documents", "form": form, "collections": shelves}
    return render(request, "kb/new_collection.html", context, status=422 if form.errors else 200)


def one_document(person: Person, pk: int) -> Document:
    """A document the person may read, inside `acting_as`. Raises Http404 otherwise; nobody can tell which it is."""
    try:
        return document_for(pk)
    except Document.DoesNotExist as error:
        raise Http404 from error


def number_of(request: HttpRequest, name: str) -> int:
    """A number of the query string; 0 where there is none."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
