"""Verbs on passages: what search may find of a version, whatever its file says."""

from accounts.models import Person
from kb.access import acting_as_system, may_write_document
from kb.changes import record
from kb.errors import DocumentError
from kb.models import DocumentVersion, Passage, State

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


def carry_switches(version: DocumentVersion) -> int:
    """Leave out of search what people have switched off of the ready version before this one, where it says the same.

    In the transaction that publishes `version`; how many passages that were. A passage says the same when its words
    do: line breaks and spaces may differ. What was cut differently stays searchable.
    """
    before = DocumentVersion.objects.filter(document=version.document_id, state=State.READY, number__lt=version.number)
    last = before.order_by("-number").values("pk")[:1]
    switched = Passage.objects.filter(version__in=last, enabled=False)
    off = {_words(text) for text in switched.values_list("text", flat=True)}
    if not off:
        return 0
    texts = Passage.objects.filter(version=version.pk).values_list("pk", "text").iterator(chunk_size=2000)
    same = [pk for pk, text in texts if _words(text) in off]
    return Passage.objects.filter(pk__in=same).update(enabled=False)


def _words(text: str) -> str:
    return " ".join(text.split())
