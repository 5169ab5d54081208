"""A look at a source: every file listed, what is new or changed taken, what is gone deleted, and all of it logged.

A run that is interrupted is carried on by another worker: what this run has seen already is passed over. Nothing is
deleted unless the whole list was read, and never most of it without a person's word.
"""

import logging
import time
from contextlib import closing
from datetime import timedelta
from hashlib import sha256
from typing import Literal

from django.db.models import F
from django.utils import timezone

from accounts.models import Person
from kb.access import acting_as_system
from kb.documents import About, add, delete_document, replace_document
from kb.errors import DocumentError
from kb.models import Document
from kb.models_sources import Source, SourceChange, SourceItem, SourceRun
from kb.sources import KINDS
from kb.sources.claims import Claim, ClaimLost, claim
from kb.sources.kinds import Content, Entry, Known, NothingNew, Place
from kb.sources.secrets import unseal

logger = logging.getLogger(__name__)

SLICE_SECONDS = 240
"""A worker looks at one source for so long; then other tasks get their turn, and the run goes on in another message."""
AGAIN_MINUTES = 60
"""A look that failed is repeated no later."""
RUNS_KEPT = 50
KEY_BYTES = 2000
EXTERNAL_ID_CHARACTERS = 500

Outcome = Literal["added", "changed", "unchanged"]


class _SliceOver(Exception):
    """Time for other tasks."""


def work_on(source_id: int, seconds: float = SLICE_SECONDS) -> bool:
    """Look at a source if it is due and free; True when more is to be done than fitted into `seconds`."""
    held = claim(source_id)
    if held is None:
        return False
    try:
        _run(held, time.monotonic() + seconds)
    except _SliceOver:
        held.give_back()
        return True
    except ClaimLost:
        logger.info("Source %s was taken from us.", source_id)
    except DocumentError as error:
        _end(held, SourceRun.Outcome.FAILED, error)
    except Exception:
        logger.exception("The look at source %s failed.", source_id)
        _end(held, SourceRun.Outcome.FAILED, DocumentError("went_wrong"))
    return False


def _run(held: Claim, deadline: float) -> None:
    source = held.source
    place = Place(dict(source.settings), unseal(source.secret), dict(source.memory))
    owner = _owner(source)
    try:
        with closing(KINDS[source.kind].entries(place)) as entries:
            for entry in entries:
                held.pulse()
                if time.monotonic() > deadline:
                    raise _SliceOver
                _take(held, entry, owner)
    except NothingNew:
        with held.writing():
            seen = SourceItem.objects.filter(source=source).update(seen_in=held.run.pk)
            SourceRun.objects.filter(pk=held.run.pk).update(unchanged=seen)
    _follow_deletions(held, owner)
    with acting_as_system():
        held.run.refresh_from_db()
    _end(held, SourceRun.Outcome.DONE, memory=place.memory if not held.run.failed else None)


def _owner(source: Source) -> Person:
    """For whom documents are added. Raises DocumentError where nobody is left who may."""
    if source.owner is None or not source.owner.is_active:
        raise DocumentError("source_without_owner")
    return source.owner


def _take(held: Claim, entry: Entry, owner: Person) -> None:
    """Bring one file up to date; what is wrong with it is logged and stops no other."""
    if len(entry.key) > 1000 or len(entry.key.encode()) > KEY_BYTES:
        _note(held, entry.key[:1000], "failed", error=DocumentError("name_of_entry_too_long"))
        return
    with acting_as_system():
        item = SourceItem.objects.select_related("document__collection", "document__latest_version")
        known = item.filter(source=held.source, key=entry.key).first() or SourceItem(source=held.source, key=entry.key)
    if known.seen_in == held.run.pk:
        return  # before the run was interrupted
    there = known.document is not None
    try:
        if there and entry.mark and entry.mark == known.mark:
            _note(held, entry.key, "unchanged", known)
            return
        told = Known(known.etag, known.modified) if there else Known()
        with entry.read(told) as content:
            if content is None:
                _note(held, entry.key, "unchanged", known)
                return
            outcome, known.document = _keep(held.source, known, entry, content, owner)
            known.mark, known.etag, known.modified = entry.mark[:200], content.etag, content.modified
        _note(held, entry.key, outcome, known)
    except DocumentError as error:
        if error.kind in ("forbidden", "storage"):
            raise
        if error.code == "page_gone":
            return  # listed, but not there: gone, as if it were not listed
        _note(held, entry.key, "failed", known if known.pk else None, error)


