"""What the audit's page says of a line, in the words of the page's language."""

from django import template
from django.utils.translation import gettext as _

from accounts.audit import AuditLine

register = template.Library()


@register.filter
def audit_details(line: AuditLine) -> str:
    """What changed, in one line."""
    names = _names()
    told = {name: value for name, value in line.details.items() if value not in ("", [], None)}
    return " · ".join(f"{names.get(name, name)}: {_plain(value)}" for name, value in told.items())


@register.filter
def audit_origin(line: AuditLine) -> str:
    """From where it was done, and by session or key."""
    via = {"key": _("key %(key)s…") % {"key": line.key}, "server": _("the server itself")}.get(line.via, "")
    return " · ".join(filter(None, (line.address, via)))


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value == ["*"]:
        return _("everyone")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _names() -> dict[str, str]:
    """What the names of details mean to people."""
    return {
        "active": _("may sign in"),
        "address": _("address"),
        "administrator": _("administrator"),
        "after": _("after"),
        "before": _("before"),
        "collection": _("collection"),
        "days": _("days"),
        "delete": _("delete"),
        "documents": _("documents"),
        "enabled": _("turned on"),
        "every_minutes": _("every so many minutes"),
        "fields": _("fields"),
        "format": _("format"),
        "from": _("from"),
        "groups": _("groups"),
        "kind": _("kind"),
        "mode": _("mode"),
        "people": _("people"),
        "prefix": _("begins with"),
        "readers": _("readers"),
        "reading_tools": _("tools that only read"),
        "run": _("run"),
        "scope": _("scope"),
        "secret_changed": _("another secret"),
        "staff": _("looks after documents"),
        "to": _("to"),
        "tools": _("tools"),
        "version": _("version"),
        "was": _("before"),
        "what": _("what"),
        "whole": _("with the questions before it"),
    }
