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
        self.stdout.write(f"{'source':20} questions accuracy f1_fast f1_thinking macro_f1")
        for source, row in [*figures["by_source"].items(), ("all", figures)]:
            self.stdout.write(
                f"{source:20} {row['questions']:9} {row['accuracy']:8.3f} {_shown(row['f1']['fast']):>7} "
                f"{_shown(row['f1']['thinking']):>11} {row['macro_f1']:8.3f}"
            )


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
    """Accuracy and F1 of all questions, and the same by their source.

    A label that neither occurs nor is given among the questions has no F1 (None) and does not count in the mean.
    """
    counts: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for text, label, source in rows:
        road, _reason = route(text)
        counts[source][label, road] += 1
    by_source = {source: _figures(counts[source]) for source in sorted(counts)}
    return {**_figures(sum(counts.values(), Counter())), "by_source": by_source}


def _figures(counts: Counter[tuple[str, str]]) -> dict[str, Any]:
    """Figures from how often questions with each label were sent to each road."""
    f1 = {label: _f1(counts, label) for label in LABELS}
    known = [value for value in f1.values() if value is not None]
    return {
        "questions": counts.total(),
        "accuracy": sum(counts[label, label] for label in LABELS) / counts.total(),
        "f1": f1,
        "macro_f1": sum(known) / len(known),
    }


def _f1(counts: Counter[tuple[str, str]], label: str) -> float | None:
    told = sum(count for (_, road), count in counts.items() if road == label)
    there = sum(count for (true, _), count in counts.items() if true == label)
    return 2 * counts[label, label] / (told + there) if told + there else None


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
