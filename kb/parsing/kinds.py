"""The table of parsers, and one file read with it in this process. The sandbox runs `read` in a child."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import NamedTuple, cast

from kb.parsing.composer import Composer
from kb.parsing.detection import kind_of
from kb.parsing.encodings import SAMPLE_BYTES, clean, evidence
from kb.parsing.errors import Fault, ParseError
from kb.parsing.languages import main_language
from kb.parsing.limits import ParseLimits
from kb.parsing.parsed import Part
from kb.parsing.recognized import Pictures
from kb.parsing.spool import Summary

TITLE_CHARACTERS = 200
_OOXML = "application/vnd.openxmlformats-officedocument."


class Kind(NamedTuple):
    """A kind of file: its media type and its parser as module:function, or module alone for `parse`; loaded on use."""

    media_type: str
    parser: str


KINDS: dict[str, Kind] = {
    "text": Kind("text/plain", "plain"),
    "code": Kind("text/plain", "plain:parse_code"),
    "tabbed_chat": Kind("text/plain", "tabbed_chats"),
    "markdown": Kind("text/markdown", "markdown"),
    "csv": Kind("text/csv", "delimited"),
    "html": Kind("text/html", "html"),
    "json": Kind("application/json", "chat_exports"),
    "subtitles": Kind("text/vtt", "subtitles"),
    "xml": Kind("application/xml", "structure"),
    "pdf": Kind("application/pdf", "pdf"),
    "image": Kind("image/*", "ocr"),
    "docx": Kind(_OOXML + "wordprocessingml.document", "structure"),
    "doc": Kind("application/msword", "structure"),
    "odt": Kind("application/vnd.oasis.opendocument.text", "structure"),
    "odp": Kind("application/vnd.oasis.opendocument.presentation", "structure"),
    "rtf": Kind("application/rtf", "structure"),
    "epub": Kind("application/epub+zip", "structure"),
    "pptx": Kind(_OOXML + "presentationml.presentation", "slides"),
    "ppt": Kind("application/vnd.ms-powerpoint", "structure"),
    "xlsx": Kind(_OOXML + "spreadsheetml.sheet", "sheets"),
    "mail": Kind("message/rfc822", "mail"),
    "msg": Kind("application/vnd.ms-outlook", "mail:parse_outlook"),
}

TEXTS = ("text", "code", "tabbed_chat", "markdown", "csv", "html", "json", "subtitles")


def parser_of(kind: str) -> Callable[[Path, Composer], None]:
    """The parse function for a kind of file."""
    media_type, place = KINDS[kind]
    module_name, _, function = place.partition(":")
    module = importlib.import_module(f"kb.parsing.{module_name}")
    if module_name == "structure":
        return cast(Callable[[Path, Composer], None], module.reader(media_type))
    return cast(Callable[[Path, Composer], None], getattr(module, function or "parse"))


def read(
    path: Path,
    filename: str,
    limits: ParseLimits,
    emit: Callable[[Part], None],
    progress: Callable[[int, int | None, str], None],
    pictures: Pictures | None = None,
    begun: Callable[[str], None] = lambda media_type: None,
) -> Summary:
    """Parse a file in this process, handing each page to `emit` as it is done; `begun(media_type)` is called before.

    Raises `ParseError`.
    """
    out = Composer(emit, limits, progress, filename, pictures or Pictures())
    kind = kind_of(path, filename, limits)
    begun(KINDS[kind].media_type)
    read_kind(kind, path, out)
    if kind in TEXTS:
        out.metadata |= evidence(path, _declared(path) if kind == "html" else "")
    if not out.scripts.total() and not out.offset:
        raise ParseError("no_text")
    return Summary(
        title=title_of(out, filename),
        language=main_language(out.scripts),
        media_type=KINDS[kind].media_type,
        metadata=out.metadata,
        warnings=tuple(out.warnings[:100]),
        parts=out.parts,
        characters=out.offset,
    )


def _declared(path: Path) -> str:
    from kb.parsing.html import declared_charset

    with path.open("rb") as file:
        return declared_charset(file.read(SAMPLE_BYTES))


def read_kind(kind: str, path: Path, out: Composer) -> None:
    """Run the parser for `kind`; what it stumbles over means that the file is damaged."""
    try:
        parser_of(kind)(path, out)
    except (ParseError, Fault, MemoryError):
        raise
    except RecursionError as error:
        raise ParseError("hostile") from error
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # what a parser meets in a stranger's file may be anything, a panic in Rust too
        raise ParseError("damaged") from error


def title_of(out: Composer, filename: str) -> str:
    """The document's own title, else its first heading, else its file name without the extension."""
    for candidate in (out.title, out.first_heading):
        title = _PROGRAM.sub("", " ".join(clean(candidate).strip().strip("#*_= ").split()))
        if title and title.lower() not in _MEANINGLESS and not _FILE_NAME.search(title):
            return title[:TITLE_CHARACTERS]
    return PurePosixPath(filename).stem[:TITLE_CHARACTERS] or filename


_PROGRAM = re.compile(r"^Microsoft (?:Word|PowerPoint|Excel) ?- ?", re.IGNORECASE)
_FILE_NAME = re.compile(r"\.(?:docx?|pptx?|xlsx?|pdf|indd|jpe?g|png|tiff?|tex|dvi|wps)$", re.IGNORECASE)
_MEANINGLESS = frozenset(
    ("(anonymous)", "anonymous", "untitled", "unknown", "无标题", "document", "presentation", "powerpoint presentation")
)
