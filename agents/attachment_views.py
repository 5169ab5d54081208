"""Files for one conversation, in the pages: attaching them, seeing how far they are read, and taking them away."""

from typing import BinaryIO, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from agents.models import Conversation
from agents.views import signed_in, uuid_of
from kb.attachments import any_working, attach, attachments, detach
from kb.errors import DocumentError


@require_POST
@login_required
def add(request: HttpRequest) -> HttpResponse:
    """Attach files to a conversation, or to a new one that the next question is asked in."""
    person = signed_in(request)
    if given := request.POST.get("conversation", ""):
        conversation = get_object_or_404(Conversation, pk=uuid_of(given), person=person)
    else:
        conversation = Conversation.objects.create(person=person, listed=False)
    refused = []
    for file in request.FILES.getlist("files"):
        try:
            attach(conversation.pk, file.name or "", cast(BinaryIO, file.file), by=person)
        except DocumentError as error:
            refused.append(f"{file.name}: {error.sentence(get_language() or 'en')}")
    if request.htmx:  # type: ignore[attr-defined]
        return _list(request, conversation, refused)
    for sentence in refused:
        messages.error(request, sentence)
    return redirect("agents:conversation", conversation.pk)


@never_cache
@login_required
def listing(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """What is attached, and how far it is read."""
    conversation = get_object_or_404(Conversation, pk=conversation_id, person=signed_in(request))
    return _list(request, conversation)


@require_POST
@login_required
def remove(request: HttpRequest, conversation_id: UUID, document_id: int) -> HttpResponse:
    """Take a file away; answers that quote it keep their words, and their citations can no longer be opened."""
    person = signed_in(request)
    conversation = get_object_or_404(Conversation, pk=conversation_id, person=person)
    try:
        detach(conversation.pk, document_id, by=person)
    except DocumentError as error:
        raise Http404 from error
    if request.htmx:  # type: ignore[attr-defined]
        return _list(request, conversation)
    return redirect("agents:conversation", conversation.pk)


def _list(request: HttpRequest, conversation: Conversation, refused: list[str] | None = None) -> HttpResponse:
    files = attachments(conversation.pk, signed_in(request))
    context = {"conversation": conversation, "files": files, "refused": refused}
    context["reading"] = any_working(files)
    return render(request, "agents/_attachments.html", context)
