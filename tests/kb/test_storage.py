"""Files kept by their SHA-256 in a folder."""

import errno
import hashlib
import os
import time
from io import BytesIO, RawIOBase
from pathlib import Path

import pytest
from pytest_django import Settings

from kb.storage import BlobMissing, FileTooLarge, FolderStorage, StorageFull, storage

WORDS = b"Annual leave is thirty days."
SHA256 = hashlib.sha256(WORDS).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "files")


def test_bytes_are_kept_once_under_their_hash(folder: FolderStorage) -> None:
    first, second = folder.put(BytesIO(WORDS), 1000), folder.put(BytesIO(WORDS), 1000)
    assert (first.sha256, first.size) == (SHA256, len(WORDS)) == (second.sha256, second.size)
    assert list(folder.kept()) == [SHA256]
    with folder.open(SHA256) as file:
        assert file.read() == WORDS
    with folder.local_path(SHA256) as path:
        assert path.read_bytes() == WORDS


def test_putting_the_same_bytes_again_renews_their_age(folder: FolderStorage) -> None:
    folder.put(BytesIO(WORDS), 1000)
    os.utime(folder.path(SHA256), (time.time() - 5000,) * 2)
    assert (folder.age(SHA256) or 0) > 4000
    folder.put(BytesIO(WORDS), 1000)
    assert (folder.age(SHA256) or 9999) < 4000


def test_what_is_not_kept_is_missing(folder: FolderStorage) -> None:
    with pytest.raises(BlobMissing):
        folder.open(SHA256)
    with pytest.raises(BlobMissing), folder.local_path(SHA256):
        pass
    assert folder.age(SHA256) is None
    folder.delete(SHA256)


def test_a_file_over_the_limit_leaves_nothing_behind(folder: FolderStorage) -> None:
    with pytest.raises(FileTooLarge):
        folder.put(BytesIO(WORDS), len(WORDS) - 1)
    assert list(folder.kept()) == []
    assert list(folder.incoming.iterdir()) == []


class BrokenUpload(RawIOBase):
    """A stream whose reader or writer fails half way."""

    def __init__(self, error: OSError) -> None:
        self.error = error

    def read(self, size: int = -1) -> bytes:
        raise self.error


def test_a_full_disk_is_told_apart_from_other_trouble(folder: FolderStorage) -> None:
    with pytest.raises(StorageFull):
        folder.put(BrokenUpload(OSError(errno.ENOSPC, "No space left on device")), 1000)  # type: ignore[arg-type]
    with pytest.raises(ConnectionResetError):
        folder.put(BrokenUpload(ConnectionResetError("gone")), 1000)  # type: ignore[arg-type]
    assert list(folder.incoming.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("a file where the folder should be")
    with pytest.raises(OSError, match=r"exists|directory"):
        FolderStorage(tmp_path / "files").put(BytesIO(WORDS), 1000)


def test_rests_of_interrupted_uploads_are_swept(folder: FolderStorage) -> None:
    folder.incoming.mkdir(parents=True)
    old, fresh = folder.incoming / "old", folder.incoming / "fresh"
    old.write_bytes(b"half")
    fresh.write_bytes(b"half")
    os.utime(old, (time.time() - 5000,) * 2)
    folder.sweep(3600)
    assert list(folder.incoming.iterdir()) == [fresh]


def test_the_settings_name_the_storage(tmp_path: Path, settings: Settings) -> None:
    settings.STORAGE_URL = (tmp_path / "文件 here").as_uri()
    blob = storage().put(BytesIO(WORDS), 1000)
    assert (tmp_path / "文件 here" / blob.sha256[:2] / blob.sha256[2:]).is_file()
