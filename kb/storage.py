"""Uploaded files, kept once each under their SHA-256: in a folder (file://) or an S3 bucket (s3://)."""

import asyncio
import contextlib
import errno
import hashlib
import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

from django.conf import settings

CHUNK = 1 << 20


class FileTooLarge(Exception):
    """More bytes came than one file may have."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} bytes")
        self.limit = limit


class StorageFull(Exception):
    """The disk or the quota behind the storage is full."""


class BlobMissing(Exception):
    """No file is kept under this SHA-256."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A kept file: its SHA-256 in hexadecimal and its size in bytes."""

    sha256: str
    size: int


class Storage(Protocol):
    """Where files are kept. Keeping the same bytes again costs nothing and renews their age."""

    def put(self, file: BinaryIO, limit: int) -> Blob:
        """Keep what `file` still holds, at most `limit` bytes. Raises FileTooLarge and StorageFull."""

    def open(self, sha256: str) -> BinaryIO:
        """A stream over the bytes. Raises BlobMissing."""

    def local_path(self, sha256: str) -> contextlib.AbstractContextManager[Path]:
        """The bytes as a file of this machine, for as long as the block lasts. Raises BlobMissing."""

    def age(self, sha256: str) -> float | None:
        """Seconds since the bytes were last put, None when they are not kept."""

    def delete(self, sha256: str) -> None:
        """Forget the bytes; nothing happens when they are not kept."""

    def kept(self) -> Iterator[str]:
        """The SHA-256 of every kept file."""

    def sweep(self, older_than: float) -> None:
        """Remove what interrupted uploads left behind `older_than` seconds ago."""


def storage() -> Storage:
    """The storage that STORAGE_URL names."""
    return _storage(settings.STORAGE_URL)


def open_blob(sha256: str) -> BinaryIO:
    """A stream over the bytes of a kept file. Raises BlobMissing."""
    return storage().open(sha256)


async def pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    """The bytes of a file one piece after the other, however large it is, and the file closed at the end."""
    try:
        while piece := await asyncio.to_thread(file.read, CHUNK):
            yield piece
    finally:
        file.close()


@lru_cache(maxsize=8)
def _storage(url: str) -> Storage:
    parts = urlsplit(url)
    if parts.scheme == "s3":
        from kb.storage_s3 import S3Storage

        return S3Storage(parts.netloc, parts.path.strip("/"))
    return FolderStorage(Path(unquote(parts.path)))


@contextmanager
def hashed_copy(file: BinaryIO, folder: Path, limit: int) -> Iterator[tuple[Path, Blob]]:
    """A temporary copy of `file` in `folder`, safe on the disk, with its SHA-256. Gone after the block unless moved.

    Raises:
        FileTooLarge, StorageFull
    """
    digest = hashlib.sha256()
    size = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder)
    except OSError as error:
        raise _as_storage_error(error) from error
    try:
        with os.fdopen(handle, "wb") as copy:
            while chunk := file.read(CHUNK):
                size += len(chunk)
                if size > limit:
                    raise FileTooLarge(limit)
                digest.update(chunk)
                copy.write(chunk)
            copy.flush()
            os.fsync(copy.fileno())
        yield Path(name), Blob(digest.hexdigest(), size)
    except OSError as error:
        raise _as_storage_error(error) from error
    finally:
        Path(name).unlink(missing_ok=True)


def _as_storage_error(error: OSError) -> Exception:
    return StorageFull(error.strerror) if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else error


class FolderStorage:
    """Files in a folder: `<first two letters>/<the rest>`. A file appears whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.incoming = folder / "incoming"

    def path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256[2:]

    def put(self, file: BinaryIO, limit: int) -> Blob:
        with hashed_copy(file, self.incoming, limit) as (copy, blob):
            path = self.path(blob.sha256)
            path.parent.mkdir(exist_ok=True)
            copy.replace(path)  # also over an equal one: its age starts anew
            _fsync_folder(path.parent)
        return blob

    def open(self, sha256: str) -> BinaryIO:
        try:
            return self.path(sha256).open("rb")
        except FileNotFoundError as error:
            raise BlobMissing(sha256) from error

    @contextmanager
    def local_path(self, sha256: str) -> Iterator[Path]:
        path = self.path(sha256)
        if not path.is_file():
            raise BlobMissing(sha256)
        yield path

    def age(self, sha256: str) -> float | None:
        try:
            return max(0.0, time.time() - self.path(sha256).stat().st_mtime)
        except FileNotFoundError:
            return None

    def delete(self, sha256: str) -> None:
        self.path(sha256).unlink(missing_ok=True)

    def kept(self) -> Iterator[str]:
        for path in self.folder.glob("??/*"):
            if len(sha256 := path.parent.name + path.name) == 64:
                yield sha256

    def sweep(self, older_than: float) -> None:
        for path in self.incoming.glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > older_than:
                    path.unlink()


def _fsync_folder(folder: Path) -> None:
    """A rename is on the disk for good only once its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
