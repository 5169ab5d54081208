"""Which version of a document answers today."""

from datetime import date

from django.db.models import Case, F, IntegerField, OuterRef, Q, Subquery, Value, When
from django.utils import timezone

from kb.access import acting_as_system
from kb.models import Document, DocumentVersion, State


def valid_on(day: date) -> Q:
    """The condition that a version is valid on `day`; an open end has no limit."""
    begun = Q(effective_from__isnull=True) | Q(effective_from__lte=day)
    return begun & (Q(effective_to__isnull=True) | Q(effective_to__gte=day))


def in_force_on(day: date, document: str = "pk") -> Subquery:
    """The number of the version in force on `day`, of the document that the outer row names with `document`."""
    ready = DocumentVersion.objects.filter(valid_on(day), document=OuterRef(document), state=State.READY)
    return Subquery(ready.order_by("-number").values("pk")[:1])


def switch_current(document: Document, day: date | None = None) -> bool:
    """Choose the version of a locked document that answers; True if it is another one. The caller saves the document.

    That is the newest ready version valid on `day` (today), else the newest that has begun, else the newest of all.
    """
    day = day or timezone.localdate()
    closeness = Case(
        When(valid_on(day), then=Value(0)),
        When(effective_from__lte=day, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    best = document.versions.filter(state=State.READY).order_by(closeness, "-number").first()
    if best is None or best.pk == document.current_version_id:
        return False
    document.current_version = best
    return True


def switch_dated(day: date | None = None) -> int:
    """Let versions answer whose first day has come, and those before them where a last day has passed; count them."""
    day = day or timezone.localdate()
    with acting_as_system():
        begun = DocumentVersion.objects.filter(
            state=State.READY, effective_from__lte=day, number__gt=F("document__current_version__number")
        ).exclude(effective_to__lt=day)
        ended = Document.objects.filter(current_version__effective_to__lt=day)
        concerned = set(begun.values_list("document", flat=True)) | set(ended.values_list("pk", flat=True))
    return sum(_switch_one(pk, day) for pk in sorted(concerned))


def _switch_one(document_id: int, day: date) -> bool:
    with acting_as_system():
        document = Document.objects.select_for_update(no_key=True).filter(pk=document_id).first()
        if document is None or not switch_current(document, day):
            return False
        document.save(update_fields=["current_version", "updated_at"])
        return True
