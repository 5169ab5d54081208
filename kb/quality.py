"""What a version's text is like, found out before people rely on it: the report beside each version.

`examine` counts what the text itself shows, before the version answers; `try_out` asks questions made from it, once it
does. Neither keeps a version from answering. What resembles it is looked up when somebody asks, as that person.
"""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F
from django.utils import timezone

from kb.access import acting_as_system, current_actor
from kb.calibration import sentences_of
from kb.findings import findings
from kb.models import Document, DocumentVersion, Page, Passage, State, VersionBand
from kb.operators import operator
from kb.search import Hit, search_as
from kb.signatures import NEARLY_THE_SAME, Signer, bands_of, similarity

logger = logging.getLogger(__name__)

LOW_CONFIDENCE = 0.8
PAGES_NAMED = 50
QUESTIONS, AMONG = 5, 10
QUESTION_CHARACTERS = 200
TRYING_SECONDS = 3.0
SIMILAR_SHOWN, SIMILAR_COMPARED = 20, 200


@dataclass(frozen=True, slots=True)
class Similar:
    """Another document that says nearly the same; `identical`: its file has the same bytes."""

    document: Document
    similarity: float
    identical: bool


def examine(version: DocumentVersion) -> tuple[dict[str, Any], bytes]:
    """What the stored text of a version shows, for `DocumentVersion.report`, and its signature."""
    pages = version.pages.order_by("ordinal").only("number", "text", "ocr_confidence", "version").iterator(20)
    return report_on(version, pages, version.tables.count(), version.passages.filter(kind="table").count())


def report_on(
    version: DocumentVersion, text: Iterable[Page], tables: int, table_passages: int
) -> tuple[dict[str, Any], bytes]:
    """The same of a version whose pages, in order, are `text`, with so many tables and passages of tables."""
    signer = Signer()
    blank: list[int] = []
    low: list[int] = []
    confidences: list[float] = []
    unreadable = pages = 0
    for page in text:
        signer.take(page.text)
        unreadable += page.text.count("\ufffd")
        if page.number is None:
            continue
        pages += 1
        if not page.text.strip():
            blank.append(page.number)
        if page.ocr_confidence is not None:
            confidences.append(page.ocr_confidence)
            if page.ocr_confidence < LOW_CONFIDENCE and page.text.strip():
                low.append(page.number)
    report = {
        "pages": pages,
        "blank": len(blank),
        "blank_pages": blank[:PAGES_NAMED],
        "recognised": len(confidences),
        "confidence": round(sum(confidences) / len(confidences), 3) if confidences else None,
        "low": len(low),
        "low_pages": low[:PAGES_NAMED],
        "unreadable": unreadable,
        "encoding": version.metadata.get("encoding", ""),
        "encoding_known": version.metadata.get("encoding_known", ""),
        "tables": tables,
        "table_passages": table_passages,
        "warnings": len(version.warnings),
    }
    return report, signer.signature()


def write_bands(signatures: Iterable[tuple[DocumentVersion, bytes]]) -> None:
    """By what others find versions when they look for texts that are nearly the same; `signatures` are theirs."""
    given = list(signatures)
    VersionBand.objects.filter(version__in=[version.pk for version, _ in given]).delete()
    VersionBand.objects.bulk_create(
        VersionBand(version=version, scope_id=version.scope_id, band=band)
        for version, signature in given
        for band in bands_of(signature)
    )


def needs_look(report: dict[str, Any]) -> bool:
    """Whether somebody should look at it."""
    return any(finding.look for finding in findings(report))


def similar_to(version: DocumentVersion) -> list[Similar]:
    """Other documents whose current version says nearly the same, as far as the current person may read them."""
    current_actor()
    current = DocumentVersion.objects.filter(document__current_version=F("pk")).exclude(document=version.document_id)
    current = current.select_related("document__collection")
    alike = {
        found.pk: Similar(found.document, 1.0, True) for found in current.filter(sha256=version.sha256)[:SIMILAR_SHOWN]
    }
    bands = bands_of(bytes(version.signature or b""))
    sharing = VersionBand.objects.filter(band__in=bands).values_list("version").annotate(shared=Count("pk"))
    candidates = [pk for pk, _ in sharing.order_by("-shared", "version")[:SIMILAR_COMPARED]]
    for other in current.filter(pk__in=candidates):
        share = similarity(bytes(version.signature or b""), bytes(other.signature or b""))
        if share >= NEARLY_THE_SAME:
            alike.setdefault(other.pk, Similar(other.document, share, False))
    return sorted(alike.values(), key=lambda one: (not one.identical, -one.similarity, one.document.pk))[:SIMILAR_SHOWN]


def try_out(version: DocumentVersion) -> None:
    """Ask parts of a version's own sentences, and note whether they find their place among the first ten."""
    with acting_as_system():  # first of all, so that one that cannot be tried holds up no other
        DocumentVersion.objects.filter(pk=version.pk).update(tried_at=timezone.now())
    asked, missed = 0, []
    for passage, question in _questions(version):
        asked += 1
        hits = [
            hit
            for method in ("lexical", "dense")
            for hit in search_as(operator(None), question, limit=AMONG, method=method)
        ]
        if not any(_is_place_of(hit, passage) for hit in hits):
            missed.append({"question": question, "page": passage.page_from})
    report = {**version.report, "questions": {"asked": asked, "found": asked - len(missed), "missed": missed}}
    with acting_as_system():
        DocumentVersion.objects.filter(pk=version.pk).update(report=report, needs_look=needs_look(report))


def try_due(seconds: float = TRYING_SECONDS) -> int:
    """Try out versions that answer and have not been tried, the newest first, for some seconds; return how many."""
    deadline, done = time.monotonic() + seconds, 0
    while time.monotonic() < deadline:
        with acting_as_system():
            due = DocumentVersion.objects.filter(state=State.READY, tried_at__isnull=True, report__has_key="pages")
            due = due.filter(scope__attached_to=None)
            version = due.filter(document__current_version=F("pk")).order_by("-ready_at").first()
        if version is None:
            break
        try_out(version)
        done += 1
    return done


def _questions(version: DocumentVersion) -> list[tuple[Passage, str]]:
    """Passages spread over the version, each with half of one of its sentences."""
    with acting_as_system():
        pks = list(version.passages.filter(enabled=True, kind="text").order_by("ordinal").values_list("pk", flat=True))
        step = max(len(pks) / QUESTIONS, 1)
        chosen = sorted({pks[int(place * step)] for place in range(QUESTIONS) if int(place * step) < len(pks)})
        passages = list(Passage.objects.filter(pk__in=chosen).order_by("ordinal"))
    found = []
    for passage in passages:
        sentences = sentences_of(passage.text)
        if sentences:
            longest = max(sentences, key=len).strip()
            half = longest[: max(len(longest) * 2 // 3, 20)]
            found.append((passage, half[:QUESTION_CHARACTERS].strip()))
    return found


def _is_place_of(hit: Hit, passage: Passage) -> bool:
    """Whether a hit shows the passage's page, or its very text in another document."""
    if hit.document_id != passage.document_id:
        return passage.document_id in hit.also_in
    near = hit.start < passage.end and hit.end > passage.start
    return hit.version_id == passage.version_id and (near or (hit.page is not None and hit.page == passage.page_from))
