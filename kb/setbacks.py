"""What becomes of a version whose steps do not go well: failed with a sentence, tried again later, or given back."""

import contextlib
import logging
from collections.abc import Iterator
from datetime import timedelta

from django.db import DatabaseError, InterfaceError, OperationalError
from django.db.models import F
from django.db.models.functions import Now

from kb.documents import clear
from kb.leases import Lease, LeaseLost, TurnOver
from kb.models import State
from kb.parsing import ParseError
from kb.storage import BlobMissing
from llm.errors import ModelError

logger = logging.getLogger(__name__)

ATTEMPTS = 10
"""So often a version is taken up before it is given up, whether model servers fail or workers die over it."""
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 5, 300

GAVE_UP = (
    "gave_up",
    "Processing was interrupted again and again. Try again; if it stops again, tell your administrator.",
    "处理过程多次中断。请重试；如果再次中断，请联系管理员。",
)
OUR_BUG = (
    "internal",
    "Processing the file failed through a fault of ours. Try again; if it fails again, tell your administrator.",
    "处理文件时系统内部出错。请重试；如果再次出错，请联系管理员。",
)
BYTES_MISSING = (
    "file_missing",
    "The stored file is no longer there. Upload it again.",
    "存储的文件已不存在，请重新上传。",
)


@contextlib.contextmanager
def setbacks(lease: Lease) -> Iterator[None]:
    """Record what stops the work on a version in this block. A bug of ours is recorded, and raised as well."""
    version = lease.version
    try:
        yield
    except LeaseLost:
        logger.info("Version %s was cancelled, deleted or taken by another worker.", version.pk)
    except TurnOver:
        give_back(lease)
    except ParseError as error:
        fail(lease, error.code, error.en, error.zh)
    except BlobMissing:
        logger.exception("The file of version %s is missing.", version.pk)
        fail(lease, *BYTES_MISSING)
    except ModelError as error:
        _postpone_or_fail(lease, error)
    except SystemExit:  # this process is told to end: another may go on at once, and it was not the version's fault
        with contextlib.suppress(DatabaseError):
            give_back(lease)
        raise
    except (OperationalError, InterfaceError):
        raise  # the database is away: the heartbeat falls silent, and the version is taken up again
    except Exception:
        logger.exception("Version %s could not be processed.", version.pk)
        fail(lease, *OUR_BUG)
        raise


def give_back(lease: Lease) -> None:
    """Let another worker take the version, as if it had not been taken up."""
    lease.end(attempts=F("attempts") - 1)


def fail(lease: Lease, code: str, en: str, zh: str) -> None:
    """Give the version back as failed. What was read of it stays for a retry, and so does
    what OCR read; a half-read text does not."""
    with contextlib.suppress(LeaseLost), lease.writing() as version:
        if version.parsed_at is None:
            clear([version.pk])
        lease.end(state=State.FAILED, retry_at=None, error_code=code, error_en=en, error_zh=zh)


def _postpone_or_fail(lease: Lease, error: ModelError) -> None:
    sentences = {"error_en": error.sentence("en"), "error_zh": error.sentence("zh-hans")}
    attempts = lease.version.attempts
    logger.warning("Version %s: the embedding model failed (%s), attempt %d.", lease.version_id, error, attempts)
    if not error.retry or attempts >= ATTEMPTS:
        fail(lease, error.kind, sentences["error_en"], sentences["error_zh"])
        return
    wait = max(error.retry_after or 0, min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (attempts - 1)))
    lease.end(retry_at=Now() + timedelta(seconds=wait), error_code=error.kind, **sentences)
