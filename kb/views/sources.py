"""What documents say: a document's page, the source panel, page images and downloads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote as percent_encoded

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control

from accounts.models import Person
from kb import reading
from kb.access import acting_as, may_write_document, version_for
from kb.display import Shown, display, with_header
from kb.documents import replace_document
from kb.errors import DocumentError
from kb.forms import VersionForm
from kb.models import DocumentVersion, Page, State
from kb.parsing.delimited import delimiter_of
from kb.storage import BlobMissing, pieces, storage
from kb.tables import header_spans
from kb.views.documents import number_of, one_document, sentence, signed_in

AROUND = 1_500
PART_CHARACTERS = 30_000
PASSAGES_SHOWN = 40
HEADINGS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A page's image and the quote's boxes over it, in thousandths of the page's width."""

    number: int
    height: int
    boxes: list[dict[str, float]]


@login_required
def document(request: HttpRequest, pk: int) -> HttpResponse:
    """One document: its text or its passages, its versions, and who may read it."""
    person = signed_in(request)
    form = VersionForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        return _upload_version(request, person, pk, form)
    return _document_page(request, person, pk, form)


def _document_page(request: HttpRequest, person: Person, pk: int, form: VersionForm, status: int = 200) -> HttpResponse:
    with acting_as(person):
        found = one_document(person, pk)
        version = _chosen_version(request, found.pk) or found.current_version or found.latest_version
        tab = "passages" if request.GET.get("show") == "passages" else "text"
        context: dict[str, Any] = {
            "place": "documents",
            "document": found,
            "version": version,
            "versions": list(found.versions.select_related("uploaded_by")),
            "scope": found.scope,
            "groups": list(found.scope.groups.order_by("name")),
            "own_groups": set(person.groups.values_list("name", flat=True)),
            "notes": list(found.notes.select_related("owner").order_by("pk")),
            "may_write": may_write_document(person, found),
            "form": form,
            "show": tab,
            "tab": tab,
        }
        if version is not None and version.state == State.READY:
            start = number_of(request, "from")
            context |= _passages(version, start) if tab == "passages" else _text(version, start)
    return render(request, "kb/document.html", context, status=status)


def _upload_version(request: HttpRequest, person: Person, pk: int, form: VersionForm) -> HttpResponse:
    with acting_as(person):
        found = one_document(person, pk)
    if not form.is_valid():
        return _document_page(request, person, pk, form, status=422)
    file = form.cleaned_data["file"]
    try:
        version = replace_document(
            found,
            file.name,
            file.file,
            by=person,
            effective_from=form.cleaned_data["effective_from"],
            effective_to=form.cleaned_data["effective_to"],
        )
    except DocumentError as error:
        form.add_error("effective_to" if error.code == "dates_reversed" else "file", sentence(error))
        return _document_page(request, person, pk, form, status=422)
    messages.success(request, _("Version %(number)s is being read.") % {"number": version.number})
    return redirect("kb:document", pk)


def _chosen_version(request: HttpRequest, document_id: int) -> DocumentVersion | None:
    if not (number := number_of(request, "version")):
        return None
    version = DocumentVersion.objects.filter(document=document_id, number=number).first()
    if version is None:
        raise Http404
    return version


def _text(version: DocumentVersion, start: int) -> dict[str, Any]:
    """A stretch of the text from the page that holds `start`, and where the neighbouring stretches begin."""
    parts: list[dict[str, Any]] = []
    characters = 0
    outline = reading.outline(version.pk)
    headings = {heading.start: heading.level for heading in outline}
    pages = version.pages.filter(end__gt=start).order_by("ordinal") if start else version.pages.order_by("ordinal")
    for page in pages.only("version", "start", "end", "number", "label", "text").iterator(chunk_size=20):
        if parts and characters + len(page.text) > PART_CHARACTERS:
            break
        characters += len(page.text)
        delimiter = _delimiter(version, page.text)
        blocks = display(page.text, page.start, headings, delimiter=delimiter, markdown=_is_markdown(version))
        parts.append({"page": page, "blocks": _under_headers(version, blocks, page.end, delimiter)})
    following = parts[-1]["page"].end if parts and parts[-1]["page"].end < version.characters else None
    before = None
    if parts and parts[0]["page"].start > 0:
        earlier = version.pages.filter(start__lt=max(parts[0]["page"].start - PART_CHARACTERS, 0) + 1)
        before = earlier.order_by("-start").values_list("start", flat=True).first() or 0
    return {"parts": parts, "following": following, "before": before, "headings": outline[:HEADINGS_SHOWN]}


def _passages(version: DocumentVersion, start: int) -> dict[str, Any]:
    found = list(version.passages.filter(ordinal__gte=start).order_by("ordinal")[: PASSAGES_SHOWN + 1])
    return {
        "passages": found[:PASSAGES_SHOWN],
        "following": found[PASSAGES_SHOWN].ordinal if len(found) > PASSAGES_SHOWN else None,
        "before": max(start - PASSAGES_SHOWN, 0) if start else None,
    }


def _is_markdown(version: DocumentVersion) -> bool:
    return version.media_type == "text/markdown"


def _delimiter(version: DocumentVersion, text: str) -> str:
    return delimiter_of(text) if version.media_type == "text/csv" else ""


