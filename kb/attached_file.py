"""A file that is attached to a conversation, as a value. Pure.

Conversations store it, so its fields keep their names for ever: add fields with a default, never rename one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """One attached file: its state, how far it is read, and what is wrong with it, named as `DocumentVersion` does."""

    document: int
    version: int
    title: str
    filename: str
    state: str
    progress_done: int = 0
    progress_total: int | None = None
    progress_unit: str = ""
    error_en: str = ""
    error_zh: str = ""
