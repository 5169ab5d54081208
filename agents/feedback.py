"""What people say about answers: giving it, and reading it as an administrator."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from agents.models import Feedback, Reason, Run
from agents.storable import cleaned

COMMENT_LENGTH = 2000


class FeedbackError(ValueError):
    """It cannot be kept like this. The message is a sentence for the person."""


def give(run: Run, *, helped: bool, reason: str = "", comment: str = "") -> Feedback:
    """Keep what the person of `run` says about it, in the place of what they said before.

    Raises:
        FeedbackError: for a reason that there is not, or too many words.
    """
    comment = cleaned(comment).strip()
    if reason and reason not in Reason.values:
        raise FeedbackError(_("The reason must be one of: %(reasons)s.") % {"reasons": ", ".join(Reason.values)})
    if len(comment) > COMMENT_LENGTH:
        raise FeedbackError(_("Write at most %(limit)s characters.") % {"limit": COMMENT_LENGTH})
    reason = reason or (Reason.OTHER if comment else "")
    said = {"helped": helped, "reason": "" if helped else reason, "comment": comment}
    return Feedback.objects.update_or_create(run=run, person=run.person, defaults=said)[0]


def latest(*, helped: bool | None = None, reason: str = "") -> QuerySet[Feedback]:
    """Everybody's, the newest first: for administrators."""
    found = Feedback.objects.select_related("run", "person").order_by("-updated_at")
    if helped is not None:
        found = found.filter(helped=helped)
    return found.filter(reason=reason) if reason else found
