"""Which pairs of sentences are shown as contradicting each other, and which are not: `python -m bench conflicts`.

Pairs are written by hand, in files beside this one: real contradictions, and what only looks like one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.disagreements import Saying, contradict


@dataclass(frozen=True)
class Pair:
    """Two documents' sentences, whether they contradict each other, and of what kind that is."""

    one: Saying
    other: Saying
    contradict: bool
    kind: str


def pairs(path: Path) -> list[Pair]:
    """The pairs of a file: `+ kind` or `- kind`, and under it two lines `title | sentence`."""
    lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("# ")]
    found: list[Pair] = []
    for at in range(0, len(lines), 3):
        mark, kind = lines[at][0], lines[at][2:]
        one, other = (_saying(number, line) for number, line in enumerate(lines[at + 1 : at + 3], 1))
        found.append(Pair(one, other, mark == "+", kind))
    return found


def _saying(document: int, line: str) -> Saying:
    title, _, text = line.partition(" | ")
    return Saying(document, document, None, 0, len(text), text, title, "")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench conflicts", description=__doc__)
    parser.add_argument("--show", action="store_true", help="print the pairs that were judged wrongly")
    options = parser.parse_args(arguments)
    for path in sorted(Path(__file__).parent.glob("*.txt")):
        found = [(pair, contradict(pair.one, pair.other)) for pair in pairs(path)]
        right = sum(pair.contradict and shown for pair, shown in found)
        precision = right / max(1, sum(shown for _, shown in found))
        recall = right / max(1, sum(pair.contradict for pair, _ in found))
        sys.stdout.write(f"{path.stem:10} {len(found):4} pairs   precision {precision:.3f}   recall {recall:.3f}\n")
        for pair, shown in found if options.show else ():
            if shown is not pair.contradict:
                sys.stdout.write(f"  {'false alarm' if shown else 'missed'} {pair.kind}\n")
                sys.stdout.writelines(f"    {one.title} | {one.text}\n" for one in (pair.one, pair.other))
    return 0
