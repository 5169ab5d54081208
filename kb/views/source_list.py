"""The pages of sources, for administrators: what is followed, how the last look went, and a form for a new one."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import Person
from kb.errors import DocumentError
from kb.models import Collection
from kb.models_sources import Source
from kb.sources import KINDS, PUSH, verbs
from kb.views.documents import sentence
from kb.views.frame import administrator, beside_collections
from kb.views.source_form import SourceForm

CHANGES_SHOWN = 200
RUNS_SHOWN = 10


def _frame(person: Person, **more: Any) -> dict[str, Any]:
    return beside_collections(person, at_sources=True, kinds=KINDS, push=PUSH, **more)


def _one(person: Person, pk: int) -> Source:
    source = verbs.source_for(pk, by=person)
    if source is None:
        raise Http404
    return source


@login_required
def sources(request: HttpRequest) -> HttpResponse:
    """All sources with how their last look went."""
    person = administrator(request)
    return render(request, "kb/sources.html", _frame(person, rows=verbs.sources_for(by=person)))


@login_required
def new_source(request: HttpRequest) -> HttpResponse:
    """Choose a kind, then fill in its settings."""
    person = administrator(request)
    kind = request.GET.get("kind", "")
    if kind not in KINDS:
        return render(request, "kb/new_source.html", _frame(person))
    context = _frame(person, kind=kind)
    form = SourceForm(kind, context["collections"], request.POST or None)

    def make(shelf: Collection, name: str, fields: dict[str, str], minutes: int) -> Source:
        return verbs.create_source(shelf, kind, name, fields, by=person, every_minutes=minutes)

    if request.method == "POST" and (made := _saved(form, context["collections"], make)):
        return redirect("kb:one_source", made.pk)
    return render(request, "kb/new_source.html", context | {"form": form}, status=422 if form.errors else 200)


@login_required
def edit_source(request: HttpRequest, source_id: int) -> HttpResponse:
    """Change a source: where it is, where its documents go, how often it is looked at, and its secret."""
    person = administrator(request)
    source = _one(person, source_id)
    if source.kind not in KINDS:
        raise Http404
    context = _frame(person, source=source)
    form = SourceForm(source.kind, context["collections"], request.POST or None, source)

    def change(shelf: Collection, name: str, fields: dict[str, str], minutes: int) -> Source:
        return verbs.change_source(
            source, by=person, name=name, collection=shelf, settings=fields, every_minutes=minutes
        )

    if request.method == "POST" and _saved(form, context["collections"], change):
        messages.success(request, _("Saved."))
        return redirect("kb:one_source", source.pk)
    return render(request, "kb/new_source.html", context | {"form": form}, status=422 if form.errors else 200)


def _saved(
    form: SourceForm, shelves: list[Collection], save: Callable[[Collection, str, dict[str, str], int], Source]
) -> Source | None:
    """The source as the form says, or None with what is wrong in the form."""
    if not form.is_valid():
        return None
    given = form.cleaned_data
    shelf = next(one for one in shelves if str(one.pk) == given["collection"])
    try:
        return save(shelf, given["name"], given, int(given["every_minutes"]))
    except DocumentError as error:
        form.add_error(None, sentence(error))
    return None


@login_required
def one_source(request: HttpRequest, source_id: int) -> HttpResponse:
    """A source: its settings, its last looks, and what the one chosen changed."""
    person = administrator(request)
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
    person = administrator(request)
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
