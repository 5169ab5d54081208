"""Ask golden questions and judge the answers: `manage.py evaluate_golden samples/golden.jsonl`."""

import asyncio
import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.models import Person
from agents import runs
from agents.events import ToolCalled
from agents.golden import GoldenQuestion, Judgement, Outcome, as_json, judge, parse, tally
from agents.models import Conversation, Mode
from kb.access import acting_as
from kb.models import DocumentVersion


class Command(BaseCommand):
    help = "Ask golden questions as the people they name, and judge facts, cited files and declining."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", default=settings.BASE_DIR / "samples" / "golden.jsonl")
        parser.add_argument("--mode", choices=Mode.values, default=Mode.AUTO)
        parser.add_argument("--only", help="ask only questions whose id starts with this")
        parser.add_argument("--json", action="store_true", help="print one JSON object last")

    def handle(self, *args: Any, file: Path, mode: str, only: str | None, **options: Any) -> None:
        try:
            questions = parse(file.read_text(encoding="utf-8").splitlines())
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        questions = [question for question in questions if question.id.startswith(only or "")]
        people = {
            person.username: person for person in Person.objects.filter(username__in={q.person for q in questions})
        }
        if missing := sorted({question.person for question in questions} - set(people)):
            raise CommandError(f"There is nobody named {', '.join(missing)}. Run `manage.py load_samples` first.")
        judgements = []
        for question in questions:
            judgement = judge(question, asyncio.run(ask(people[question.person], question, mode)))
            judgements.append(judgement)
            self.report(judgement)
        counts = as_json(tally(judgements))
        for kind, count in counts.items():
            self.stdout.write(f"{kind:8} {count}")
        if options["json"]:
            self.stdout.write(json.dumps(counts))

    def report(self, judgement: Judgement) -> None:
        question, outcome = judgement.question, judgement.outcome
        mark = "right" if judgement.right else "WRONG"
        self.stdout.write(f"{mark} {question.id} [{outcome.road}, {outcome.seconds:.2f} s] {question.question}")
        if not judgement.right:
            wanted = [" or ".join(entry) for entry in question.answer_contains]
            self.stdout.write(f"      sources {judgement.sources}, facts {judgement.facts}, wanted {wanted}")
            self.stdout.write(f"      cited {sorted(set(outcome.cited_files))}\n      {outcome.answer[:600]!r}")


async def ask(person: Person, question: GoldenQuestion, mode: str) -> Outcome:
    """Ask one question as its person and wait for the outcome; the conversation is removed afterwards."""
    run = await sync_to_async(runs.start)(person, question.question, mode=mode, as_of=question.as_of)
    tools = [event.name async for _seq, event in runs.follow(run.pk) if isinstance(event, ToolCalled)]
    run = await runs.outcome(run.pk)
    seconds = (run.finished_at - run.created_at).total_seconds() if run.finished_at else 0.0
    cited = await sync_to_async(cited_files)(person, [citation["version"] for citation in run.citations])
    await Conversation.objects.filter(pk=run.conversation_id).adelete()
    return Outcome(run.answer, tuple(cited), run.road, tuple(tools), seconds)


def cited_files(person: Person, versions: list[int]) -> list[str]:
    with acting_as(person):
        return list(DocumentVersion.objects.filter(pk__in=versions).values_list("filename", flat=True))
