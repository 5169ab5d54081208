"""Trying a search, for staff: each hit with its scores, and the question kept as a golden one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import Person
from kb.access import acting_as, collections_for, documents_for
from kb.display import Piece, pieces
from kb.errors import DocumentError
from kb.evaluation_sets import keep_question, sets_for
from kb.filters import Filters
from kb.forms import SearchForm
from kb.lexical import places
from kb.models import Document
from kb.search import Hit, Hits, search_as
from kb.views.documents import sentence, signed_in

HITS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ShownHit:
    """A hit with its text cut where the question's words stand."""

    hit: Hit
    pieces: tuple[Piece, ...]
    also_in: Sequence[Document]


def _staff(request: HttpRequest) -> Person:
    """Who asks; for others than staff there is no such page."""
    person = signed_in(request)
    if not person.is_staff:
        raise Http404
    return person


@login_required
def try_search(request: HttpRequest) -> HttpResponse:
    """Ask, and see what was found and why."""
    person = _staff(request)
    with acting_as(person):
        shelves = list(collections_for().annotate(size=Count("documents")))
    form = SearchForm(shelves, request.GET if "q" in request.GET else None)
    context: dict[str, Any] = {"place": "documents", "at_search": True, "collections": shelves, "form": form}
    if form.is_bound and form.is_valid():
        try:
            hits = _found(person, form.cleaned_data)
        except DocumentError as error:
            form.add_error("dated_to", sentence(error))
        else:
            context |= {"hits": _shown(person, hits), "degraded": hits.degraded, "sets": sets_for(by=person)}
    return render(request, "kb/try_search.html", context, status=422 if form.errors else 200)


def _found(person: Person, asked: dict[str, Any]) -> Hits:
    filters = Filters(
        types=[asked["type"]] if asked["type"] else (),
        languages=[asked["language"]] if asked["language"] else (),
        tags=asked["tags"],
        dated_from=asked["dated_from"],
        dated_to=asked["dated_to"],
    )
    return search_as(
        person,
        asked["q"],
        limit=HITS_SHOWN,
        collections=[int(asked["collection"])] if asked["collection"] else None,
        filters=filters,
        as_of=asked["as_of"],
        method=asked["method"] or "fused",
    )


def _shown(person: Person, hits: Sequence[Hit]) -> list[ShownHit]:
    with acting_as(person):
        others = documents_for().in_bulk([document for hit in hits for document in hit.also_in])
    return [
        ShownHit(
            hit,
            pieces(hit.text, 0, places(hit.text, hit.why.matched_terms)),
            [others[document] for document in hit.also_in if document in others],
        )
        for hit in hits
    ]


@require_POST
@login_required
def keep(request: HttpRequest) -> HttpResponse:
    """Keep the question with the documents that were ticked."""
    person = _staff(request)
    name = request.POST.get("set", "")
    ticked = {int(pk): 1 for pk in request.POST.getlist("document") if pk.isdecimal() and len(pk) < 19}
    try:
        if not ticked and "none" not in request.POST:
            raise DocumentError("nothing_ticked")
        answers = request.POST.get("answers", "").splitlines()
        kept = keep_question(name, request.POST.get("q", ""), ticked, by=person, answers=answers)
    except DocumentError as error:
        messages.error(request, sentence(error))
    else:
        messages.success(request, _("The question is kept in %(set)s.") % {"set": kept.set.name})
    return redirect(f"{reverse('kb:try_search')}?{request.POST.get('search', '')}")
