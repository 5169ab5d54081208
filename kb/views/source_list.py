"""The pages of sources, for administrators: what is followed, how the last look went, and a form for a new one."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import Person
from kb.access import acting_as, collections_for
from kb.errors import DocumentError
from kb.models import Collection
from kb.models_sources import Source
from kb.sources import KINDS, PUSH, verbs
from kb.views.documents import sentence, signed_in
from kb.views.source_form import SourceForm

CHANGES_SHOWN = 200
RUNS_SHOWN = 10


def _administrator(request: HttpRequest) -> Person:
    """Who asks; for others than administrators there is no such page."""
    person = signed_in(request)
    if not person.is_superuser:
        raise Http404
    return person


def _frame(person: Person, **more: Any) -> dict[str, Any]:
    with acting_as(person):
        shelves = list(collections_for().annotate(size=Count("documents")))
    return {"place": "documents", "at_sources": True, "collections": shelves, "kinds": KINDS, "push": PUSH, **more}


def _one(person: Person, pk: int) -> Source:
    source = verbs.source_for(pk, by=person)
    if source is None:
        raise Http404
    return source


@login_required
def sources(request: HttpRequest) -> HttpResponse:
    """All sources with how their last look went."""
    person = _administrator(request)
    return render(request, "kb/sources.html", _frame(person, rows=verbs.sources_for(by=person)))


@login_required
def new_source(request: HttpRequest) -> HttpResponse:
    """Choose a kind, then fill in its settings."""
    person = _administrator(request)
    kind = request.GET.get("kind", "")
    if kind not in KINDS:
        return render(request, "kb/new_source.html", _frame(person))
    context = _frame(person, kind=kind)
    form = SourceForm(kind, context["collections"], request.POST or None)
    if request.method == "POST" and form.is_valid():
        shelf: Collection = next(
            one for one in context["collections"] if str(one.pk) == form.cleaned_data["collection"]
        )
        try:
            made = verbs.create_source(
                shelf,
                kind,
                form.cleaned_data["name"],
                form.cleaned_data,
                by=person,
                every_minutes=int(form.cleaned_data["every_minutes"]),
            )
        except DocumentError as error:
            form.add_error(None, sentence(error))
        else:
            return redirect("kb:one_source", made.pk)
    return render(request, "kb/new_source.html", context | {"form": form}, status=422 if form.errors else 200)


@login_required
def one_source(request: HttpRequest, source_id: int) -> HttpResponse:
    """A source: its settings, its last looks, and what the one chosen changed."""
    person = _administrator(request)
    source = _one(person, source_id)
    number = request.GET.get("run", "")
    log = verbs.log_of(source, by=person, run=int(number) if number.isdigit() and len(number) < 19 else None)
    runs, run, changes = log.runs[:RUNS_SHOWN], log.run, log.changes[:CHANGES_SHOWN]
    busy = source.wanted or any(one.ended_at is None for one in runs)
    context = _frame(person, source=source, runs=runs, run=run, changes=changes, busy=busy and source.state == "active")
    return render(request, "kb/one_source.html", context)


@require_POST
@login_required
def act(request: HttpRequest, source_id: int) -> HttpResponse:
    """Look now, pause, go on, answer what becomes of missing documents, or delete; deleting is asked about first."""
    person = _administrator(request)
    source = _one(person, source_id)
    action = request.POST.get("action", "")
    if action == "delete" and "confirmed" not in request.POST:
        return render(request, "kb/delete_source.html", _frame(person, source=source))
    try:
        match action:
            case "look":
                verbs.look_now(source, by=person)
                messages.success(request, _("A worker looks at it now."))
            case "pause":
                verbs.pause(source, by=person)
            case "resume":
                verbs.resume(source, by=person)
            case "delete_gone" | "keep_gone":
                verbs.answer(source, delete=action == "delete_gone", by=person)
            case "delete":
                verbs.delete_source(source, by=person, with_documents="documents" in request.POST)
                return redirect("kb:sources")
            case _:
                raise Http404
    except DocumentError as error:
        messages.error(request, sentence(error))
    return redirect("kb:one_source", source.pk)
