"""Sharing answers in the pages: with whom and until when, what somebody shares, and what a reader sees."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import Group
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.models import Person
from agents import shares
from agents.models import Conversation, Run
from agents.shared import shared_turns
from agents.views import ids_of, own_run, signed_in

LENGTHS = (7, 30, 90, 365)
SHOWN = 30


@never_cache
@login_required
def share(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """With whom an answer is shared, as a page or in a dialog; then the address to pass on."""
    return _form(request, own_run(request, run_id))


@never_cache
@login_required
def share_conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The same for a conversation up to the last answer of the branch that is shown."""
    conversation = get_object_or_404(Conversation, pk=conversation_id, person=signed_in(request))
    last = next(reversed(conversation.tree().path(conversation.shown)), None)
    if last is None:
        raise Http404
    return _form(request, own_run(request, last), whole=True)


def _form(request: HttpRequest, run: Run, *, whole: bool = False) -> HttpResponse:
    person = signed_in(request)
    dialog = request.headers.get("HX-Target") == "share"
    context: dict[str, Any] = {
        "run": run,
        "dialog": dialog,
        "earlier": len(run.conversation.tree().above(run.pk)),
        "lengths": [(days, ngettext("%(count)s day", "%(count)s days", days) % {"count": days}) for days in LENGTHS],
        "days": shares.USUAL,
        "whole": whole,
    }
    status = 200
    if request.method == "POST":
        context |= {"whole": bool(request.POST.get("whole")), "days": _days(request.POST.get("days", ""))}
        if "find" not in request.POST:
            try:
                made = shares.share(
                    run,
                    by=person,
                    whole=context["whole"],
                    people=ids_of(request.POST.getlist("person")),
                    groups=ids_of(request.POST.getlist("group")),
                    days=context["days"],
                )
            except shares.ShareError as error:
                context["problem"] = str(error)
                status = 200 if dialog else 422  # htmx puts no other status into the dialog
            else:
                context["made"] = next(one for one in shares.shares_of(person, run) if one.share.pk == made.pk)
                context["address"] = request.build_absolute_uri(f"/shared/{made.pk}/")
    context |= _readers(request, person)
    context["shares"] = [one for one in shares.shares_of(person, run) if one.state == "open"]
    return render(request, "agents/_share.html" if dialog else "agents/share.html", context, status=status)


@require_POST
@login_required
def readers(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Those who are chosen already, and those whose name begins like what is typed."""
    own_run(request, run_id)
    return render(request, "agents/_share_readers.html", _readers(request, signed_in(request)))


def _readers(request: HttpRequest, person: Person) -> dict[str, Any]:
    query = request.POST.get("q", "")
    chosen_people = set(ids_of(request.POST.getlist("person")))
    chosen_groups = set(ids_of(request.POST.getlist("group")))
    people = list(shares.active().filter(pk__in=chosen_people).exclude(pk=person.pk))
    groups = list(Group.objects.filter(pk__in=chosen_groups))
    return {
        "query": query,
        "chosen_people": chosen_people,
        "chosen_groups": chosen_groups,
        "people": list(dict.fromkeys([*people, *shares.people_called(query, but=person)])),
        "groups": list(dict.fromkeys([*groups, *shares.groups_called(query, of=person)])),
    }


def _days(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else shares.USUAL


@never_cache
@login_required
def listing(request: HttpRequest) -> HttpResponse:
    """What the person shares and has shared, and what others let them read."""
    person = signed_in(request)
    with shares.seen_by(person):
        mine = Paginator(shares.made_by(person), SHOWN).get_page(request.GET.get("page"))
        theirs = Paginator(shares.open_to(person), SHOWN).get_page(request.GET.get("received"))
        context = {
            "place": "shares",
            "mine": mine,
            "made": shares.listed(mine.object_list),
            "theirs": theirs,
            "received": shares.received(theirs.object_list),
        }
    return render(request, "agents/shares.html", context)


@never_cache
@login_required
def shared(request: HttpRequest, share_id: UUID) -> HttpResponse:
    """Something shared, as far as whoever looks may read it; for all others there is nothing."""
    person = signed_in(request)
    if (found := shares.opened_by(person, share_id)) is None:
        raise Http404
    context = {
        "share": found,
        "own": found.person_id == person.pk,
        "title": shares.title_of(found),
        "turns": shared_turns(found, person),
    }
    return render(request, "agents/shared.html", context)


@require_POST
@login_required
def revoke(request: HttpRequest, share_id: UUID) -> HttpResponse:
    """End sharing; from the next request on nobody else reads it."""
    if not shares.revoke(share_id, by=signed_in(request)):
        raise Http404
    return redirect("agents:shares")
