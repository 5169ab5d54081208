"""The chat: asking, following an answer, and what people do with it."""

from datetime import date
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.audit import exported
from accounts.models import Person
from agents import runs
from agents.api import csv_response
from agents.budget import budget_of
from agents.conversations import (
    LISTED,
    TURNS_SHOWN,
    begin_conflicts,
    begin_nearest,
    listed,
    new_turn,
    suggest,
    turns_of,
)
from agents.event_stream import HEADERS, event_number
from agents.models import Conversation, Mode, Run, RunState
from agents.page_stream import page_frames
from agents.suggestions import about
from agents.survey_rows import csv_file
from kb.access import acting_as, collections_for
from kb.attachments import any_working, attachments, forget
from kb.topics import topics
from llm.checks import check_models
from llm.profiles import ModelServers

MOST_LISTED = 2_000
"""Conversations that one page lists at most; earlier ones are found by their words."""
SAMPLES = 4


def signed_in(request: HttpRequest) -> Person:
    """The person behind a request that `login_required` let through."""
    assert isinstance(request.user, Person)
    return request.user


def own_run(request: HttpRequest, run_id: UUID) -> Run:
    """A run of the person's own; anybody else's is not found."""
    return get_object_or_404(Run.objects.select_related("conversation", "person"), pk=run_id, person=signed_in(request))


@never_cache
@login_required
def home(request: HttpRequest, conversation_id: UUID | None = None) -> HttpResponse:
    """The chat: an empty start, or a conversation."""
    person = signed_in(request)
    conversations = listed(person, request.GET.get("q", ""), _limit(request.GET.get("show", "")))
    if request.headers.get("HX-Target") == "conversations":
        return render(request, "agents/_conversations.html", conversations)
    conversation = None
    if conversation_id is not None:
        conversation = get_object_or_404(Conversation, pk=conversation_id, person=person)
    shown = shown_turns(person, conversation, None if "all" in request.GET else TURNS_SHOWN)
    turns = shown["turns"]
    files = attachments(conversation.pk, person) if conversation else []
    with acting_as(person, conversation_id if files else None):
        suggest(turns)
        shelves = list(collections_for().filter(attached_to=None).only("name"))
        chinese = (get_language() or "").startswith("zh")
        samples = [] if turns else [about(topic, chinese=topic.chinese) for topic in topics(SAMPLES, chinese=chinese)]
    last = Run.objects.filter(pk=turns[-1].run_id).first() if turns else None
    context = (
        shown
        | conversations
        | {
            "place": "" if conversation else "home",
            "files": files,
            "reading": any_working(files),
            "running": any(turn.running for turn in turns),
            "collections": shelves,
            "chosen": set(last.collections) if last else set(),
            "mode": last.mode if last and last.mode != Mode.EXHAUSTIVE else Mode.AUTO,
            "modes": [choice for choice in Mode.choices if choice[0] != Mode.EXHAUSTIVE],
            "samples": samples,
        }
    )
    return render(request, "agents/chat.html", context)


def _limit(text: str) -> int:
    """How many conversations an address asks for."""
    return min(int(text), MOST_LISTED) if text.isascii() and text.isdigit() and len(text) < 9 else LISTED


def shown_turns(person: Person, conversation: Conversation | None, limit: int | None = TURNS_SHOWN) -> dict[str, Any]:
    """What `agents/_turns.html` shows: the latest turns of the branch that the person last saw."""
    turns = turns_of(conversation, limit) if conversation else []
    begin_nearest(person, turns)
    begin_conflicts(person, turns)
    return {"conversation": conversation, "turns": turns, "hidden": bool(turns and turns[0].place)}


@require_POST
@login_required
def ask(request: HttpRequest) -> HttpResponse:
    """Begin an answer. htmx gets the new turn, a plain form is sent to the conversation."""
    person = signed_in(request)
    conversation = None
    if given := request.POST.get("conversation", ""):
        conversation = get_object_or_404(Conversation, pk=uuid_of(given), person=person)
    is_first = conversation is None or not conversation.title  # one that began with an attached file has none yet
    follows = None
    if conversation and (given := request.POST.get("follows", "")):
        follows = get_object_or_404(conversation.runs, pk=uuid_of(given))
    try:
        run = runs.start(
            person,
            request.POST.get("question", ""),
            mode=Mode.EXHAUSTIVE if "exhaustive" in request.POST else request.POST.get("mode", Mode.AUTO),
            conversation=conversation,
            follows=follows,
            collections=ids_of(request.POST.getlist("collections")),
            as_of=day_of(request.POST.get("as_of", "")),
        )
    except runs.QuestionError as error:
        return sentence(str(error), 422)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("agents:conversation", run.conversation_id)
    context = {
        "turn": new_turn(run),
        "conversation": run.conversation,
        "is_first": is_first,
    } | listed(person)
    response = render(request, "agents/_asked.html", context)
    if is_first:
        response.headers["HX-Push-Url"] = f"/c/{run.conversation_id}/"
    return response


