"""Runs: start, follow, cancel, ask again, take up. Views, the API and commands use this and nothing beneath it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from accounts.models import Person
from agents.events import LAST, Cancelled, Escalated, Event, Failed
from agents.journal import STALE_AFTER, LeaseLost, append, stored_after
from agents.language import language_of
from agents.models import Conversation, Mode, Run, RunState
from agents.models import Event as StoredEvent
from agents.storable import cleaned
from agents.threads import in_thread, release_connection
from agents.work import workshop
from agents.writer import Summary

QUESTION_LENGTH = 20_000
ATTEMPTS = 3
POLL_FIRST, POLL_LONGEST = 0.1, 1.0
GIVEN_UP = Failed(
    "abandoned",
    "The answer broke off several times. What there was of it is kept; please ask again.",
    "回答多次中断，已保留现有内容。请重新提问。",
    retry=True,
)


class QuestionError(ValueError):
    """The question cannot be asked like this. The message is a sentence for the person."""


def start(
    person: Person,
    question: str,
    *,
    mode: str = Mode.AUTO,
    conversation: Conversation | None = None,
    collections: Sequence[int] | None = None,
    as_of: date | None = None,
    follows: Run | None = None,
    beside: Run | None = None,
    regenerates: Run | None = None,
) -> Run:
    """Ask a question. The run is stored and begins, in this process, when the surrounding transaction commits.

    Synchronous: async callers use `sync_to_async(start)(…)`. Without a conversation a new one begins. `collections`
    are ids; None or none means all that the person may read.

    In a conversation the question goes on where its person last was, or after the answer of `follows`, or, in a
    branch of its own, in the place of the question of `beside`. `regenerates` asks that run's question again there.

    Raises:
        QuestionError: for an empty or overlong question, an unknown mode, or a conversation of somebody else.
    """
    question = cleaned(question).strip()
    beside = beside or regenerates
    if place := beside or follows:
        conversation = place.conversation
    _check(person, question, mode, conversation)
    above = beside.follows_id if beside else follows.pk if follows else None
    with transaction.atomic():
        if conversation is None:
            conversation = Conversation.objects.create(person=person, title=title_of(question))
        elif not place:
            above = next(reversed(conversation.tree().path(conversation.shown)), None)
        run = Run.objects.create(
            person=person,
            conversation=conversation,
            follows_id=above,
            regenerates=regenerates,
            question=question,
            language=language_of(question),
            mode=mode,
            collections=sorted(set(collections or ())),
            as_of=as_of,
            lease=workshop().lease,
            heartbeat_at=timezone.now(),
            attempts=1,
        )
        conversation.shown = run.pk
        if not conversation.title:  # it began with an attached file
            conversation.title, conversation.listed = title_of(question), True
        conversation.save(update_fields=["shown", "title", "listed", "updated_at"])
        transaction.on_commit(lambda: workshop().submit(run.pk, 0, run))
    return run


def title_of(question: str) -> str:
    """What a conversation that begins with `question` is called."""
    return Truncator(" ".join(question.split())).chars(80)


def _check(person: Person, question: str, mode: str, conversation: Conversation | None) -> None:
    if not question:
        raise QuestionError(_("Write a question first."))
    if len(question) > QUESTION_LENGTH:
        raise QuestionError(
            _("The question is too long: it has %(length)s characters, and %(limit)s are possible. Shorten it.")
            % {"length": len(question), "limit": QUESTION_LENGTH}
        )
    if mode not in Mode.values:
        raise QuestionError(_("The mode must be one of: %(modes)s.") % {"modes": ", ".join(Mode.values)})
    if conversation is not None and conversation.person_id != person.pk:
        raise QuestionError(_("There is no such conversation. Start a new one."))


def regenerate(run: Run, mode: str | None = None) -> Run:
    """Answer a run's question again, in the same mode or another, beside the first answer."""
    return start(
        run.person,
        run.question,
        mode=mode or run.mode,
        collections=run.collections,
        as_of=run.as_of,
        regenerates=run,
    )


def edit(run: Run, question: str) -> Run:
    """Ask another question in the place of the run's: in a branch of its own, answered in the same way. The old one
    stays with all that follows it. The same words once more are the question answered again.

    Raises:
        QuestionError: as `start`.
    """
    if cleaned(question).strip() == run.question:
        return regenerate(run)
    return start(run.person, question, mode=run.mode, collections=run.collections, as_of=run.as_of, beside=run)


