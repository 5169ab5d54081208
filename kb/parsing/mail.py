"""Mails (EML, MSG): the header's main lines, the body, then each attachment as a part of its own."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage, Message
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import olefile

from kb.parsing import html, structure
from kb.parsing.composer import Composer
from kb.parsing.encodings import clean, decode
from kb.parsing.errors import ParseError
from kb.parsing.filenames import safe_filename
from kb.parsing.parsed import Part
from kb.parsing.plain import text_blocks

HEADERS = ("From", "To", "Cc", "Date", "Subject")
MAXIMUM_ATTACHMENTS = 200
ATTACHMENT_NAME, ATTACHMENT_SHORT_NAME, ATTACHMENT_DATA = "3707", "3704", "37010102"


def parse(path: Path, out: Composer) -> None:
    """Hand on an Internet mail (RFC 5322, MIME). The text body is preferred to the HTML one."""
    with path.open("rb") as file:
        message = email.message_from_binary_file(file, policy=email.policy.default)
    if not any(message.get(name) for name in HEADERS) and not _payload(message).strip():
        raise ParseError("empty")
    add_message(message, out, 1)


def add_message(message: EmailMessage, out: Composer, depth: int) -> None:
    """Append one mail, its body and, down to the limit of depth, its attachments."""
    subject = _header(message, "Subject")
    out.title = out.title or subject
    lines = [f"{name}: {value}" for name in HEADERS if (value := _header(message, name))]
    out.add("paragraph", "\n".join(lines))
    if body := _body(message):
        _add_body(body, out)
    out.flush()
    for number, part in enumerate(_attachments(message), 1):
        if number > MAXIMUM_ATTACHMENTS:
            out.warnings.append(f"Only the first {MAXIMUM_ATTACHMENTS} attachments were read.")
            break
        _add_part(part, out, depth)


def _header(message: EmailMessage, name: str) -> str:
    """A header's decoded value; one too broken to decode is given as written."""
    try:
        value = str(message.get(name, ""))
    except (ValueError, IndexError, AttributeError, LookupError):
        value = next((str(raw) for key, raw in message.raw_items() if key.lower() == name.lower()), "")
    return " ".join(clean(value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")).split())


def _body(message: EmailMessage) -> EmailMessage | None:
    try:
        return cast("EmailMessage | None", message.get_body(("plain", "html")))
    except (ValueError, KeyError, AttributeError, LookupError):
        return None


def _add_body(part: EmailMessage, out: Composer) -> None:
    text = decode(_payload(part), part.get_content_charset("") or "")
    if part.get_content_type() == "text/html":
        title = out.title
        html.parse_text(text, out)
        out.title = title
        return
    for block in text_blocks(text):
        out.add(block.kind, text[block.start : block.end], block.level)


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _attachments(message: EmailMessage) -> Iterator[EmailMessage]:
    """The parts that people see as attachments; the whole message where it is nothing but a file, as scanners send."""
    if not message.is_multipart():
        if _body(message) is None:
            yield message
        return
    try:
        yield from message.iter_attachments()
    except (KeyError, AttributeError, TypeError, ValueError):
        return


def _add_part(part: EmailMessage, out: Composer, depth: int) -> None:
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload()
        if isinstance(inner, list) and inner:
            _add_inner(cast(EmailMessage, inner[0]), out, depth)
        return
    name = safe_filename(part.get_filename() or "attachment")
    add_attachment(name, _payload(part), out, depth)


def _add_inner(message: EmailMessage, out: Composer, depth: int) -> None:
    if depth >= out.limits.archive_depth:
        out.warnings.append("Mails attached too deep in one another were left out.")
        return
    out.page(label=_header(message, "Subject") or "mail")
    add_message(message, out, depth + 1)


def add_attachment(name: str, data: bytes, out: Composer, depth: int) -> None:
    """Append an attachment by the parser of its kind, under its name; one that cannot be read becomes a warning."""
    from kb.parsing.detection import kind_of
    from kb.parsing.kinds import read_kind

    if depth > out.limits.archive_depth:
        return
    with TemporaryDirectory() as folder:
        path = Path(folder, "attachment")
        path.write_bytes(data)
        try:
            kind = kind_of(path, name, out.limits)
            if kind == "mail" and depth >= out.limits.archive_depth:
                raise ParseError("hostile")
            read_kind(kind, path, _labelled(out, name))
        except ParseError as error:
            if error.code in ("too_large", "too_much_memory"):
                raise
            out.warnings.append(f"Attachment “{name}”: {error.en}")


def _labelled(out: Composer, name: str) -> Composer:
    """A composer that puts what it gets into `out`, on pages that carry the attachment's name."""

    def emit(part: Part) -> None:
        page, blocks = part
        start = inner.offset - len(page.text)
        shifted = [replace(block, start=block.start - start, end=block.end - start) for block in blocks]
        out.put(replace(page, number=None, label=name), shifted)

    inner = Composer(emit, out.limits, out.progress, name, out.pictures)
    return inner


def parse_outlook(path: Path, out: Composer) -> None:
    """Hand on an Outlook message ([MS-OXMSG])."""
    structure.reader("application/vnd.ms-outlook")(path, out)
    with olefile.OleFileIO(str(path)) as ole:
        for folder in sorted({entry[0] for entry in ole.listdir() if entry[0].startswith("__attach_")}):
            _add_outlook_attachment(ole, folder, out)


def _add_outlook_attachment(ole: olefile.OleFileIO[str], folder: str, out: Composer) -> None:
    data_stream = f"{folder}/__substg1.0_{ATTACHMENT_DATA}"
    if not ole.exists(data_stream):
        return
    name = "attachment"
    for code in (ATTACHMENT_NAME, ATTACHMENT_SHORT_NAME):
        if ole.exists(stream := f"{folder}/__substg1.0_{code}001F"):
            name = ole.openstream(stream).read().decode("utf-16-le", "replace")
            break
    add_attachment(safe_filename(name), ole.openstream(data_stream).read(), out, 1)
