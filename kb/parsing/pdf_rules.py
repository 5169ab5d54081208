"""The straight lines drawn on a PDF page, whatever they are made of: strokes, rectangles, or very thin fillings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ctypes import byref, c_float
from itertools import islice, pairwise

import pypdfium2
import pypdfium2.raw as pdfium

from kb.parsing.printed import Box, Rule

THICKEST = 3.0  # points; a filling thicker than that is a shade
SHORTEST = 4.0  # points
MOST_PATHS = 2000  # a page with more is a drawing
MOST_SEGMENTS = 400  # of a path; a path with more is a shape

Point = tuple[float, float]
Fractions = Callable[[float, float, float, float], Box]


def rules(page: pypdfium2.PdfPage, fractions: Fractions) -> list[Rule]:
    """The lines, as `fractions` places left, bottom, right, top of the PDF on the page; none where it is a drawing."""
    paths = list(islice(page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_PATH,), max_depth=2), MOST_PATHS + 1))
    if len(paths) > MOST_PATHS:
        return []
    found: set[tuple[Point, Point]] = set()
    for path in paths:
        found.update(_lines(path))
    told = (fractions(*start, *end) for start, end in sorted(found))
    return [Rule(box, box[2] - box[0] > box[3] - box[1]) for box in told]


def _lines(path: pypdfium2.PdfObject) -> Iterator[tuple[Point, Point]]:
    left, bottom, right, top = path.get_bounds()
    across, up = right - left, top - bottom
    if min(across, up) <= THICKEST:
        if max(across, up) >= SHORTEST:
            x, y = (left + right) / 2, (bottom + top) / 2
            yield ((left, y), (right, y)) if across > up else ((x, bottom), (x, top))
        return
    for start, end in _segments(path):
        straight = abs(start[0] - end[0]) < 0.5 or abs(start[1] - end[1]) < 0.5
        if straight and abs(start[0] - end[0]) + abs(start[1] - end[1]) >= SHORTEST:
            first, last = sorted((start, end))
            yield first, last


def _segments(path: pypdfium2.PdfObject) -> Iterator[tuple[Point, Point]]:
    """The straight segments, placed on the page."""
    count = pdfium.FPDFPath_CountSegments(path)
    if not 0 < count <= MOST_SEGMENTS:
        return
    matrix = path.get_matrix()
    start: Point | None = None
    points: list[tuple[int, Point]] = []
    for number in range(count):
        segment = pdfium.FPDFPath_GetPathSegment(path, number)
        x, y = c_float(), c_float()
        pdfium.FPDFPathSegment_GetPoint(segment, byref(x), byref(y))
        kind = pdfium.FPDFPathSegment_GetType(segment)
        point = matrix.on_point(x.value, y.value)
        start = point if kind == pdfium.FPDF_SEGMENT_MOVETO else start
        points.append((kind, point))
        if start and pdfium.FPDFPathSegment_GetClose(segment):
            points.append((pdfium.FPDF_SEGMENT_LINETO, start))
    for (_, before), (kind, point) in pairwise(points):
        if kind == pdfium.FPDF_SEGMENT_LINETO:
            yield before, point
