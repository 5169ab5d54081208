"""The pages of servers of tools, for administrators: a list, a form, and each server with the tools found there."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.models import Person
from agents import tool_servers
from agents.models import ToolServer
from agents.tool_server_form import ToolServerForm
from kb.errors import DocumentError


def _administrator(request: HttpRequest) -> Person:
    """Who asks; for others than administrators there is no such page."""
    if not (isinstance(request.user, Person) and request.user.is_superuser):
        raise Http404
    return request.user


def _sentence(error: DocumentError) -> str:
    return error.sentence(get_language() or "en")


@never_cache
@login_required
def servers(request: HttpRequest) -> HttpResponse:
    """All servers and what of them may be called."""
    rows = [
        {"server": server, "callable": len(tool_servers.callable_tools(server))}
        for server in tool_servers.servers_for(_administrator(request))
    ]
    return render(request, "agents/tool_servers.html", {"place": "tool_servers", "rows": rows})


@never_cache
@login_required
def new_server(request: HttpRequest) -> HttpResponse:
    """A new server; it is looked at once at once."""
    person = _administrator(request)
    form = ToolServerForm(request.POST or None)
    if request.method == "POST" and (server := _saved(form, ToolServer(), person)):
        _look(request, server, person)
        return redirect("agents:tool_server", server.pk)
    context = {"place": "tool_servers", "form": form}
    return render(request, "agents/tool_server.html", context, status=422 if form.errors else 200)


@never_cache
@login_required
def one_server(request: HttpRequest, pk: int) -> HttpResponse:
    """A server: where it is, who may use it, and its tools."""
    person = _administrator(request)
    server = get_object_or_404(tool_servers.servers_for(person), pk=pk)
    initial = {
        **{name: getattr(server, name) for name in ("name", "url", "header", "everyone")},
        "groups": list(server.groups.all()),
    }
    form = ToolServerForm(request.POST or None, initial=initial)
    if request.method == "POST" and _saved(form, server, person):
        messages.success(request, _("Saved."))
        return redirect("agents:tool_server", pk)
    tools = [
        {**tool, "chosen": tool["name"] in server.allowed, "callable": tool_servers.may_call(server, tool)}
        for tool in server.tools
    ]
    context: dict[str, Any] = {"place": "tool_servers", "form": form, "server": server, "tools": tools}
    return render(request, "agents/tool_server.html", context, status=422 if form.errors else 200)


def _saved(form: ToolServerForm, server: ToolServer, person: Person) -> ToolServer | None:
    """The server as the form says, or None with what is wrong in the form."""
    if not form.is_valid():
        return None
    fields = form.cleaned_data | {"secret": form.cleaned_data["secret"] or None}
    try:
        return tool_servers.save_server(server, by=person, **fields)
    except DocumentError as error:
        form.add_error(None, _sentence(error))
    return None


def _look(request: HttpRequest, server: ToolServer, person: Person) -> None:
    try:
        found = len(tool_servers.look_at(server, by=person))
    except DocumentError as error:
        messages.error(request, _sentence(error))
        return
    said = ngettext("It answers, and has %(count)s tool.", "It answers, and has %(count)s tools.", found)
    messages.success(request, said % {"count": found})


@require_POST
@login_required
def act(request: HttpRequest, pk: int) -> HttpResponse:
    """Look at the server, say which tools may be called, or forget it; forgetting is asked about first."""
    person = _administrator(request)
    server = get_object_or_404(tool_servers.servers_for(person), pk=pk)
    match request.POST.get("action", ""):
        case "look":
            _look(request, server, person)
        case "tools":
            tool_servers.choose_tools(
                server,
                by=person,
                enabled="enabled" in request.POST,
                reading_tools="reading_tools" in request.POST,
                allowed=request.POST.getlist("allowed"),
            )
            messages.success(request, _("Saved."))
        case "delete" if "confirmed" in request.POST:
            tool_servers.delete_server(server, by=person)
            return redirect("agents:tool_servers")
        case "delete":
            return render(request, "agents/delete_tool_server.html", {"place": "tool_servers", "server": server})
        case _:
            raise Http404
    return redirect("agents:tool_server", pk)
