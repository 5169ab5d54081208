"""Who changed what of a document beside its files: lines that are only ever added, and read by whoever may read it."""

from collections.abc import Sequence

from accounts.models import Person
from kb.access import current_actor
from kb.models import Document, DocumentChange, DocumentVersion

SHOWN = 100


def record(
    document: Document, by: Person, field: str, old: object, new: object, version: DocumentVersion | None = None
) -> bool:
    """Inside a transaction that changes a document: note one change; False where old and new are the same."""
    before, after = _text(old), _text(new)
    if before == after:
        return False
    DocumentChange.objects.create(
        document=document,
        scope_id=document.scope_id,
        version=version,
        by=by if by.pk is not None else None,
        field=field,
        old=before,
        new=after,
    )
    return True


def changes_of(document: Document, limit: int = SHOWN) -> list[DocumentChange]:
    """The latest changes, newest first, as the current person may read them."""
    current_actor()
    return list(document.changes.select_related("by", "version").order_by("-pk")[:limit])


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return str(value)
