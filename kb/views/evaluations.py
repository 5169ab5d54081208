"""Evaluation sets, for administrators: their questions, runs, and what differs between two runs."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.audit import exported
from accounts.models import Person
from kb.access import acting_as, documents_for
from kb.errors import DocumentError
from kb.evaluation_comparing import counted, paired
from kb.evaluation_files import LONGEST_FILE, export_lines, import_lines
from kb.evaluation_runs import State, cancel_run, resume_run, start_run
from kb.evaluation_sets import (
    delete_question,
    delete_set,
    questions_of,
    results_of,
    run_for,
    runs_of,
    set_for,
    sets_for,
)
from kb.forms import EvaluationForm
from kb.models_evaluation import EvaluationRun, EvaluationSet
from kb.views.documents import sentence
from kb.views.frame import administrator, beside_collections, number_of_form

PAGE_SIZE = 50


def _frame(person: Person, **more: Any) -> dict[str, Any]:
    return beside_collections(person, at_evaluation=True, **more)


def _set(person: Person, pk: int) -> EvaluationSet:
    if (found := set_for(pk, by=person)) is None:
        raise Http404
    return found


def _run(person: Person, pk: int) -> EvaluationRun:
    if (found := run_for(pk, by=person)) is None:
        raise Http404
    return found


@login_required
def sets(request: HttpRequest) -> HttpResponse:
    """The sets there are, and a file of questions for a new or an old one."""
    person = administrator(request)
    if request.method == "POST":
        file = request.FILES.get("file")
        try:
            if file is None or (file.size or 0) > LONGEST_FILE:
                raise DocumentError("question_file_missing")
            lines = file.read().decode("utf-8-sig", "replace").splitlines()
            count = import_lines(request.POST.get("name", ""), lines, by=person)
        except DocumentError as error:
            messages.error(request, sentence(error))
        else:
            messages.success(request, _("%(count)s questions are kept.") % {"count": count})
        return redirect("kb:evaluation")
    rows = [(one, runs_of(one, 1)) for one in sets_for(by=person)]
    return render(request, "kb/evaluation_sets.html", _frame(person, rows=rows))


@login_required
def one_set(request: HttpRequest, set_id: int) -> HttpResponse:
    """A set: its runs, a form for the next one, its questions."""
    person = administrator(request)
    kept = _set(person, set_id)
    runs = runs_of(kept)
    page = Paginator(questions_of(kept), PAGE_SIZE).get_page(request.GET.get("page"))
    busy = any(run.state in (State.QUEUED, State.RUNNING) for run in runs)
    context = _frame(person, kept=kept, runs=runs, page=page, busy=busy, evaluation_form=EvaluationForm())
    return render(request, "kb/evaluation_set.html", context)


@require_POST
@login_required
def act(request: HttpRequest, set_id: int) -> HttpResponse:
    """Begin a run, take a question out, or delete the set."""
    person = administrator(request)
    kept = _set(person, set_id)
    try:
        match request.POST.get("action", ""):
            case "run":
                form = EvaluationForm(request.POST)
                if not form.is_valid():
                    raise Http404
                asked = form.cleaned_data
                run = start_run(
                    kept,
                    by=person,
                    method=asked["method"] or "fused",
                    mode=asked["mode"],
                    generation=asked["generation"],
                )
                return redirect("kb:evaluation_run", run.pk)
            case "forget":
                delete_question(kept, number_of_form(request, "question"), by=person)
            case "delete":
                delete_set(kept, by=person)
                return redirect("kb:evaluation")
            case _:
                raise Http404
    except DocumentError as error:
        messages.error(request, sentence(error))
    return redirect("kb:evaluation_set", set_id)


@login_required
def export(request: HttpRequest, set_id: int) -> StreamingHttpResponse:
    """The questions as JSON lines."""
    person = administrator(request)
    kept = _set(person, set_id)
    exported(person, "questions", set_id, "jsonl")
    response = StreamingHttpResponse(export_lines(kept), content_type="application/jsonl; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="questions.jsonl"'
    return response


@login_required
def one_run(request: HttpRequest, evaluation_id: int) -> HttpResponse:
    """A run question by question, beside another one of the same set: by default the one before it."""
    person = administrator(request)
    run = _run(person, evaluation_id)
    others = [one for one in runs_of(run.set) if one.pk != run.pk]
    number = request.GET.get("with", "")
    if number:
        other = next((one for one in others if str(one.pk) == number), None)
    else:
        other = next((one for one in others if one.pk < run.pk and one.state == State.DONE), None)
    pairs = paired(results_of(run), results_of(other) if other else [])
    with acting_as(person):
        shown = {document for pair in pairs for document in pair.now.found[:1]}
        titles = dict(documents_for().filter(pk__in=shown).values_list("pk", "title"))
    page = Paginator(pairs, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [(pair, titles.get(pair.now.found[0], "") if pair.now.found else "") for pair in page]
    context = _frame(
        person,
        run=run,
        kept=run.set,
        others=others,
        other=other,
        counts=counted(pairs) if other else None,
        page=page,
        rows=rows,
        busy=run.state in (State.QUEUED, State.RUNNING),
    )
    return render(request, "kb/evaluation_run.html", context)


@require_POST
@login_required
def act_on_run(request: HttpRequest, evaluation_id: int) -> HttpResponse:
    """Stop a run, or go on with it."""
    person = administrator(request)
    run = _run(person, evaluation_id)
    try:
        match request.POST.get("action", ""):
            case "cancel":
                cancel_run(run, by=person)
            case "resume":
                resume_run(run, by=person)
            case _:
                raise Http404
    except DocumentError as error:
        messages.error(request, sentence(error))
    return redirect("kb:evaluation_run", evaluation_id)
