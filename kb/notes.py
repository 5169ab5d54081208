"""Notes: what somebody writes beside a document, or in place of one of its passages.

A version's text never changes, so a correction is no change of it: the passage is switched off, and the note, a
document of its own with its author and day, is found and cited instead. Whoever may read the document may read it.
"""

from hashlib import sha256
from io import BytesIO

from django.utils.translation import gettext as _

from accounts.models import Person
from kb.access import acting_as_system, may_write_document
from kb.changes import record
from kb.documents import About, add
from kb.errors import DocumentError
from kb.models import Document, Passage
from kb.passages import SHOWN, switch_passage
from kb.readers import narrow

LONGEST_NOTE = 20_000


def add_note(document: Document, text: str, *, by: Person, replaces: Passage | None = None) -> Document:
    """Write a note on a document, for all who may read it; a worker reads it like a file.

    A passage that it replaces is found no more at once. The same note twice stands there once.

    Raises:
        DocumentError: not_allowed, not_found, note_empty, note_on_note, storage_full.
    """
    if not may_write_document(by, document):
        raise DocumentError("not_allowed")
    text = text.replace("\0", "").replace("\r\n", "\n").strip()[:LONGEST_NOTE]
    if not text:
        raise DocumentError("note_empty")
    if document.note_of_id is not None:
        raise DocumentError("note_on_note")
    name = f"note:{document.pk}:{sha256(text.encode()).hexdigest()}"
    about = About(title=_("Note on “%(title)s”") % {"title": document.title}, external_id=name)
    with acting_as_system():
        found = Document.objects.select_for_update(no_key=True, of=("self",)).filter(pk=document.pk)
        locked = found.select_related("collection", "scope").first()
        if locked is None:
            raise DocumentError("not_found")
        kept = add(locked.collection, "note.txt", BytesIO(text.encode()), about, by=by)
        note = kept.document
        if kept.outcome == "added":
            note.note_of = locked
            note.save(update_fields=["note_of"])
            record(locked, by, "note", "", " ".join(text.split())[:SHOWN])
            if not locked.scope.is_default:
                narrow(note, locked.scope.groups.all(), by=by)
        if replaces is not None:
            switch_passage(replaces, False, by=by)
    return note
