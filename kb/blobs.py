"""Which kept files somebody still needs.

A file is put before the version that needs it is written, and may be let go by another document at the same moment. So
whoever writes such a version shares the file's lock and finds it kept, and whoever deletes a file holds its lock alone,
finds no version that needs it, and leaves files alone that were put within `GRACE_SECONDS`.
"""

import logging
from collections.abc import Iterable
from typing import BinaryIO

from django.conf import settings
from django.db import connection

from kb.access import acting_as_system
from kb.errors import DocumentError
from kb.models import DocumentVersion
from kb.storage import Blob, FileTooLarge, StorageFull, storage

logger = logging.getLogger(__name__)

GRACE_SECONDS = 600
INTERRUPTED_SECONDS = 86_400
"""An upload that has not ended after a day was interrupted."""


def keep(file: BinaryIO) -> Blob:
    """Keep an uploaded file's bytes.

    Raises:
        DocumentError: too_large, storage_full.
    """
    try:
        return storage().put(file, settings.MAX_UPLOAD_MB << 20)
    except FileTooLarge as error:
        raise DocumentError("too_large", megabytes=settings.MAX_UPLOAD_MB) from error
    except StorageFull as error:
        logger.error("The storage is full: %s", error)
        raise DocumentError("storage_full") from error


def need(sha256: str) -> bool:
    """Inside the transaction that writes a version: from here on nobody deletes its file. False if it just was."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock_shared(%s)", [_lock_number(sha256)])
    return storage().age(sha256) is not None


def let_go(hashes: Iterable[str]) -> int:
    """Delete those of the files that no version needs and that are past the grace time; return how many."""
    deleted = 0
    for sha256 in hashes:
        with acting_as_system(), connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", [_lock_number(sha256)])
            age = storage().age(sha256)
            needed = DocumentVersion.objects.filter(sha256=sha256).exists()
            if age is not None and age > GRACE_SECONDS and not needed:
                storage().delete(sha256)
                deleted += 1
    return deleted


def collect_garbage() -> int:
    """Delete every kept file that no version needs, and the rests of interrupted uploads; return how many files."""
    kept = storage()
    kept.sweep(INTERRUPTED_SECONDS)
    deleted, some = 0, []
    for sha256 in kept.kept():
        some.append(sha256)
        if len(some) == 1000:
            deleted += let_go(_unneeded(some))
            some = []
    return deleted + let_go(_unneeded(some))


def _unneeded(hashes: list[str]) -> list[str]:
    with acting_as_system():
        needed = set(DocumentVersion.objects.filter(sha256__in=hashes).values_list("sha256", flat=True))
    return [sha256 for sha256 in hashes if sha256 not in needed]


def _lock_number(sha256: str) -> int:
    return int(sha256[:15], 16)
