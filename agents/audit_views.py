"""Who did what: a page for administrators."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from accounts import audit
from accounts.audit import Act
from agents.audit_api import file_of
from agents.unanswered_views import administrator
from agents.views import day_of

SHOWN = 50


@never_cache
@login_required
def listing(request: HttpRequest) -> HttpResponseBase:
    """The latest first, by act, words and days; or what the filters leave as a file."""
    person = administrator(request)
    given = {name: request.GET.get(name, "") for name in ("act", "q", "since", "until")}
    lines = audit.found(
        act=given["act"] if given["act"] in Act.values else "",
        query=given["q"],
        since=day_of(given["since"]),
        until=day_of(given["until"]),
    )
    if (kind := request.GET.get("format", "")) in ("csv", "jsonl"):
        audit.exported(person, "audit", kind=kind)
        return file_of(lines, kind)
    page = Paginator(lines, SHOWN).get_page(request.GET.get("page"))
    context: dict[str, Any] = {"place": "audit", "page": page, "acts": Act.choices, "given": given}
    return render(request, "agents/audit.html", context)
