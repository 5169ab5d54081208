"""PDF page by page with the box of every line; pages without text are read by OCR."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from ctypes import byref, c_int, create_string_buffer
from functools import partial
from itertools import islice, pairwise
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from kb.parsing import ocr, pdf_forms, pdf_rules
from kb.parsing.composer import Composer
from kb.parsing.encodings import clean
from kb.parsing.errors import ParseError
from kb.parsing.layout import OpenTable, beside, lay_out, title_key, usual_size
from kb.parsing.parsed import ParsedPage
from kb.parsing.printed import Box, PrintedLine

MINIMUM_CHARACTERS = 16
MAXIMUM_SCALE = 300 / 72
SAMPLED_PAGES = 8
OUTLINE_ENTRIES = 5_000
PART_GAP = 0.6  # heights of the font; what justified text has of it is put together again
SMALLEST = 4.0  # points; a font's height is not always told, and a full stop's box is lower than a letter's
_HYPHEN = "\ufffe"  # how PDFium gives a hyphen at a line's end, and a glyph without a character
_DEVICE = 100_000
_BOLD = re.compile(r"bold|black|heavy|demi|heiti|simhei|-bd$|^cmbx", re.IGNORECASE)


def parse(path: Path, out: Composer) -> None:
    """Hand on every page. A page whose text layer is (almost) empty and that shows a picture is read by OCR."""
    document = open_document(path)
    try:
        document.init_forms()
        out.title = clean(document.get_metadata_value("Title")).strip()
        pages = len(document)
        if pages > out.limits.pages:
            raise ParseError("too_large")
        outline = _outline(document)
        body = _body_size(document)
        open_table: OpenTable | None = None
        for number in range(1, pages + 1):
            titles = outline.get(number - 1, {}) if outline else None
            open_table = _parse_page(document, number, body, titles, open_table, out)
            out.progress(number, pages, "pages")
    finally:
        document.close()


def open_document(path: Path) -> pypdfium2.PdfDocument:
    """The document, opened with the empty password where it has one. Raises `ParseError`: encrypted or damaged."""
    try:
        return pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        locked = getattr(error, "err_code", 0) in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY)
        raise ParseError("encrypted" if locked else "damaged") from error


def _parse_page(
    document: pypdfium2.PdfDocument,
    number: int,
    body: float,
    titles: dict[str, int] | None,
    above: OpenTable | None,
    out: Composer,
) -> OpenTable | None:
    """Hand on a page; the table that it leaves open for the next one, `above` being that of the page before."""
    try:
        page = document[number - 1]
    except pypdfium2.PdfiumError:
        out.warnings.append(f"Page {number} is damaged and was left out.")
        return None
    width, height = page.get_size()
    filled_in = [
        PrintedLine(value, _fractions(page, *box), cells=True) for value, box in pdf_forms.values(document, page)
    ]
    rules = pdf_rules.rules(page, partial(_fractions, page))
    laid_out, confidence = lay_out(beside(list(printed_lines(page)), filled_in), body, titles, rules, above), None
    if out.limits.ocr and len(laid_out.text.strip()) < MINIMUM_CHARACTERS and _shows_picture(page):
        lines, confidence = out.pictures.lines(number, partial(_recognize, page))
        read = lay_out(lines)
        # OCR counts, unless it reads less than is printed on the page.
        laid_out, confidence = (read, confidence) if len(read.text) > len(laid_out.text) else (laid_out, None)
    out.put(ParsedPage(number, "", laid_out.text, laid_out.lines, width, height, confidence), laid_out.blocks)
    page.close()
    return laid_out.open_table


def _recognize(page: pypdfium2.PdfPage) -> tuple[list[PrintedLine], float | None]:
    """The lines that OCR reads on the page, and their confidence."""
    longest = max(max(page.get_size()), 1)
    return ocr.read(page.render(scale=min(MAXIMUM_SCALE, ocr.MAXIMUM_SIDE / longest)).to_pil())


def _shows_picture(page: pypdfium2.PdfPage) -> bool:
    kinds = (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_FORM)
    return next(iter(page.get_objects(filter=kinds, max_depth=2)), None) is not None


def printed_lines(page: pypdfium2.PdfPage) -> Iterator[PrintedLine]:
    """The lines of the page's text layer in the order of the file, cut at wide gaps."""
    textpage = page.get_textpage()
    try:
        count = textpage.count_chars()
        text = textpage.get_text_range() if count > 0 else ""
        place = 0
        for raw in text.splitlines(keepends=True):
            for start, end in _hyphenated_parts(textpage, raw, place):
                for first, last in _parts_between_gaps(textpage, raw[start:end], place + start):
                    if line := _printed_line(page, textpage, raw[start + first : start + last], place + start + first):
                        yield line
            place += len(raw)
    finally:
        textpage.close()


