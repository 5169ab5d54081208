"""What stands beside a statement that another document contradicts: its day, its owner, whether it is the newest."""

from __future__ import annotations

from django.utils.translation import gettext as _

from agents.events import Statement


def standing(one: Statement) -> list[str]:
    """In words of the page's language; without what nobody knows."""
    day = _("in force since %(day)s") % {"day": one.effective_from} if one.effective_from else ""
    changed = _("changed on %(day)s") % {"day": one.updated} if one.updated else ""
    owner = _("ask %(owner)s") % {"owner": one.owner} if one.owner else ""
    return [part for part in (day or changed, owner) if part]
