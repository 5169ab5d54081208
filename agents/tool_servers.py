"""Servers of tools: set up by administrators, used by the people whose groups may."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.text import slugify

from accounts.audit import Act, record
from accounts.models import Person
from agents.models import ToolServer
from kb.errors import DocumentError
from kb.fetching import check_reachable, checked_url
from kb.sources.secrets import seal, unseal

KEY_CHARACTERS = 20
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}\Z")
_OURS = {"host", "content-length", "content-type", "accept", "accept-encoding", "connection", "transfer-encoding"}


@dataclass(frozen=True, slots=True)
class FoundTool:
    """A tool as its server describes it, bounded."""

    name: str
    title: str
    description: str
    schema: dict[str, Any]
    reads: bool
    """The server says that it only reads."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, and the header that opens it."""

    url: str
    header: str = ""
    value: str = ""


def check_may_keep(by: Person) -> None:
    """Raises DocumentError("not_allowed") unless `by` may set up servers of tools."""
    if not (by.is_active and by.is_superuser):
        raise DocumentError("not_allowed")


def servers_for(by: Person) -> QuerySet[ToolServer]:
    """All servers, for an administrator. Raises DocumentError("not_allowed")."""
    check_may_keep(by)
    return ToolServer.objects.prefetch_related("groups")


def save_server(
    server: ToolServer,
    *,
    by: Person,
    name: str,
    url: str,
    header: str = "",
    secret: str | None = None,
    everyone: bool = False,
    groups: Iterable[Group] = (),
) -> ToolServer:
    """Make a server, or change where it is and who may use it. A `secret` of None leaves the one that is kept.

    An address that is another one is looked at anew before its tools are called: the secret and the tools go with it.

    Raises:
        DocumentError: not_allowed, tool_server_name_missing, tool_server_name_taken, header_refused, secret_refused,
            and what `kb.fetching` says of addresses.
    """
    check_may_keep(by)
    server.name = " ".join(name.replace("\0", "").split())[:60]
    if not server.name:
        raise DocumentError("tool_server_name_missing")
    header = header.strip() or "Authorization"
    if not _HEADER.match(header) or header.lower() in _OURS:
        raise DocumentError("header_refused")
    address = str(checked_url(url))
    check_reachable(address)
    if server.pk and address != server.url:
        server.tools, server.allowed, server.enabled, server.secret = [], [], False, ""
    server.url, server.header, server.everyone = address, header, everyone
    if secret is not None:
        server.secret = seal(_checked_secret(secret, header))
    try:
        with transaction.atomic():
            act = Act.TOOL_SERVER_CHANGED if server.pk else Act.TOOL_SERVER_CREATED
            server.save()
            server.groups.set(groups)
            readers = ["*"] if everyone else [group.name for group in server.groups.order_by("name")]
            changed = {"address": _host(address), "readers": readers, "secret_changed": secret is not None}
            record(act, by, target=server.pk, name=server.name, **changed)
    except IntegrityError as error:
        raise DocumentError("tool_server_name_taken") from error
    return server


def _host(address: str) -> str:
    """An address without what may be a secret in it."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _checked_secret(secret: str, header: str) -> str:
    """A header's value; a token alone becomes what `Authorization` wants."""
    secret = secret.strip()
    if not secret.isascii() or not secret.isprintable():
        raise DocumentError("secret_refused")
    alone = secret and " " not in secret and header.lower() == "authorization"
    return f"Bearer {secret}" if alone else secret


def choose_tools(
    server: ToolServer, *, by: Person, enabled: bool, reading_tools: bool, allowed: Sequence[str] = ()
) -> None:
    """Say which of the tools found may be called, and whether any may. Raises DocumentError("not_allowed")."""
    check_may_keep(by)
    known = {tool["name"] for tool in server.tools}
    server.enabled, server.reading_tools = enabled, reading_tools
    server.allowed = [name for name in allowed if name in known]
    with transaction.atomic():
        server.save(update_fields=["enabled", "reading_tools", "allowed"])
        chosen = {"enabled": enabled, "reading_tools": reading_tools, "tools": server.allowed}
        record(Act.TOOL_SERVER_CHANGED, by, target=server.pk, name=server.name, **chosen)


def look_at(server: ToolServer, *, by: Person) -> list[FoundTool]:
    """Ask a server for its tools and keep them as the ones that may be called from now on.

    Raises:
        DocumentError: not_allowed, tool_secret_lost, and what `agents.mcp_client` says.
    """
    from agents.mcp_client import tools_of  # its library takes a second, which the start of the pages is spared

    check_may_keep(by)
    found = async_to_sync(tools_of)(address_of(server))
    before = {tool["name"]: tool for tool in server.tools}
    server.tools = [tool.to_json() for tool in found]
    # A tool that has become another one is not the one that was allowed.
    same = {tool["name"] for tool in server.tools if tool == before.get(tool["name"], tool)}
    server.allowed = [name for name in server.allowed if name in same]
    server.checked_at = timezone.now()
    server.save(update_fields=["tools", "allowed", "checked_at"])
    return found


def delete_server(server: ToolServer, *, by: Person) -> None:
    """Forget a server. Raises DocumentError("not_allowed")."""
    check_may_keep(by)
    with transaction.atomic():
        record(Act.TOOL_SERVER_DELETED, by, target=server.pk, name=server.name)
        server.delete()


def usable_by(person: Person) -> list[ToolServer]:
    """The servers whose tools somebody may call: enabled, and open to everyone or to one of their groups."""
    open_to = Q(everyone=True) | Q(groups__in=person.groups.all())
    return list(ToolServer.objects.filter(open_to, enabled=True).distinct()) if person.is_active else []


def usable_keys(person: Person) -> frozenset[str]:
    """The servers' parts of the names of all tools that somebody may call."""
    return frozenset(key_of(server) for server in usable_by(person))


def callable_tools(server: ToolServer) -> list[dict[str, Any]]:
    """The tools of a server that may be called, as they were found."""
    return [tool for tool in server.tools if may_call(server, tool)]


def may_call(server: ToolServer, tool: dict[str, Any]) -> bool:
    return (server.reading_tools and tool["reads"]) or tool["name"] in server.allowed


def address_of(server: ToolServer) -> Address:
    """Where a server is, with its secret. Raises DocumentError("tool_secret_lost")."""
    try:
        return Address(server.url, server.header, unseal(server.secret))
    except DocumentError as error:
        raise DocumentError("tool_secret_lost") from error


def key_of(server: ToolServer) -> str:
    """The server's part of its tools' names."""
    return slugify(server.name).replace("-", "_")[:KEY_CHARACTERS].strip("_") or f"server{server.pk}"
