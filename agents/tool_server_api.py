"""Servers of tools over HTTP, for administrators."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.contrib.auth.models import Group
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema, Status
from pydantic import AfterValidator

from accounts.api import ADMINISTRATION, asker
from accounts.models import Person
from agents import tool_servers
from agents.models import ToolServer
from agents.tools.server_tools import tool_name
from kb.errors import DocumentError

router = Router(tags=["tool servers"], auth=ADMINISTRATION)
Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
Line = Annotated[str, AfterValidator(lambda text: text.replace("\0", ""))]


class ToolServerIn(Schema):
    name: Annotated[Line, Field(min_length=1, max_length=60)]
    url: Annotated[Line, Field(max_length=1000, description="Of its streamable HTTP, like https://example.com/mcp.")]
    header: Annotated[Line, Field(max_length=100)] = "Authorization"
    secret: Annotated[Line, Field(max_length=4000)] | None = Field(
        default=None, description="The header's value; a token alone is sent as `Bearer token`. Never given back."
    )
    everyone: bool = False
    groups: list[Line] = Field(default=[], description="Names of the groups that may use it.")


class ToolsIn(Schema):
    enabled: bool
    reading_tools: bool = Field(default=True, description="Every tool that says it only reads may be called.")
    allowed: list[Line] = Field(default=[], description="Names of further tools that may be called.")


class ServerToolOut(Schema):
    name: str
    known_as: str = Field(description="its name for the model")
    description: str
    reads: bool = Field(description="it says that it only reads")
    may_be_called: bool


class ToolServerOut(Schema):
    id: int
    name: str
    url: str
    header: str
    has_secret: bool
    enabled: bool
    everyone: bool
    groups: list[str]
    reading_tools: bool
    allowed: list[str]
    tools: list[ServerToolOut]
    checked_at: datetime | None


def _administrator(request: HttpRequest) -> Person:
    """Who asks; for others than administrators there are no such servers."""
    person = asker(request)
    if not person.is_superuser:
        raise Http404
    return person


def _one(person: Person, pk: int) -> ToolServer:
    return get_object_or_404(tool_servers.servers_for(person), pk=pk)


def _shown(server: ToolServer) -> dict[str, Any]:
    names = ("id", "name", "url", "header", "enabled", "everyone", "reading_tools", "allowed", "checked_at")
    key = tool_servers.key_of(server)
    return {name: getattr(server, name) for name in names} | {
        "has_secret": bool(server.secret),
        "groups": sorted(server.groups.values_list("name", flat=True)),
        "tools": [
            {
                **{name: tool[name] for name in ("name", "description", "reads")},
                "known_as": tool_name(key, tool["name"]),
                "may_be_called": tool_servers.may_call(server, tool),
            }
            for tool in server.tools
        ],
    }


def _save(server: ToolServer, body: ToolServerIn, person: Person) -> ToolServer:
    groups = list(Group.objects.filter(name__in=body.groups))
    if missing := set(body.groups) - {group.name for group in groups}:
        raise DocumentError("unknown_group", names=", ".join(sorted(missing)))
    return tool_servers.save_server(server, by=person, **body.dict() | {"groups": groups})


@router.get("/tool-servers", response=list[ToolServerOut], summary="The servers of tools, for administrators")
def list_servers(request: HttpRequest) -> Any:
    return [_shown(server) for server in tool_servers.servers_for(_administrator(request))]


@router.post("/tool-servers", response={201: ToolServerOut}, summary="A new server of tools")
def create_server(request: HttpRequest, body: ToolServerIn) -> Any:
    """It is off, and its tools are unknown, until you `look` and say which may be called."""
    return Status(201, _shown(_save(ToolServer(), body, _administrator(request))))


@router.get("/tool-servers/{server_id}", response=ToolServerOut, summary="A server of tools")
def get_server(request: HttpRequest, server_id: Id) -> Any:
    return _shown(_one(_administrator(request), server_id))


@router.put("/tool-servers/{server_id}", response=ToolServerOut, summary="Change where it is and who may use it")
def change_server(request: HttpRequest, server_id: Id, body: ToolServerIn) -> Any:
    """Another address turns the server off and forgets its secret and tools. Without `secret` the old one stays."""
    person = _administrator(request)
    return _shown(_save(_one(person, server_id), body, person))


@router.post("/tool-servers/{server_id}/look", response=ToolServerOut, summary="Ask it for its tools")
def look_at_server(request: HttpRequest, server_id: Id) -> Any:
    """What it says of them now is what models are told from now on."""
    person = _administrator(request)
    server = _one(person, server_id)
    tool_servers.look_at(server, by=person)
    return _shown(server)


@router.put("/tool-servers/{server_id}/tools", response=ToolServerOut, summary="Say which tools may be called")
def choose_tools(request: HttpRequest, server_id: Id, body: ToolsIn) -> Any:
    person = _administrator(request)
    server = _one(person, server_id)
    tool_servers.choose_tools(server, by=person, **body.dict())
    return _shown(server)


@router.delete("/tool-servers/{server_id}", response={204: None}, summary="Forget a server of tools")
def delete_server(request: HttpRequest, server_id: Id) -> Any:
    person = _administrator(request)
    tool_servers.delete_server(_one(person, server_id), by=person)
    return Status(204, None)
