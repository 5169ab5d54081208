"""Secrets of sources: kept encrypted with a key made from SECRET_KEY, and shown to nobody again."""

from base64 import urlsafe_b64encode
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from kb.errors import DocumentError


def seal(secret: str) -> str:
    """A secret as it is kept; nothing stays nothing."""
    return _cipher().encrypt(secret.encode()).decode("ascii") if secret else ""


def unseal(kept: str) -> str:
    """A secret as it was given.

    Raises:
        DocumentError: secret_lost, when SECRET_KEY is another one now.
    """
    try:
        return _cipher().decrypt(kept.encode("ascii")).decode() if kept else ""
    except InvalidToken as error:
        raise DocumentError("secret_lost") from error


def _cipher() -> Fernet:
    return Fernet(urlsafe_b64encode(sha256(b"secrets of sources\0" + settings.SECRET_KEY.encode()).digest()))
