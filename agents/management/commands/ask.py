"""Ask on the terminal: the answer as it comes, then its citations. `ask QUESTION [--mode …] [--as USER] [--json]`."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from typing import Any

from asgiref.sync import sync_to_async
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Person
from agents import runs
from agents.events import (
    Cancelled,
    Escalated,
    Event,
    Failed,
    Kept,
    Limited,
    Planned,
    Revised,
    Routed,
    Surveyed,
    Text,
    ToolCalled,
    ToolReturned,
)
from agents.models import Mode, Run


class Command(BaseCommand):
    help = "Ask the knowledge base a question."
    run: Run | None = None

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("question")
        parser.add_argument("--mode", choices=Mode.values, default=Mode.AUTO)
        parser.add_argument("--as", dest="username", default="admin", help="who asks (default: admin)")
        parser.add_argument("--as-of", type=date.fromisoformat, default=None, help="what was valid on this day")
        parser.add_argument("--json", action="store_true", help="print one JSON object at the end, and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        person = Person.objects.filter(username=options["username"]).first()
        if person is None:
            raise CommandError(f"There is nobody named {options['username']!r}. Name somebody with --as.")
        try:
            run = asyncio.run(self._ask(person, options))
        except KeyboardInterrupt:
            if self.run:
                runs.cancel(self.run)
            raise CommandError("Cancelled.") from None
        if options["json"]:
            self.stdout.write(json.dumps(_whole(run), ensure_ascii=False))
        else:
            for one in run.citations:
                page = f", page {one['page']}" if one["page"] else ""
                self.stdout.write(f"[{one['number']}] {one['title']}{page}: “{one['quote']}”")

    async def _ask(self, person: Person, options: dict[str, Any]) -> Run:
        try:
            self.run = run = await sync_to_async(runs.start)(
                person, options["question"], mode=options["mode"], as_of=options["as_of"]
            )
        except runs.QuestionError as error:
            raise CommandError(str(error)) from error
        async for _seq, event in runs.follow(run.pk):
            if isinstance(event, Failed):
                raise CommandError(f"{event.message_en}\n{event.message_zh}")
            if isinstance(event, Cancelled):
                raise CommandError("The run was cancelled.")
            if not options["json"]:
                self._show(event)
        return await runs.outcome(run.pk)

    def _show(self, event: Event) -> None:
        """One event for whoever watches: the answer on the standard output, the way to it on the standard error."""
        match event:
            case Text(text):
                self.stdout.write(text, ending="")
                self.stdout.flush()
            case Routed(mode, reason):
                self.stderr.write(f"→ {mode} ({reason})")
            case Escalated(reason):
                self.stderr.write(f"\n→ thinking: {reason}")
            case Kept(reason):
                self.stderr.write(f"\n→ the quick answer: {reason}")
            case Revised(added=added, removed=removed, changed=changed):
                self.stderr.write(f"\n  {len(added)} added, {len(removed)} removed, {len(changed)} changed")
            case Planned(steps):
                self.stderr.write("\n".join(f"  {number}. {step}" for number, step in enumerate(steps, 1)))
            case ToolCalled(_, name, arguments):
                self.stderr.write(f"  {name} {json.dumps(arguments, ensure_ascii=False)}")
            case ToolReturned(_, name, summary, found, error=error):
                self.stderr.write(f"  {name}: {error or f'{found} · {summary}'}")
            case Surveyed(checked, total, unreadable):
                self.stderr.write(f"  {checked} of {total} documents checked, {unreadable} could not be read")
            case Limited(limit):
                self.stderr.write(f"  limit: {limit}")
            case _ if event.kind == "finished":
                self.stdout.write("\n")


def _whole(run: Run) -> dict[str, Any]:
    return {
        "run": str(run.pk),
        "mode": run.road,
        "answer": run.answer,
        "citations": run.citations,
        "claims": run.claims,
        "conflicts": run.conflicts,
        "usage": run.usage,
    }
