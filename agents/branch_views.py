"""The branches of a conversation: answering again, editing a question, and going from one to another."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agents import runs
from agents.conversations import listed, suggest
from agents.models import Conversation, Run, RunState
from agents.views import own_run, sentence, shown_turns, signed_in, uuid_of
from kb.access import acting_as


@require_POST
@login_required
def regenerate(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Answer the same question again, in the same mode or with more thought."""
    run = own_run(request, run_id)
    if run.state == RunState.RUNNING:
        return sentence(_("This answer is still being written. Wait for it, or stop it first."), 409)
    try:
        again = runs.regenerate(run, request.POST.get("mode", ""))
    except runs.QuestionError as error:
        return sentence(str(error), 422)
    return _branch(request, again)


@require_POST
@login_required
def edit(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Ask otherwise in the place of an earlier question; that one stays in its own branch."""
    run = own_run(request, run_id)
    try:
        edited = runs.edit(run, request.POST.get("question", ""))
    except runs.QuestionError as error:
        return sentence(str(error), 422)
    return _branch(request, edited)


@require_POST
@login_required
def show(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Go to another branch: to the one that leads through the run that is named."""
    conversation = get_object_or_404(Conversation, pk=conversation_id, person=signed_in(request))
    run = get_object_or_404(conversation.runs, pk=uuid_of(request.POST.get("run", "")))
    runs.show(run)
    return _branch(request, run)


def _branch(request: HttpRequest, run: Run) -> HttpResponse:
    """The conversation along the branch of `run`: its turns for htmx, the page at that turn for a plain form."""
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(reverse("agents:conversation", args=[run.conversation_id]) + f"#turn-{run.pk}")
    person = signed_in(request)
    conversation = Conversation.objects.get(pk=run.conversation_id)
    context = shown_turns(person, conversation) | listed(person)
    with acting_as(person, conversation.pk):
        suggest(context["turns"])
    return render(request, "agents/_branch.html", context)
