"""Zip files looked at before anything opens them, and uploaded ones taken apart safely."""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO, BinaryIO, cast

from kb.parsing.errors import ParseError
from kb.parsing.filenames import safe_filename
from kb.parsing.limits import MEBIBYTE, ParseLimits

RATIO_APPLIES_FROM = 20 * MEBIBYTE
DIRECTORY_BYTES = 10 * MEBIBYTE
"""An archive's directory is read whole before anything else; one with more is refused before it fills the memory."""
MEMBER_BYTES = 512 * MEBIBYTE
_ENTITY = re.compile(rb"<!\s*ENTITY|<\0!\0\s*\0?E\0N\0T\0I\0T\0Y\0", re.IGNORECASE)
_XML = (".xml", ".rels", ".xhtml", ".html", ".opf", ".ncx", ".vml")
_BLOCK = 1 << 16
_IGNORED = re.compile(r"(?:^|/)(?:__MACOSX|\.DS_Store|Thumbs\.db|desktop\.ini|\.git|\.svn)(?:/|$)|(?:^|/)~\$")
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    ValueError,
    RuntimeError,
)


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an uploaded archive, unpacked to `path`, which is gone when the iteration goes on.

    `name` is its place in the archive, made of safe parts; `error` is set instead of `path` for one that was refused.
    """

    name: str
    path: Path | None
    error: ParseError | None = None


def check(path: Path, limits: ParseLimits) -> frozenset[str]:
    """The names in a document that is a zip file, after its directory and XML were found harmless.

    Raises `ParseError`: damaged, encrypted, too_large, or hostile (a bomb, or XML that defines entities).
    """
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            _check_directory(infos, limits)
            for info in infos:
                if info.filename.lower().endswith(_XML) and info.file_size:
                    _check_xml(archive, info)
            return frozenset(info.filename for info in infos)
    except BROKEN as error:
        raise ParseError("damaged") from error


def _check_directory(infos: list[zipfile.ZipInfo], limits: ParseLimits) -> None:
    if len(infos) > limits.archive_entries:
        raise ParseError("too_large")
    if any(info.flag_bits & 0x1 for info in infos):
        raise ParseError("encrypted")
    if len({info.header_offset for info in infos}) < len(infos):
        raise ParseError("hostile")
    total = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos)
    if total > RATIO_APPLIES_FROM and total > limits.archive_ratio * max(1, packed):
        raise ParseError("hostile")
    if total > limits.archive_bytes or any(info.file_size > MEMBER_BYTES for info in infos):
        raise ParseError("too_large")


def _check_xml(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    """Office programs never define entities; who does wants to blow up or to read other files."""
    with archive.open(info) as file:
        if _ENTITY.search(file.read(_BLOCK)):
            raise ParseError("hostile")


def expand_zip(path: Path, limits: ParseLimits) -> Iterator[Member]:
    """The files of an uploaded archive, one after the other, archives inside it too, down to `limits.archive_depth`.

    Nothing is written outside a temporary folder, whatever names the archive holds. Links, encrypted files and archives
    nested too deep come as members with an error. Raises `ParseError` when the archive itself is damaged or a bomb.
    """
    with TemporaryDirectory(prefix="archive-") as folder:
        yield from _Expansion(Path(folder), limits).of(path, "", 1)


class _Expansion:
    """Counts what has been unpacked in all, over every level of archives."""

    def __init__(self, folder: Path, limits: ParseLimits) -> None:
        self.folder = folder
        self.limits = limits
        self.bytes = 0
        self.entries = 0
        self.names: set[str] = set()

    def of(self, path: Path, prefix: str, depth: int) -> Iterator[Member]:
        try:
            with path.open("rb") as file, zipfile.ZipFile(cast(IO[bytes], _Bounded(file))) as archive:
                for info in archive.infolist():
                    if not info.is_dir() and not _IGNORED.search(info.filename):
                        yield from self.member(archive, info, prefix, depth)
        except BROKEN as error:
            raise ParseError("damaged") from error

    def member(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, prefix: str, depth: int) -> Iterator[Member]:
        self.entries += 1
        if self.entries > self.limits.archive_entries:
            raise ParseError("too_large")
        name = self.unused(prefix + safe_path(_decoded_name(info)))
        if stat.S_ISLNK(info.external_attr >> 16):
            yield Member(name, None, ParseError("hostile"))
            return
        if info.flag_bits & 0x1:
            yield Member(name, None, ParseError("encrypted"))
            return
        target = self.folder / f"{depth}-{self.entries}"
        try:
            self.unpack(archive, info, target)
            if name.lower().endswith(".zip") and zipfile.is_zipfile(target):
                yield from self.nested(target, name, depth)
            else:
                yield Member(name, target)
        finally:
            target.unlink(missing_ok=True)

    def unused(self, name: str) -> str:
        """The name, or a numbered one where the archive holds it twice: neither file takes the other's place."""
        path, number, wanted = PurePosixPath(name), 1, name
        while name in self.names:
            number += 1
            name = str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
            if number > 1000:
                raise ParseError("hostile")
        self.names.add(name)
        return name if number > 1 else wanted

    def nested(self, target: Path, name: str, depth: int) -> Iterator[Member]:
        if depth >= self.limits.archive_depth:
            yield Member(name, None, ParseError("hostile"))
            return
        try:
            yield from self.of(target, name + "/", depth + 1)
        except ParseError as error:
            if error.code != "damaged":
                raise
            yield Member(name, None, error)

    def unpack(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> None:
        """Write one file, counting real bytes: what the directory declares may be a lie."""
        written = 0
        with archive.open(info) as source, target.open("wb") as sink:
            while block := source.read(_BLOCK):
                written += len(block)
                self.bytes += len(block)
                bomb = written > RATIO_APPLIES_FROM and written > self.limits.archive_ratio * max(1, info.compress_size)
                if bomb or self.bytes > self.limits.archive_bytes or written > self.limits.file_bytes:
                    raise ParseError("hostile" if bomb else "too_large")
                sink.write(block)


class _Bounded:
    """A file of which nobody reads a large piece at once, as `zipfile` does with an archive's directory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if size > DIRECTORY_BYTES:
            raise ParseError("too_large")
        return self._file.read(size)

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)


# Letters of Western Europe in DOS' code page 437; what is made of these alone is no Chinese name.
_WESTERN = frozenset((*range(0x80), *range(0x80, 0xA6), 0xE1))


def _decoded_name(info: zipfile.ZipInfo) -> str:
    """The name as its author saw it: Chinese Windows writes GBK without saying so."""
    if info.flag_bits & 0x800:
        return info.filename
    raw = info.filename.encode("cp437", "replace")
    for encoding in ("utf-8", "cp437") if _WESTERN.issuperset(raw) else ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def safe_path(name: str) -> str:
    """A relative path of safe parts: no drive, no root, no `..`."""
    parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("/", "..", ".")]
    return "/".join(safe_filename(part) for part in parts[-20:]) or "file"
