"""Many files at once: archives taken apart, folders walked, each file on its own so that a bad one stops no other."""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from accounts.models import Person
from kb.documents import About, Upload, add
from kb.errors import DocumentError
from kb.models import Collection
from kb.parsing import ParseError, ParseLimits, expand_zip
from kb.storage import hashed_copy

IGNORED = ("__MACOSX", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was not taken, by its name or path, and why."""

    name: str
    error: DocumentError


def receive(
    collection: Collection, filename: str, file: BinaryIO, about: About | None = None, *, by: Person
) -> Iterator[Upload | Refused]:
    """Take an uploaded file, or each file of a zip archive: its path becomes its `external_id` and its first title.

    Raises:
        DocumentError: not_allowed, dates_reversed, too_large, storage_full, or what is wrong with the archive.
    """
    about = about or About()
    if not filename.lower().endswith(".zip"):
        yield add(collection, filename, file, about, by=by)
        return
    limit = settings.MAX_UPLOAD_MB << 20
    with tempfile.TemporaryDirectory(prefix="upload-") as folder, hashed_copy(file, Path(folder), limit) as (copy, _):
        try:
            yield from _members(collection, filename, copy, about, by)
        except ParseError as error:
            raise _as_document_error(error) from error


def _members(
    collection: Collection, filename: str, archive: Path, about: About, by: Person
) -> Iterator[Upload | Refused]:
    prefix = f"{about.external_id or Path(filename).stem}/"
    for member in expand_zip(archive, limits()):
        if member.path is None:
            yield Refused(member.name, _as_document_error(member.error or ParseError("damaged")))
            continue
        with member.path.open("rb") as file:
            yield take(collection, prefix + member.name, file, about, by)


def _as_document_error(error: ParseError) -> DocumentError:
    return DocumentError(error.code, error.en, error.zh)


def take(collection: Collection, path: str, file: BinaryIO, about: About, by: Person) -> Upload | Refused:
    """Keep one of many files under its path; a reason to refuse it is handed back instead of raised."""
    try:
        return add(collection, Path(path).name, file, replace(about, title="", external_id=path[-500:]), by=by)
    except DocumentError as error:
        if error.kind in ("forbidden", "storage"):
            raise
        return Refused(path, error)


def files_below(path: Path) -> Iterator[tuple[Path, str]]:
    """The files at or below `path` in order, each with its path as people would name it; hidden ones are left out."""
    if path.is_file():
        yield path, path.name
        return
    for file in sorted(path.rglob("*")):
        parts = file.relative_to(path).parts
        if file.is_file() and not any(part.startswith((".", "~$")) or part in IGNORED for part in parts):
            yield file, "/".join((path.name, *parts))


def limits() -> ParseLimits:
    """What one file may cost, from the settings."""
    return ParseLimits(
        file_bytes=settings.MAX_UPLOAD_MB << 20,
        memory_bytes=settings.PARSE_MEMORY_MB << 20,
        idle_seconds=settings.PARSE_SECONDS,
    )


def take_all(collection: Collection, paths: Iterable[Path], *, by: Person) -> Iterator[Upload | Refused]:
    """Take files, and what is in folders and zip archives. A file's place below its path is its `external_id`.

    Raises:
        DocumentError: not_allowed, storage_full.
    """
    for path in paths:
        for file, name in files_below(path):
            with file.open("rb") as stream:
                if file.suffix.lower() != ".zip":
                    yield take(collection, name, stream, About(), by)
                    continue
                try:
                    yield from receive(collection, file.name, stream, About(external_id=name), by=by)
                except DocumentError as error:
                    if error.kind in ("forbidden", "storage"):
                        raise
                    yield Refused(name, error)
