"""What was read of a file, as the rows that are kept of it, and the moment when a version begins to answer."""

from datetime import datetime
from typing import Any

from django.db.models.functions import Now

from kb.chunking import PassageDraft, heading_text
from kb.documents import clear
from kb.matching import folded
from kb.models import Document, DocumentVersion, Page, Passage, State
from kb.parsing import ParsedFile, Part
from kb.passages import carry_switches
from kb.recognized import forget
from kb.versions import switch_current


def page_row(version: DocumentVersion, ordinal: int, start: int, part: Part) -> Page:
    """A page whose text begins at `start` of the version's text."""
    page, blocks = part
    headings = [
        [block.start, block.level or 1, heading_text(page.text[block.start - start : block.end - start])]
        for block in blocks
        if block.kind == "heading"
    ]
    return Page(
        version=version,
        scope_id=version.scope_id,
        ordinal=ordinal,
        number=page.number,
        label=page.label[:200],
        start=start,
        end=start + len(page.text),
        text=page.text,
        lines=[[line.start, line.end, *line.box] for line in page.lines],
        headings=headings,
        folded=folded(page.text),
        width=page.width,
        height=page.height,
        ocr_confidence=page.ocr_confidence,
    )


def passage_row(version: DocumentVersion, draft: PassageDraft) -> Passage:
    """A passage of the version."""
    return Passage(
        version=version,
        document=version.document,
        collection_id=version.document.collection_id,
        scope_id=version.scope_id,
        ordinal=draft.ordinal,
        start=draft.start,
        end=draft.end,
        text=draft.text,
        context=draft.context,
        heading_path=list(draft.heading_path),
        page_from=draft.page_from,
        page_to=draft.page_to,
        label=draft.label[:200],
        kind=draft.kind,
    )


def told_by(parsed: ParsedFile, pages: int | None, passages: int, at: datetime) -> dict[str, Any]:
    """What reading a file has told, as columns of its version. With them a retry goes on with embedding."""
    return {
        "page_count": pages,
        "passage_count": passages,
        "characters": parsed.characters,
        "media_type": parsed.media_type[:150],
        "language": parsed.language,
        "metadata": {**parsed.metadata, "title": parsed.title},
        "warnings": list(parsed.warnings),
        "parsed_at": at,
        "tables_read": True,
    }


def ready(passages: int) -> dict[str, Any]:
    """The columns of a version that is ready."""
    return {
        "state": State.READY,
        "ready_at": Now(),
        "attempts": 0,
        "error_code": "",
        "error_en": "",
        "error_zh": "",
        "progress_done": passages,
        "progress_total": passages,
        "progress_unit": "passages",
    }


def title_of(version: DocumentVersion) -> str:
    """What people call it: the title they gave, else the document's own, else where it lies or its file name."""
    document = version.document
    own = str(version.metadata.get("title", "")).strip()[:500]
    return document.title if document.title_is_given or not own else own


def let_answer(document: Document, version: DocumentVersion) -> None:
    """Inside the transaction that made the version ready, its document locked: let it answer if it is the one to."""
    if document.latest_version_id == version.pk:
        version.document = document
        document.title = title_of(version)
    _forget_failed(document, version.number)
    if version.number > 1:
        carry_switches(version)
    if document.current_version_id is None:
        document.current_version = version  # no other is ready
    else:
        switch_current(document)
    document.save(update_fields=["title", "current_version", "updated_at"])


def _forget_failed(document: Document, number: int) -> None:
    """Remove what older versions that failed had kept for a retry: nobody retries them now."""
    if number == 1:
        return
    failed = document.versions.filter(state=State.FAILED, number__lt=number)
    forget(list(failed.values_list("pk", flat=True)))
    if ids := list(failed.filter(parsed_at__isnull=False).values_list("pk", flat=True)):
        clear(ids)
        DocumentVersion.objects.filter(pk__in=ids).update(parsed_at=None, passage_count=0)
