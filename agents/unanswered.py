"""Questions that stay unanswered: written down at a run's end, looked through and asked again by administrators."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Person
from agents.events import Checked, Source, ToolReturned
from agents.models import Conversation, Event, Run
from agents.models_unanswered import Unanswered
from agents.turns import Near, nearest_of
from kb.access import acting_as
from kb.owners import addresses, owners
from kb.snippets import snippets

State = Unanswered.State
WITHOUT_ANSWER = ("not_in_documents", "uncited", "unsupported")
"""Verdicts on answers that the documents do not carry."""


def note_end(run_id: UUID) -> None:
    """Write down what a finished run leaves unanswered, in the transaction that ends it. Twice changes nothing.

    An answer that is carried closes what the same person asked before in the same words.
    """
    checks = Event.objects.filter(run=run_id, kind=Checked.kind).order_by("-seq")
    checked = checks.values_list("data", flat=True).first()
    if checked is None:
        return
    verdict = checked["verdict"]
    if Unanswered.objects.filter(recheck=run_id).update(recheck_verdict=verdict):
        return
    if verdict in WITHOUT_ANSWER and (verdict != "uncited" or checked["claims"]):
        run = Run.objects.only("person_id", "question").get(pk=run_id)
        Unanswered.objects.filter(person=run.person_id, question=run.question, state=State.OPEN).exclude(
            run=run_id
        ).delete()
        found = {"person_id": run.person_id, "question": run.question, "verdict": verdict, "nearest": _nearest(run_id)}
        Unanswered.objects.get_or_create(run_id=run_id, defaults=found)
    elif verdict == "good":
        run = Run.objects.only("person_id", "question").get(pk=run_id)
        same = Unanswered.objects.filter(person=run.person_id, question=run.question, state=State.OPEN)
        same.update(state=State.ANSWERED, closed_at=timezone.now())


def _nearest(run_id: UUID) -> list[dict[str, object]]:
    returned = Event.objects.filter(run=run_id, kind=ToolReturned.kind).order_by("seq")
    sources = [source for data in returned.values_list("data", flat=True) for source in data["sources"]]
    by_place = {(one["version"], one["start"], one["end"]): one for one in reversed(sources)}
    return nearest_of(list(by_place.values())[::-1], lambda one: one["document"])


def near(person: Person, sources: Sequence[Source], attached: UUID | None = None) -> list[Near]:
    """The sources that somebody may read still, in their order; `attached`: those of that conversation's files too."""
    if not sources:
        return []
    with acting_as(person, attached):
        found = snippets({(one.version, one.start, one.end) for one in sources})
        documents = {one.document for one in sources}
        names, mails = owners(documents), addresses(documents)
    return [
        Near(one, _beneath_heading(found[place], one.section), names.get(one.document, ""), mails.get(one.document, ""))
        for one in sources
        if (place := (one.version, one.start, one.end)) in found
    ]


def _beneath_heading(text: str, section: str) -> str:
    """How a passage begins, without the heading that stands above it in lists already."""
    rest = text.removeprefix(section.rpartition(" > ")[2].strip()).strip()
    return rest or text


def unanswered(state: str = "", query: str = "") -> QuerySet[Unanswered]:
    """The latest first; of one state, and with some words."""
    found = Unanswered.objects.select_related("recheck", "closed_by")
    if state:
        found = found.filter(state=state)
    if query := query.strip()[:200].replace("\0", ""):
        found = found.filter(question__icontains=query)
    return found


def nearest_sources(item: Unanswered) -> list[Source]:
    names = Source.__dataclass_fields__
    return [Source(**{name: value for name, value in one.items() if name in names}) for one in item.nearest]


@transaction.atomic
def ask_again(item: Unanswered, by: Person) -> Run:
    """Ask the question now, with an administrator's rights, in a conversation that no list shows."""
    from agents import runs  # runs end in this file

    conversation = Conversation.objects.create(person=by, title=item.question[:80], listed=False)
    asked = item.run
    run = runs.start(by, item.question, conversation=conversation, collections=asked.collections, as_of=asked.as_of)
    Unanswered.objects.filter(pk=item.pk).update(recheck=run, recheck_verdict="")
    return run


def mark(item: Unanswered, state: str, by: Person) -> None:
    """Close a question as answered, or open it again."""
    closed = state == State.ANSWERED
    Unanswered.objects.filter(pk=item.pk).update(
        state=state, closed_at=timezone.now() if closed else None, closed_by=by if closed else None
    )
