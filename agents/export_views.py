"""A conversation as a file to keep, in the pages."""

import json
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache

from accounts.audit import exported
from accounts.models import Person
from agents.export import as_data, markdown
from agents.models import Conversation


def file_of(person: Person, conversation: Conversation, kind: str) -> HttpResponse:
    """The conversation as a file to be saved.

    Raises:
        Http404: for a kind that there is not.
    """
    if kind in ("md", "json"):
        exported(person, "conversation", conversation.pk, kind)
    if kind == "md":
        content, media_type = markdown(person, conversation), "text/markdown"
    elif kind == "json":
        content, media_type = json.dumps(as_data(person, conversation), ensure_ascii=False), "application/json"
    else:
        raise Http404
    headers = {"Content-Disposition": f'attachment; filename="conversation-{conversation.pk}.{kind}"'}
    return HttpResponse(content, content_type=f"{media_type}; charset=utf-8", headers=headers)


@never_cache
@login_required
def export(request: HttpRequest, conversation_id: UUID, kind: str) -> HttpResponse:
    """The person's own conversation; somebody else's is not found."""
    assert isinstance(request.user, Person)
    conversation = get_object_or_404(Conversation, pk=conversation_id, person=request.user)
    return file_of(request.user, conversation, kind)
