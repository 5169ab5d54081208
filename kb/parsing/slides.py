"""PowerPoint (PPTX): one page a slide, with title, text, tables and notes in the order of the slide.

Read straight from the slides' XML (ECMA-376 part 1, PresentationML), so that a broken picture or chart loses no text.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring
from xml.etree.ElementTree import ParseError as XmlError

from kb.parsing.composer import Composer
from kb.parsing.encodings import clean
from kb.parsing.errors import ParseError

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(drawingml|presentationml)/main")
_STRICT_RELATIONSHIPS = b"http://purl.oclc.org/ooxml/officeDocument/relationships"
_TITLES = ("title", "ctrTitle")
_UNSEEN = ("sldNum", "dt", "ftr", "hdr")
MEMBER_BYTES = 64 << 20
MAXIMUM_DEPTH = 50


def parse(path: Path, out: Composer) -> None:
    """Hand on every slide that is not hidden. A slide that is damaged is left out with a warning."""
    with zipfile.ZipFile(path) as archive:
        names = _slide_names(archive)
        if not names:
            raise ParseError("damaged")
        for number, name in enumerate(names, 1):
            try:
                slide = _xml(archive, name)
            except (KeyError, XmlError, zipfile.BadZipFile):
                out.warnings.append(f"Slide {number} is damaged and was left out.")
                continue
            if slide.get("show") not in ("0", "false"):
                out.page(number)
                _add_slide(slide, out)
                _add_notes(archive, name, out)
            out.progress(number, len(names), "pages")
    out.flush()


def _xml(archive: zipfile.ZipFile, name: str) -> Element:
    """A member's XML. Entities cannot occur: `archives.check` has refused them."""
    if archive.getinfo(name).file_size > MEMBER_BYTES:
        raise ParseError("too_large")
    data = archive.read(name)
    data = _STRICT.sub(rb"http://schemas.openxmlformats.org/\1/2006/main", data)
    return fromstring(data.replace(_STRICT_RELATIONSHIPS, _R[1:-1].encode()))  # noqa: S314


def _slide_names(archive: zipfile.ZipFile) -> list[str]:
    """The slides' members in the order of the show."""
    try:
        targets = _relations(archive, "ppt/presentation.xml")
        identifiers = _xml(archive, "ppt/presentation.xml").iterfind(f"{_P}sldIdLst/{_P}sldId")
        names = [targets.get(identifier.get(f"{_R}id", ""), ("", ""))[1] for identifier in identifiers]
    except (KeyError, XmlError) as error:
        raise ParseError("damaged") from error
    return [name for name in names if name]


def _relations(archive: zipfile.ZipFile, name: str) -> dict[str, tuple[str, str]]:
    """Relation id → (last word of its type, the member it leads to)."""
    folder, base = posixpath.split(name)
    try:
        relations = _xml(archive, f"{folder}/_rels/{base}.rels")
    except KeyError:
        return {}
    found = {}
    for relation in relations:
        if relation.get("TargetMode") != "External":
            member = posixpath.normpath(posixpath.join("/", folder, relation.get("Target", ""))).lstrip("/")
            found[relation.get("Id", "")] = (relation.get("Type", "").rsplit("/", 1)[-1], member)
    return found


def _add_slide(slide: Element, out: Composer) -> None:
    shapes = list(_shapes(slide.find(f"{_P}cSld/{_P}spTree"), 0))
    for shape in sorted(shapes, key=lambda shape: _placeholder(shape) not in _TITLES):
        place = _placeholder(shape)
        table = shape.find(f".//{_A}tbl")
        if table is not None:
            out.table([_cell_text(cell) for cell in row.iter(f"{_A}tc")] for row in table.iter(f"{_A}tr"))
        elif place in _TITLES:
            out.add("heading", " ".join(text for text, _ in _paragraphs(shape)), 1)
        elif place not in _UNSEEN:
            for text, level in _paragraphs(shape):
                out.add("list_item" if place in ("body", "obj") else "paragraph", text, level)


def _shapes(tree: Element | None, depth: int) -> Iterator[Element]:
    """Shapes and tables, those in groups too."""
    for element in tree if tree is not None and depth < MAXIMUM_DEPTH else ():
        if element.tag == f"{_P}grpSp":
            yield from _shapes(element, depth + 1)
        elif element.tag in (f"{_P}sp", f"{_P}graphicFrame"):
            yield element


def _placeholder(shape: Element) -> str:
    """What the shape is for: title, body, …; "" for a free text box."""
    place = shape.find(f"{_P}nvSpPr/{_P}nvPr/{_P}ph")
    return "" if place is None else place.get("type", "obj")


def _paragraphs(shape: Element) -> Iterator[tuple[str, int]]:
    """The shape's paragraphs with their indent."""
    for paragraph in shape.iter(f"{_A}p"):
        properties = paragraph.find(f"{_A}pPr")
        level = properties.get("lvl", "0") if properties is not None else "0"
        yield _text(paragraph), int(level) if level.isdigit() else 0


def _text(paragraph: Element) -> str:
    marks = {f"{_A}br": "\n", f"{_A}tab": "\t"}
    found = (piece.text or "" if piece.tag == f"{_A}t" else marks.get(piece.tag, "") for piece in paragraph.iter())
    return clean("".join(found))


def _cell_text(cell: Element) -> str:
    return " ".join(_text(paragraph) for paragraph in cell.iter(f"{_A}p"))


def _add_notes(archive: zipfile.ZipFile, name: str, out: Composer) -> None:
    """The speaker's notes, which often say what the slide only hints at."""
    for kind, member in _relations(archive, name).values():
        if kind != "notesSlide":
            continue
        try:
            notes = _xml(archive, member)
        except (KeyError, XmlError):
            continue
        for shape in _shapes(notes.find(f"{_P}cSld/{_P}spTree"), 0):
            if _placeholder(shape) == "body":
                for text, _ in _paragraphs(shape):
                    out.add("paragraph", text)
