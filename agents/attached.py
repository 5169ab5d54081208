"""What a conversation has attached, as a run waits for it and as it goes with the conversation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from agents.deps import Deps
from agents.events import Attached
from agents.models import Conversation
from agents.threads import in_thread
from kb.attachments import any_working, attached_conversations, attachments, forget

LOOK = 0.5
LONGEST = 1_800.0
"""Seconds; a file that takes longer is answered without."""
NEVER_ASKED = timedelta(days=1)
"""A conversation that nothing was asked in goes, with its files, after so long."""


async def awaited(deps: Deps) -> AsyncGenerator[Attached, None]:
    """Wait until the attached files are read. Nothing is said of files that are ready from the beginning."""
    if not deps.attached:
        return
    last: Attached | None = None
    deadline = time.monotonic() + LONGEST
    while True:
        now = await in_thread(_now, deps.attached, deps)
        if now != last and (last or not now.ready or any(file.error_en for file in now.files)):
            yield now
            last = now
        if now.ready or time.monotonic() > deadline:
            return
        await asyncio.sleep(LOOK)


def _now(conversation: UUID, deps: Deps) -> Attached:
    found = attachments(conversation, deps.person)
    return Attached(tuple(found), not any_working(found))


def sweep() -> int:
    """Delete what is attached to conversations that are no more, or in which nothing was ever asked."""
    long_ago = timezone.now() - NEVER_ASKED
    attached = attached_conversations()
    Conversation.objects.filter(pk__in=attached, title="", runs=None, updated_at__lt=long_ago).delete()
    kept = set(Conversation.objects.filter(pk__in=attached).values_list("pk", flat=True))
    gone = [number for number in attached if number not in kept]
    forget(gone)
    return len(gone)