def ids_of(texts: list[str]) -> list[int]:
    """Those that can be numbers of collections at all."""
    return [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 18]


def uuid_of(text: str) -> UUID:
    """The number that a form gives; what is none names nothing."""
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404 from error


def day_of(text: str) -> date | None:
    """The day that a form gives; None for what is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def sentence(text: str, status: int) -> HttpResponse:
    """A plain sentence, which the page shows as it is."""
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")


async def events(request: HttpRequest, run_id: UUID) -> HttpResponse | StreamingHttpResponse:
    """The run's events with the parts of the page they change. Goes on after `Last-Event-ID` or `?after=`."""
    person = await request.auser()
    if not isinstance(person, Person):
        return sentence(_("Sign in again to see this answer."), 403)
    run = await sync_to_async(Run.objects.filter(pk=run_id, person=person).first)()
    if run is None:
        return sentence(_("There is no such answer."), 404)
    after = event_number(request.headers.get("Last-Event-ID") or request.GET.get("after"))
    if run.state != RunState.RUNNING and after >= run.last_seq:
        return HttpResponse(status=204)  # tells an EventSource not to come back
    frames = page_frames(run, person, after, get_language() or "en")
    return StreamingHttpResponse(frames, content_type="text/event-stream", headers=HEADERS)


@require_POST
@login_required
def cancel(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Stop an answer; what there is of it stays."""
    run = own_run(request, run_id)
    runs.cancel(run)
    return HttpResponse(status=204) if request.htmx else redirect("agents:conversation", run.conversation_id)  # type: ignore[attr-defined]


@never_cache
@login_required
def rows(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """What a check of every document found, as a CSV file."""
    if (file := csv_file(own_run(request, run_id))) is None:
        raise Http404
    exported(signed_in(request), "rows", run_id, "csv")
    return csv_response(*file)


@require_POST
@login_required
def keep_quick(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Think no further: the quick answer is enough."""
    run = own_run(request, run_id)
    runs.keep_quick(run)
    return HttpResponse(status=204) if request.htmx else redirect("agents:conversation", run.conversation_id)  # type: ignore[attr-defined]


@require_POST
@login_required
def delete(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Delete a conversation with its answers. One that is being written is stopped first."""
    conversation = get_object_or_404(Conversation, pk=conversation_id, person=signed_in(request))
    for run in conversation.runs.filter(state=RunState.RUNNING):
        runs.cancel(run)
    conversation.delete()
    forget([conversation_id])
    return redirect("agents:home")


@never_cache
@login_required
def thinking_left(request: HttpRequest) -> HttpResponse:
    """How often questions may still be thought about further unasked today: in the account's menu, or as a page."""
    context = {"place": "thinking_left", "budget": budget_of(signed_in(request))}
    panel = bool(request.headers.get("HX-Request"))
    return render(request, "agents/_thinking_left.html" if panel else "agents/thinking_left.html", context)


@login_required
def models(request: HttpRequest) -> HttpResponse:
    """Whether each configured model answers; for those who look after the installation."""
    if not signed_in(request).is_staff:
        raise Http404
    context: dict[str, Any] = {"place": "models"}
    if request.headers.get("HX-Request") or request.method == "POST" or request.GET.get("check"):
        chinese = (get_language() or "").startswith("zh")
        context["checks"] = check_models(settings.MODEL_SERVERS, "zh-hans" if chinese else "en")
    else:
        context["configured"] = _configured(settings.MODEL_SERVERS)
    return render(
        request, "agents/_models.html" if request.headers.get("HX-Request") else "agents/models.html", context
    )


def _configured(servers: ModelServers) -> list[tuple[str, str]]:
    """What each model is for, and which one the settings name; empty where there is none."""
    best = _("the best that the server offers")
    return [
        (_("Quick answers"), servers.instruct_model or best),
        (_("Thinking answers"), servers.thinking_model or best),
        (_("Search by meaning"), servers.embedding_model),
        (_("Order of what is found"), servers.rerank_model),
    ]
