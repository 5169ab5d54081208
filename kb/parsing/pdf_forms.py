"""What people filled into a PDF form: it stands in the fields, not in the page's text."""

from __future__ import annotations

from collections.abc import Iterator
from ctypes import POINTER, byref, cast, create_string_buffer

import pypdfium2
import pypdfium2.raw as pdfium

from kb.parsing.encodings import clean

MAXIMUM_FIELDS = 2_000
MAXIMUM_VALUE_BYTES = 64 * 1024
_WITH_VALUE = (pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX)


def values(
    document: pypdfium2.PdfDocument, page: pypdfium2.PdfPage
) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    """Each value on the page with its box (left, bottom, right, top in points). Needs `document.init_forms()`."""
    if document.formenv is None:
        return
    for index in range(min(pdfium.FPDFPage_GetAnnotCount(page), MAXIMUM_FIELDS)):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        try:
            if pdfium.FPDFAnnot_GetFormFieldType(document.formenv, annotation) in _WITH_VALUE:
                box = pdfium.FS_RECTF()
                value = _value(document.formenv, annotation)
                if value and pdfium.FPDFAnnot_GetRect(annotation, byref(box)):
                    yield value, (box.left, box.bottom, box.right, box.top)
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)


def _value(form: pypdfium2.PdfFormEnv, annotation: object) -> str:
    length = pdfium.FPDFAnnot_GetFormFieldValue(form, annotation, None, 0)
    if not 2 < length <= MAXIMUM_VALUE_BYTES:
        return ""
    buffer = create_string_buffer(length)
    pdfium.FPDFAnnot_GetFormFieldValue(form, annotation, cast(buffer, POINTER(pdfium.FPDF_WCHAR)), length)
    return " ".join(clean(buffer.raw.decode("utf-16-le", "replace").rstrip("\0")).split())
