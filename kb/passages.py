"""Verbs on passages: what search may find of a version, whatever its file says."""

from accounts.models import Person
from kb.access import acting_as_system, may_write_document
from kb.changes import record
from kb.errors import DocumentError
from kb.models import Passage

SHOWN = 200
"""Characters of a passage that its line of changes quotes."""


def switch_passage(passage: Passage, enabled: bool, *, by: Person) -> None:
    """Let search find a passage, or leave it out; the next search does so. The text stays readable.

    Raises:
        DocumentError: not_allowed, not_found.
    """
    if not may_write_document(by, passage.document):
        raise DocumentError("not_allowed")
    with acting_as_system():
        found = Passage.objects.select_for_update(no_key=True, of=("self",)).select_related("document", "version")
        locked = found.filter(pk=passage.pk).first()
        if locked is None:
            raise DocumentError("not_found")
        if locked.enabled != enabled:
            text = " ".join(locked.text.split())[:SHOWN]
            old, new = ("", text) if enabled else (text, "")
            record(locked.document, by, "passage", old, new, locked.version)
            Passage.objects.filter(pk=locked.pk).update(enabled=enabled)
    passage.enabled = enabled