def _headings(version: DocumentVersion) -> dict[int, int]:
    return {heading.start: heading.level for heading in reading.outline(version.pk)}


@login_required
def source(request: HttpRequest, version_id: int) -> HttpResponse:
    """The place a citation names: its page as a picture with the quote boxed, or the text around with it marked."""
    person = signed_in(request)
    start, end = number_of(request, "start"), number_of(request, "end")
    with acting_as(person, attached="own"):
        version = _version(version_id)
        end = min(max(end, start), version.characters)
        context: dict[str, Any] = {
            "version": version,
            "document": version.document,
            "current": version.document.current_version,
            "quote": reading.read(version.pk, start, end) if start < end else "",
            "label": _label(version, start),
            "start": start,
            "end": end,
        }
        context["pictures"] = _pictures(version, start, end)
        context["blocks"] = [] if context["pictures"] else _around(version, start, end)
    context["first_mark"] = next((block.first_mark for block in context["blocks"] if block.marked), None)
    panel = bool(request.headers.get("HX-Request"))
    return render(request, "kb/_source.html" if panel else "kb/source.html", context)


def _version(pk: int) -> DocumentVersion:
    try:
        return version_for(pk)
    except DocumentVersion.DoesNotExist as error:
        raise Http404 from error


def _label(version: DocumentVersion, start: int) -> Page | None:
    return version.pages.filter(start__lte=start).order_by("-start").only("version", "number", "label", "start").first()


def _pictures(version: DocumentVersion, start: int, end: int) -> list[PagePicture]:
    if not reading.has_page_images(version) or start >= end:
        return []
    sizes = {
        page.number: (page.width, page.height)
        for page in version.pages.filter(start__lt=end, end__gt=start).only("version", "number", "width", "height")
    }
    pictures: list[PagePicture] = []
    for number, boxes in reading.quote_boxes(version.pk, start, end):
        width, height = sizes.get(number, (0.0, 0.0))
        ratio = height / width if width and height else 1.414
        pictures.append(PagePicture(number, round(1000 * ratio), [_scaled(box, ratio) for box in boxes]))
    return pictures


def _scaled(box: tuple[float, float, float, float], ratio: float) -> dict[str, float]:
    """A box in fractions of the page as an SVG rectangle, in thousandths of the page's width, with a little room."""
    x0, y0, x1, y1 = box
    return {
        "x": round(1000 * x0 - 3, 1),
        "y": round(1000 * ratio * y0 - 3, 1),
        "width": round(1000 * (x1 - x0) + 6, 1),
        "height": round(1000 * ratio * (y1 - y0) + 6, 1),
    }


def _around(version: DocumentVersion, start: int, end: int) -> list[Shown]:
    """The text from some lines before the quote to some lines after it; whole lines, for a table's sake."""
    first, last = max(start - AROUND, 0), min(end + AROUND, version.characters)
    page = version.pages.filter(Q(start__lte=start) & Q(end__gt=start)).only("version", "start", "end").first()
    if page is not None:
        first, last = max(first, page.start), max(min(last, page.end), end)
    text = reading.read(version.pk, first, last)
    if first and (page is None or first > page.start):
        skipped = text.find("\n", 0, max(start - first, 0)) + 1
        text, first = text[skipped:], first + skipped
    delimiter = _delimiter(version, text)
    quotes, markdown = [(start, end)], _is_markdown(version)
    blocks = display(text, first, _headings(version), quotes, delimiter=delimiter, markdown=markdown)
    return _under_headers(version, blocks, last, delimiter, quotes)


def _under_headers(
    version: DocumentVersion, blocks: list[Shown], end: int, delimiter: str, quotes: Sequence[tuple[int, int]] = ()
) -> list[Shown]:
    """The blocks, each part of a kept table under the header row of the whole table."""
    if not any(block.kind == "table" for block in blocks):
        return blocks
    spans = header_spans(version.pk, blocks[0].start, end)
    shown = []
    for block in blocks:
        span = next((one for one in spans if one[0] <= block.start < one[2]), None)
        if span is not None and block.kind == "table":
            text = reading.read(version.pk, span[0], span[1])
            block = with_header(
                block, display(text, span[0], {}, quotes, delimiter=delimiter, markdown=_is_markdown(version))
            )
        shown.append(block)
    return shown


@login_required
@cache_control(private=True, max_age=3_600, immutable=True)
def page_image(request: HttpRequest, version_id: int, number: int) -> HttpResponse:
    """A page of a PDF or scan as a picture."""
    with acting_as(signed_in(request), attached="own"):
        version = _version(version_id)
    try:
        png = reading.page_image(version, number)
    except (LookupError, BlobMissing) as error:
        raise Http404 from error
    return HttpResponse(png, content_type="image/png")


@login_required
def download(request: HttpRequest, version_id: int) -> StreamingHttpResponse:
    """The file as it was uploaded: always saved, never opened as a page of ours."""
    with acting_as(signed_in(request), attached="own"):
        version = _version(version_id)
    try:
        file = storage().open(version.sha256)
    except BlobMissing as error:
        raise Http404 from error
    response = StreamingHttpResponse(pieces(file), content_type="application/octet-stream")
    response.headers["Content-Length"] = str(version.size)
    response.headers["Content-Disposition"] = (
        f"attachment; filename*=UTF-8''{percent_encoded(version.filename, safe='')}"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
