"""How well the router tells questions that need several steps: `evaluate_routing FILE [--json]`."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from agents.router import route

LABELS = ("fast", "thinking")


class Command(BaseCommand):
    help = "Compare the router with labelled questions (BEIR queries.jsonl with metadata.label)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="queries.jsonl: text and metadata.label per line")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        figures = evaluate(_read(options["file"]))
        if options["json"]:
            self.stdout.write(json.dumps(figures))
            return
        self.stdout.write(f"accuracy {figures['accuracy']:.3f}\nmacro F1 {figures['macro_f1']:.3f}")
        for source, accuracy in figures["by_source"].items():
            self.stdout.write(f"  {source}: {accuracy:.3f}")


def _read(path: Path) -> list[tuple[str, str, str]]:
    """Text, label and source of each question."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            label = row["metadata"]["label"]
            rows.append((row["text"], label, row["metadata"].get("source", "")))
        except (ValueError, KeyError, TypeError) as error:
            raise CommandError(f"Line {number} of {path} is not a question with metadata.label.") from error
        if label not in LABELS:
            raise CommandError(f"Line {number} of {path}: the label is {label!r}. Use fast or thinking.")
    if not rows:
        raise CommandError(f"{path} holds no questions.")
    return rows


def evaluate(rows: list[tuple[str, str, str]]) -> dict[str, Any]:
    """Accuracy, F1 averaged over both labels, and accuracy by the questions' source."""
    counts: Counter[tuple[str, str]] = Counter()
    by_source: defaultdict[str, list[bool]] = defaultdict(list)
    for text, label, source in rows:
        road, _reason = route(text)
        counts[label, road] += 1
        by_source[source].append(road == label)
    return {
        "accuracy": sum(counts[label, label] for label in LABELS) / len(rows),
        "macro_f1": sum(_f1(counts, label) for label in LABELS) / len(LABELS),
        "by_source": {source: sum(right) / len(right) for source, right in sorted(by_source.items())},
    }


def _f1(counts: Counter[tuple[str, str]], label: str) -> float:
    right = counts[label, label]
    told = sum(count for (_, road), count in counts.items() if road == label)
    there = sum(count for (true, _), count in counts.items() if true == label)
    return 2 * right / (told + there) if told + there else 0.0
