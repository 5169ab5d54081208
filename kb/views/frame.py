"""What the administrators' pages of the knowledge base have in common."""

from typing import Any

from django.db.models import Count
from django.http import Http404, HttpRequest

from accounts.models import Person
from kb.access import acting_as, collections_for
from kb.views.documents import signed_in


def administrator(request: HttpRequest) -> Person:
    """Who asks; for others than administrators there is no such page."""
    person = signed_in(request)
    if not person.is_superuser:
        raise Http404
    return person


def beside_collections(person: Person, **more: Any) -> dict[str, Any]:
    """The context of a page that stands beside the list of collections."""
    with acting_as(person):
        shelves = list(collections_for().annotate(size=Count("documents")))
    return {"place": "documents", "collections": shelves, **more}


def number_of_form(request: HttpRequest, name: str) -> int:
    """A number that a form sends; 0 where there is none."""
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
