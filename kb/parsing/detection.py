"""What a file really is: told by its content first, by its name only where content cannot tell."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path, PurePosixPath

import olefile

from kb.parsing import archives, tabbed_chats
from kb.parsing.delimited import delimiter_of
from kb.parsing.encodings import decode, detect
from kb.parsing.errors import ParseError
from kb.parsing.limits import ParseLimits

HEAD_BYTES = 64 * 1024
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF87a", "image"),
    (b"GIF89a", "image"),
    (b"II*\0", "image"),
    (b"MM\0*", "image"),
    (b"{\\rtf", "rtf"),
)
_REFUSED = (
    *(b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa", b"\0asm", b"!<arch>"),  # programs
    *(b"\x1f\x8b", b"BZh", b"7z\xbc\xaf", b"Rar!", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd"),  # archives
    *(b"SQLite format 3", b"\x93NUMPY", b"PAR1"),  # data
    *(b"ID3", b"OggS", b"fLaC", b"\0\0\x01\xba"),  # sound and film
)
_ENCRYPTED_WORD = 0x0100
_OOXML = {
    "word/document.xml": "docx",
    "ppt/presentation.xml": "pptx",
    "xl/workbook.xml": "xlsx",
    "xl/workbook.bin": "xlsx",
}
_MIMETYPES = {
    "application/epub+zip": "epub",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/vnd.oasis.opendocument.spreadsheet": "xlsx",
}
_SUFFIXES = {
    "markdown": ".md .markdown .mdx",
    "csv": ".csv .tsv .tab",
    "html": ".html .htm .xhtml",
    "json": ".json .jsonl .ndjson",
    "subtitles": ".vtt .srt",
    "xml": ".xml",
    "mail": ".eml .mht .mhtml",
    "text": ".rst .adoc",
    "code": ".py .js .ts .tsx .jsx .java .c .h .cpp .hpp .cs .go .rs .rb .php .sh .bash .sql .yaml .yml .toml .ini "
    ".cfg .conf .css .scss .kt .swift .scala .r .pl .lua .ps1 .bat .properties .gradle .proto .vue",
}
_BY_SUFFIX = {suffix: kind for kind, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}
_HTML = re.compile(
    rb"^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_MAIL = re.compile(rb"^(?:[A-Za-z][A-Za-z0-9-]*:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){2,}", re.MULTILINE)
_MAIL_FIELD = re.compile(rb"^(?:from|received|message-id|mime-version):", re.IGNORECASE | re.MULTILINE)


def kind_of(path: Path, filename: str, limits: ParseLimits) -> str:
    """The key of the parser for a file.

    Raises `ParseError`: empty, unsupported, encrypted, damaged, hostile or too_large.
    """
    if path.stat().st_size > limits.file_bytes:
        raise ParseError("too_large")
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head.strip(b"\0\t\r\n \xef\xbb\xbf"):
        raise ParseError("empty")
    if b"%PDF-" in head[:1024] and not head.startswith(b"PK"):
        return "pdf"
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if (head.startswith(b"BM") and head[6:10] == b"\0\0\0\0") or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return "image"
    if head.startswith(b"PK"):
        return _zipped(path, limits)
    if head.startswith(olefile.MAGIC):
        return _compound(path)
    if head.startswith(_REFUSED) or head[4:8] == b"ftyp":
        raise ParseError("unsupported")
    return _textual(head, PurePosixPath(filename.lower()).suffix)


def _zipped(path: Path, limits: ParseLimits) -> str:
    names = archives.check(path, limits)
    for name, kind in _OOXML.items():
        if name in names:
            return kind
    if "mimetype" in names:
        with zipfile.ZipFile(path) as archive, archive.open("mimetype") as file:
            declared = file.read(100).decode("ascii", "ignore").strip()
        if declared in _MIMETYPES:
            return _MIMETYPES[declared]
    raise ParseError(
        "unsupported",
        "This is an archive, not a document. Upload it as a folder, or unpack it and upload the files in it.",
        "这是压缩包而不是文档。请以文件夹方式上传，或解压后上传其中的文件。",
    )


def _compound(path: Path) -> str:
    """Old Office files and Outlook messages; new ones that are encrypted are wrapped this way too."""
    try:
        with olefile.OleFileIO(str(path)) as ole:
            names = {"/".join(entry).lower() for entry in ole.listdir()}
            if "encryptedpackage" in names or ("worddocument" in names and _word_flags(ole) & _ENCRYPTED_WORD):
                raise ParseError("encrypted")
    except (OSError, ValueError, IndexError, TypeError, RecursionError) as error:
        raise ParseError("damaged") from error
    if "worddocument" in names:
        return "doc"
    if "workbook" in names or "book" in names:
        return "xlsx"
    if "powerpoint document" in names:
        return "ppt"
    if any(name.startswith("__substg1.0_") or name == "__properties_version1.0" for name in names):
        return "msg"
    raise ParseError("unsupported")


def _word_flags(ole: olefile.OleFileIO[str]) -> int:
    """The flags of a Word file's header ([MS-DOC] 2.5.2 FibBase, offset 10)."""
    header = ole.openstream("WordDocument").read(12)
    return int.from_bytes(header[10:12], "little")


def _textual(head: bytes, suffix: str) -> str:
    if _is_binary(head):
        raise ParseError("unsupported")
    if _HTML.match(head[:4096]) or _HTML.match(head[:4096].replace(b"\0", b"").lstrip(b"\xff\xfe\xef\xbb\xbf")):
        return "html"
    if head.lstrip(b"\xef\xbb\xbf").startswith(b"WEBVTT"):
        return "subtitles"
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if _MAIL.match(head) and _MAIL_FIELD.search(head) and suffix in ("", ".txt", ".msg"):
        return "mail"
    if head.lstrip().startswith(b"<?xml"):
        return "xml"
    if suffix in ("", ".txt", ".dat", ".xls"):
        sample = decode(head[:8192])
        if tabbed_chats.is_chat(sample):
            return "tabbed_chat"
        if _is_table(sample):
            return "csv"
    return "text"


def _is_table(sample: str) -> bool:
    return sample.count("\n") > 2 and delimiter_of(sample) in ("\t", ";")


def _is_binary(head: bytes) -> bool:
    """Whether too many control characters remain after decoding for it to be text."""
    text = io.StringIO(head.decode(detect(head), errors="replace")).read()
    odd = sum((character < " " and character not in "\t\n\r\f\x1b\x00") or character == "\ufffd" for character in text)
    zeros = text.count("\x00")
    return odd > 0.1 * len(text) + 2 or zeros > 0.3 * len(text)