def _keep(source: Source, item: SourceItem, entry: Entry, content: Content, owner: Person) -> tuple[Outcome, Document]:
    """The file as a document, or as the next version of the one it is, wherever people have moved that."""
    if content.filename.lower().endswith(".zip"):
        raise DocumentError("archive_in_source")
    if (document := item.document) is not None:
        before = document.latest_version_id
        version = replace_document(document, content.filename, content.file, by=owner)
        return ("unchanged" if version.pk == before else "changed"), document
    about = About(external_id=external_id(source, entry.key))
    taken = add(source.collection, content.filename, content.file, about, by=owner)
    outcomes: dict[str, Outcome] = {"added": "added", "replaced": "changed", "unchanged": "unchanged"}
    return outcomes[taken.outcome], taken.document


def external_id(source: Source, key: str) -> str:
    """What a file of a source is called among all documents; names that are too long by their hash."""
    name = f"{source.pk}/{key}"
    return name if len(name) <= EXTERNAL_ID_CHARACTERS else f"{source.pk}/{sha256(key.encode()).hexdigest()}"


def _note(
    held: Claim,
    key: str,
    what: Outcome | Literal["failed"],
    item: SourceItem | None = None,
    error: DocumentError | None = None,
) -> None:
    """Count a file, remember it as seen in this run, and log what became of it, all at once."""
    with held.writing():
        if item is not None:
            item.seen_in = held.run.pk
            item.save()
        SourceRun.objects.filter(pk=held.run.pk).update(**{what: F(what) + 1})
        if what != "unchanged":
            _log(held.run, what, key, item.document if item else None, error)


def _log(
    run: SourceRun, what: str, key: str, document: Document | None = None, error: DocumentError | None = None
) -> None:
    en, zh = (error.en, error.zh) if error else ("", "")
    SourceChange.objects.create(run=run, kind=what, key=key, document=document, error_en=en, error_zh=zh)


def _follow_deletions(held: Claim, owner: Person) -> None:
    """Delete the documents of files that are gone; where that would be most of them, ask first.

    Raises:
        DocumentError: would_delete_most.
    """
    with acting_as_system():
        items = SourceItem.objects.filter(source=held.source)
        items.filter(document=None).exclude(seen_in=held.run.pk).delete()
        known = items.exclude(document=None).count()
        gone = list(items.exclude(seen_in=held.run.pk).select_related("document").order_by("pk"))
        SourceRun.objects.filter(pk=held.run.pk).update(gone=len(gone))
        agreed = Source.objects.filter(pk=held.source.pk, may_delete=True).exists()
    if is_most(len(gone), known) and not agreed:
        raise DocumentError("would_delete_most", gone=len(gone), known=known)
    for item in gone:
        held.pulse()
        if item.document is not None:
            delete_document(item.document, by=owner)
        with held.writing():
            SourceRun.objects.filter(pk=held.run.pk).update(deleted=F("deleted") + 1)
            _log(held.run, "deleted", item.key)
            item.delete()


def is_most(gone: int, known: int) -> bool:
    """Whether so many documents are gone that a person is asked before they are deleted."""
    return 2 * gone > known


def _end(
    held: Claim,
    outcome: SourceRun.Outcome,
    error: DocumentError | None = None,
    memory: dict[str, object] | None = None,
) -> None:
    """Close the run, say in words what is wrong, and set the time of the next one."""
    source, now = held.source, timezone.now()
    asks = error is not None and error.code == "would_delete_most"
    minutes = min(source.every_minutes, AGAIN_MINUTES) if error else source.every_minutes
    said = {
        "error_code": error.code if error else "",
        "error_en": error.en if error else "",
        "error_zh": error.zh if error else "",
    }
    with acting_as_system():
        ours = Source.objects.filter(pk=source.pk, lease=held.token)
        kept = {} if memory is None else {"memory": memory}
        if not ours.update(
            state=Source.State.ASKING if asks else Source.State.ACTIVE,
            lease="",
            wanted=False,
            may_delete=False,
            last_run_at=now,
            next_run_at=now + timedelta(minutes=minutes) if source.every_minutes else None,
            **said,
            **kept,
        ):
            return
        ended = SourceRun.Outcome.ASKING if asks else outcome
        SourceRun.objects.filter(pk=held.run.pk).update(outcome=ended, ended_at=now, **said)
        old = source.runs.order_by("-pk").values_list("pk", flat=True)[RUNS_KEPT:]
        SourceRun.objects.filter(pk__in=list(old)).delete()
