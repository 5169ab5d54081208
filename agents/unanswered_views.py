"""Questions that the documents did not answer: a page for administrators."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.models import Person
from agents.models_unanswered import Unanswered
from agents.turns import Near
from agents.unanswered import ask_again, mark, near, nearest_sources, unanswered
from agents.views import signed_in

SHOWN = 30


@dataclass(frozen=True, slots=True)
class Item:
    """A question with the passages that the reader may see."""

    question: Unanswered
    nearest: list[Near]


def administrator(request: HttpRequest) -> Person:
    """Who asks; for others than administrators there is no such page."""
    person = signed_in(request)
    if not person.is_superuser:
        raise Http404
    return person


@never_cache
@login_required
def questions(request: HttpRequest) -> HttpResponse:
    """The latest first, by state and words."""
    person = administrator(request)
    state = request.GET.get("state", Unanswered.State.OPEN)
    query = request.GET.get("q", "")
    found = unanswered(state if state in Unanswered.State.values else "", query)
    page = Paginator(found, SHOWN).get_page(request.GET.get("page"))
    items = [Item(one, near(person, nearest_sources(one))) for one in page]
    context = {"place": "unanswered", "items": items, "page": page, "state": state, "query": query}
    return render(request, "agents/unanswered.html", context)


@require_POST
@login_required
def act(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask again now, close a question as answered, or open it again."""
    person = administrator(request)
    item = get_object_or_404(unanswered().select_related("run"), pk=pk)
    if request.POST.get("action") == "ask":
        ask_again(item, person)
    elif request.POST.get("action") in Unanswered.State.values:
        mark(item, request.POST["action"], person)
    back = request.POST.get("back", "")
    return redirect(f"{back}#question-{pk}" if back.startswith("/unanswered/") else "agents:unanswered")