def _printed_line(page: pypdfium2.PdfPage, textpage: pypdfium2.PdfTextPage, raw: str, place: int) -> PrintedLine | None:
    """The line of `raw`, which starts at `place` in the page's text; None when nothing of it is seen."""
    first = place + len(raw) - len(raw.lstrip())
    text = raw.strip()
    if text.endswith(_HYPHEN):
        text = text[:-1] + "-"
    if not (text := clean(text.replace(_HYPHEN, "\ufffd")).strip()):
        return None
    index = pdfium.FPDFText_GetCharIndexFromTextIndex(textpage, first)
    if not (boxes := _boxes(textpage, index, len(raw.strip()))):
        return None
    left, bottom = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, top = max(box[2] for box in boxes), max(box[3] for box in boxes)
    characters = (index, index + len(text) // 2, index + max(0, len(text) - 2))
    return PrintedLine(
        text,
        _fractions(page, left, bottom, right, top),
        _size(textpage, characters[1]),
        all(_is_bold(textpage, character) for character in characters),
    )


def _parts_between_gaps(textpage: pypdfium2.PdfTextPage, raw: str, place: int) -> Iterator[tuple[int, int]]:
    """The spans of `raw`, a line that starts at `place`, between gaps wider than those of running text."""
    start = 0
    if not _has_gaps(textpage, raw, place):
        yield 0, len(raw)
        return
    for space in re.finditer(r"(?<=\S)\s+(?=\S)", raw):
        left, right = (
            pdfium.FPDFText_GetCharIndexFromTextIndex(textpage, place + at) for at in (space.start() - 1, space.end())
        )
        gap = textpage.get_charbox(right)[0] - textpage.get_charbox(left)[2]
        if gap > PART_GAP * max(SMALLEST, _size(textpage, right)):
            yield start, space.start()
            start = space.end()
    yield start, len(raw)


def _has_gaps(textpage: pypdfium2.PdfTextPage, raw: str, place: int) -> bool:
    """Whether white space parts the boxes that the line is made of; asking for each space would take much longer."""
    index = pdfium.FPDFText_GetCharIndexFromTextIndex(textpage, place)
    return any(
        after[0] - before[2] > PART_GAP * max(SMALLEST, min(before[3] - before[1], after[3] - after[1]))
        for before, after in pairwise(_boxes(textpage, index, len(raw)))
    )


def _boxes(textpage: pypdfium2.PdfTextPage, index: int, count: int) -> list[tuple[float, float, float, float]]:
    """The boxes that so many characters from `index` on are made of; none where the page has no such character."""
    rectangles = pdfium.FPDFText_CountRects(textpage, index, count) if index >= 0 else 0
    return [textpage.get_rect(number) for number in range(min(rectangles, 200))]


def _hyphenated_parts(textpage: pypdfium2.PdfTextPage, raw: str, place: int) -> Iterator[tuple[int, int]]:
    """PDFium joins lines at a hyphen; these are the spans of `raw` that stand on lines of their own."""
    start = 0
    for match in re.finditer(_HYPHEN, raw):
        end = match.end()
        if end < len(raw.rstrip()) and _is_below(textpage, place + end, place + match.start() - 1):
            yield start, end
            start = end
    yield start, len(raw)


def _is_below(textpage: pypdfium2.PdfTextPage, after: int, before: int) -> bool:
    boxes = []
    for place in (after, before):
        index = pdfium.FPDFText_GetCharIndexFromTextIndex(textpage, place)
        if index < 0:
            return False
        boxes.append(textpage.get_charbox(index, loose=True))
    return bool(boxes[0][3] < boxes[1][3] - 0.5 * (boxes[1][3] - boxes[1][1]))


def _fractions(page: pypdfium2.PdfPage, left: float, bottom: float, right: float, top: float) -> Box:
    """The box on the page as it is shown (turned and cropped), origin top left, in fractions."""
    across, down = [], []
    for x, y in ((left, top), (right, bottom)):
        device_x, device_y = c_int(), c_int()
        pdfium.FPDF_PageToDevice(page, 0, 0, _DEVICE, _DEVICE, 0, x, y, byref(device_x), byref(device_y))
        across.append(min(1.0, max(0.0, device_x.value / _DEVICE)))
        down.append(min(1.0, max(0.0, device_y.value / _DEVICE)))
    return (min(across), min(down), max(across), max(down))


def _size(textpage: pypdfium2.PdfTextPage, index: int) -> float:
    """The height of the character's font in points, to the half point."""
    rectangle = pdfium.FS_RECTF()
    if not pdfium.FPDFText_GetLooseCharBox(textpage, index, byref(rectangle)):
        return 0
    return float(round(2 * abs(rectangle.top - rectangle.bottom)) / 2)


def _is_bold(textpage: pypdfium2.PdfTextPage, index: int) -> bool:
    name = create_string_buffer(128)
    flags = c_int()
    length = pdfium.FPDFText_GetFontInfo(textpage, index, name, len(name), byref(flags))
    return bool(0 < length <= len(name) and _BOLD.search(name.value.decode("utf-8", "replace")))


def _body_size(document: pypdfium2.PdfDocument) -> float:
    """The font size of running text, from pages spread over the document."""
    sizes: Counter[float] = Counter()
    for index in range(0, len(document), max(1, len(document) // SAMPLED_PAGES)):
        try:
            page = document[index]
        except pypdfium2.PdfiumError:
            continue
        for line in printed_lines(page):
            sizes[line.size] += len(line.text)
        page.close()
    return usual_size(sizes)


def _outline(document: pypdfium2.PdfDocument) -> dict[int, dict[str, int]]:
    """For each page index the headings that the document's outline places there, with their levels from 1."""
    titles: dict[int, dict[str, int]] = {}
    for bookmark in islice(document.get_toc(max_depth=6), OUTLINE_ENTRIES):
        destination = bookmark.get_dest()
        index = destination.get_index() if destination else None
        if index is not None:
            titles.setdefault(index, {})[title_key(bookmark.get_title())] = bookmark.level + 1
    return titles
