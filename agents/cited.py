"""The questions whose answers cite a document. Everybody sees their own; of others' there is only how many."""

from django.db.models import QuerySet

from accounts.models import Person
from agents.models import Run, RunState


def questions_answered_by(document_id: int) -> QuerySet[Run]:
    """Everybody's finished runs whose answer cites the document."""
    return Run.objects.filter(state=RunState.FINISHED, citations__contains=[{"document": document_id}])


def own_questions(person: Person, document_id: int, limit: int) -> list[Run]:
    """The person's own, newest first."""
    mine = questions_answered_by(document_id).filter(person=person, conversation__listed=True)
    return list(mine.select_related("conversation").order_by("-created_at")[:limit])
