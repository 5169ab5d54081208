from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from kb.parsing import ParseError, ParseLimits, safe_filename
from kb.parsing.detection import kind_of

CONTENT_TYPES = "<Types/>"


def zipped(**members: str) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), text)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.bin", b"%PDF-1.7 ...", "pdf"),
        ("a.txt", b"junk before\n%PDF-1.4", "pdf"),
        ("a.txt", b"\x89PNG\r\n\x1a\n....", "image"),
        ("a", b"BM\x10\0\0\0\0\0\0\0", "image"),
        ("a", b"RIFF\0\0\0\0WEBPVP8 ", "image"),
        ("a.doc", b"{\\rtf1 hello}", "rtf"),
        ("a.txt", b"<!DOCTYPE html><p>x", "html"),
        ("a.doc", "<html><body>old export".encode("utf-16"), "html"),
        ("a.md", b"# x", "markdown"),
        ("a.PY", b"import os", "code"),
        ("a.eml", b"Subject: x\n\n", "mail"),
        ("saved", b"From: a@b\nMIME-Version: 1.0\nSubject: x\n\nbody", "mail"),
        ("a", b"<?xml version='1.0'?><r/>", "xml"),
        ("a.xls", b"a\tb\n1\t2\n3\t4\n5\t6\n", "csv"),
        ("README", b"just words", "text"),
        ("a.zip", zipped(word__document_dot_xml="<x/>"), "docx"),
        ("a.zip", zipped(xl__workbook_dot_xml="<x/>"), "xlsx"),
        ("a.zip", zipped(ppt__presentation_dot_xml="<x/>"), "pptx"),
        ("a.zip", zipped(mimetype="application/epub+zip"), "epub"),
    ],
)
def test_kind(tmp_path: Path, name: str, data: bytes, kind: str) -> None:
    path = tmp_path / "upload"
    path.write_bytes(data)
    assert kind_of(path, name, ParseLimits()) == kind


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.txt", b"", "empty"),
        ("a.txt", b"\xef\xbb\xbf \r\n\0", "empty"),
        ("a.pdf", b"MZ\x90\0\x03", "unsupported"),
        ("a.txt", b"\x7fELF\x02\x01", "unsupported"),
        ("a.mp4", b"\0\0\0\x20ftypisom", "unsupported"),
        ("a.txt", bytes(range(256)) * 20, "unsupported"),
        ("a.txt", b"\0\x01\0\x02" * 100, "unsupported"),
        ("a.zip", zipped(notes_dot_txt="x"), "unsupported"),
        ("a.zip", zipped(mimetype="application/x-other"), "unsupported"),
        ("a.docx", b"PK\x03\x04 broken", "damaged"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, "damaged"),
    ],
)
def test_refused(tmp_path: Path, name: str, data: bytes, code: str) -> None:
    path = tmp_path / "upload"
    path.write_bytes(data)
    with pytest.raises(ParseError) as caught:
        kind_of(path, name, ParseLimits())
    assert caught.value.code == code
    assert caught.value.sentence("en")
    assert caught.value.sentence("zh-hans") != caught.value.sentence("en")


def test_file_past_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(b"x" * 11)
    with pytest.raises(ParseError) as caught:
        kind_of(path, "a.txt", ParseLimits(file_bytes=10))
    assert caught.value.code == "too_large"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..%2f..%2fetc%2fpasswd.txt", "passwd.txt"),
        ("%252e%252e%252fx.txt", "x.txt"),
        ("C:\\Users\\me\\plan.docx", "plan.docx"),
        ("a\0b\r\n\x1b.txt", "ab.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("年度 报告.docx", "年度 报告.docx"),
        ("..", "file"),
        ("", "file"),
        ("  .hidden ", "hidden"),
        ("bad\udcff.txt", "bad.txt"),
    ],
)
def test_safe_filename(name: str, safe: str) -> None:
    assert safe_filename(name) == safe


def test_long_names_keep_their_extension() -> None:
    name = safe_filename("测试" * 200 + ".docx")
    assert len(name.encode()) <= 255
    assert name.endswith(("试.docx", "测.docx"))
    assert len(safe_filename("x." + "y" * 400).encode()) <= 255