def show(run: Run) -> None:
    """Open the run's conversation at the branch of this run from now on, and go on below it."""
    Conversation.objects.filter(pk=run.conversation_id).update(shown=run.pk)


async def follow(run_id: UUID, after_seq: int = 0) -> AsyncIterator[tuple[int, Event]]:
    """The run's events after `after_seq`, stored ones first and then as they happen, up to its last event.

    Every follower gets every event once and in order, whichever process works on the run. It does not ask whose run
    it is: the caller has found the run among its person's own.

    Raises:
        Run.DoesNotExist: when there is no such run.
    """
    await release_connection()
    seen, pause = after_seq, POLL_FIRST
    while True:
        live = workshop().live(run_id)
        events = live.after(seen) if live else None
        if events is None:
            replay = await in_thread(stored_after, run_id, seen)
            events = replay.events
            if not events and not replay.running:
                return
            if not events and replay.stale and not live:
                await in_thread(take_up, run_id)
        for seq, event in events:
            seen = seq
            yield seq, event
            if isinstance(event, LAST):
                return
        if live:
            await live.wait(seen, POLL_LONGEST)
        else:
            pause = POLL_FIRST if events else min(pause * 1.5, POLL_LONGEST)
            await asyncio.sleep(pause)


async def outcome(run_id: UUID) -> Run:
    """The run when it has ended."""
    async for _event in follow(run_id):
        pass
    return await in_thread(Run.objects.get, pk=run_id)


def cancel(run: Run) -> None:
    """End a run: the process that works on it closes the model's stream and keeps what there is of the answer."""
    Run.objects.filter(pk=run.pk, state=RunState.RUNNING).update(cancel_requested=True)
    workshop().stop(run.pk, "cancelled")
    _end(run.pk, Cancelled())


def keep_quick(run: Run) -> bool:
    """End the thinking about a quick answer and let that stand; False when there is no such thinking under way."""
    escalated = StoredEvent.objects.filter(run=run, kind=Escalated.kind).exclude(data__answer="").exists()
    if not escalated or not Run.objects.filter(pk=run.pk, state=RunState.RUNNING).update(keep_requested=True):
        return False
    workshop().stop(run.pk, "kept")
    return True


def take_up_abandoned(limit: int = 8) -> list[UUID]:
    """Go on, in this process, with runs whose own process has fallen silent. Returns those that were taken up."""
    abandoned = Run.objects.filter(_abandoned()).order_by("heartbeat_at").values_list("pk", flat=True)[:limit]
    return [run_id for run_id in abandoned if take_up(run_id)]


def take_up(run_id: UUID) -> bool:
    """Go on with one run if it is abandoned; False when it is not, or has broken off too often."""
    run = Run.objects.filter(_abandoned(), pk=run_id).first()
    if run is None or workshop().live(run_id):
        return False
    if run.cancel_requested or run.attempts >= ATTEMPTS:
        _end(run_id, Cancelled() if run.cancel_requested else GIVEN_UP)
        return False
    taken = Run.objects.filter(_abandoned(), pk=run_id, attempts=run.attempts).update(
        lease=workshop().lease, heartbeat_at=timezone.now(), attempts=F("attempts") + 1
    )
    if taken:
        run.refresh_from_db(fields=["last_seq"])
        workshop().submit(run_id, run.last_seq)
    return bool(taken)


def _abandoned() -> Q:
    silent = Q(heartbeat_at__isnull=True) | Q(heartbeat_at__lt=timezone.now() - STALE_AFTER)
    return Q(state=RunState.RUNNING) & silent


def _end(run_id: UUID, last: Event) -> None:
    """End a run if nobody works on it."""
    lease = f"{workshop().lease}:end"
    if not Run.objects.filter(_abandoned(), pk=run_id).update(lease=lease, heartbeat_at=timezone.now()):
        return
    summary, events = Summary(), stored_after(run_id, 0).events
    for _seq, event in events:
        summary.add(event)
    try:
        append(run_id, lease, events[-1][0] if events else 0, [last], **summary.columns())
    except LeaseLost:
        return
