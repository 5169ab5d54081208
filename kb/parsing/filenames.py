"""File names from outside made safe to show, store and send."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath
from urllib.parse import unquote

MAXIMUM_BYTES = 255
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]')


def safe_filename(name: str, fallback: str = "file") -> str:
    """The last path part of `name` without control or direction characters, at most 255 bytes, extension kept."""
    name = name.encode("utf-8", "replace").decode()
    for _ in range(3):
        name = unquote(name)
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    name = _UNSAFE.sub("", name.replace("\ufffd", "_")).strip().strip(".").strip()
    return _shortened(name) if name else fallback


def _shortened(name: str) -> str:
    suffix = PurePosixPath(name).suffix
    if len(suffix.encode()) > 20:
        suffix = ""
    stem = name[: len(name) - len(suffix)] if suffix else name
    room = MAXIMUM_BYTES - len(suffix.encode())
    return stem.encode()[:room].decode(errors="ignore") + suffix
