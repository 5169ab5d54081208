"""Whether an answer helped, and the administrators' list of it."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from agents.conversations import new_turn
from agents.feedback import FeedbackError, give, latest
from agents.models import Reason
from agents.views import own_run, sentence, signed_in

SHOWN = 50


@require_POST
@login_required
def feedback(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Keep whether an answer helped; after a no, the page asks why."""
    run = own_run(request, run_id)
    helped = request.POST.get("helped") == "yes"
    reason, comment = request.POST.get("reason", ""), request.POST.get("comment", "")
    try:
        given = give(run, helped=helped, reason=reason, comment=comment)
    except FeedbackError as error:
        return sentence(str(error), 422)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("agents:conversation", run.conversation_id)
    turn = new_turn(run)
    turn.helped, turn.feedback_reason = given.helped, given.reason
    return render(request, "agents/_feedback.html", {"turn": turn, "just_given": bool(given.reason)})


@login_required
def listing(request: HttpRequest) -> HttpResponse:
    """What people said about answers; for administrators, who may read every document."""
    if not signed_in(request).is_superuser:
        raise Http404
    reason = request.GET.get("reason", "")
    helped = {"yes": True, "no": False}.get(request.GET.get("helped", "no"))
    found = latest(helped=helped, reason=reason if reason in Reason.values else "")
    context = {
        "place": "feedback",
        "entries": Paginator(found, SHOWN).get_page(request.GET.get("page")),
        "reasons": Reason.choices,
        "reason": reason,
        "helped": request.GET.get("helped", "no"),
    }
    return render(request, "agents/feedback.html", context)
