"""How many planted falsehoods are marked, and how many true sentences are wronged: `python -m bench falsehoods`.

Every third sentence of an answer is made false in one place. Sentences come from the sample company, from rules made up
for the purpose, which are said in other words, shorter, rounded, joined and in the other language as well, and, where
they are there, from BEIR folders (by default the sets in ../shared/data). Besides, statements written by hand, true and
false, about texts of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agents.checks import Evidence, check
from agents.citations import align
from agents.events import Citation
from agents.sentences import sentences
from bench.falsehoods.planting import KINDS, planted
from bench.falsehoods.rules import rules
from bench.falsehoods.written import statements

HERE = Path(__file__).resolve().parent.parent.parent
SHARED = Path(os.environ.get("ZHINANG_SHARED", HERE.parent / "shared")) / "data"
_HAN = re.compile(r"[\u4e00-\u9fff]")
_FACTUAL = re.compile(r"\d|[a-z] [A-Z]|[不未无禁]|\bnot\b|[二两三四五六七八九十][年个天周]")


@dataclass(frozen=True)
class Said:
    """One sentence of an answer about passages: how it was made, and what was planted in it ("" when it is true)."""

    text: str
    passages: tuple[str, ...]
    way: str
    kind: str = ""

    @property
    def language(self) -> str:
        return "zh" if _HAN.search(self.text) else "en"


@dataclass
class Report:
    """Counts by (planted kind or "true: way", language, support)."""

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    wrong: list[tuple[str, str, Said]] = field(default_factory=list)

    def add(self, said: Said, support: str, reason: str) -> None:
        self.counts[said.kind or f"true: {said.way}", said.language, support] += 1
        if (support == "unsupported") is not bool(said.kind):
            self.wrong.append((support, reason, said))

    def share(self, *, false: bool) -> float:
        """The share of false, or of true, sentences that were marked unsupported."""
        rows = [
            (support, count)
            for (kind, _, support), count in self.counts.items()
            if kind.startswith("true") is not false
        ]
        return sum(count for support, count in rows if support == "unsupported") / max(
            1, sum(count for _, count in rows)
        )

    def lines(self) -> Iterator[str]:
        """The confusion table."""
        yield f"{'':24}{'':4}{'unsupported':>13}{'weak':>8}{'supported':>11}"
        for kind, language in sorted({(kind, language) for kind, language, _ in self.counts}):
            row = [self.counts[kind, language, support] for support in ("unsupported", "weak", "supported")]
            yield f"{kind:24}{language:4}{row[0]:13}{row[1]:8}{row[2]:11}"


def judge(said: Said) -> tuple[str, str]:
    """What the product says of the sentence when an answer cites it with the passages it was made from."""
    citations, passages = [], {}
    for number, passage in enumerate(said.passages, 1):
        span = align(said.text, passage)
        quote = passage[span.start : span.end]
        citations.append(Citation(number, number, number, None, span.start, span.end, quote, "Rules"))
        passages[number] = passage
    marks = "".join(f"[{one.number}]" for one in citations)
    stop = re.search(r"[.。!！]?$", said.text)
    at = stop.start() if stop else len(said.text)
    claims = check(f"{said.text[:at]} {marks}{said.text[at:]}", Evidence(citations, passages)).claims
    if not claims:
        return "none", ""
    order = ("unsupported", "weak", "supported")
    worst = min(claims, key=lambda claim: order.index(claim.support))
    return worst.support, worst.reason


def measure(said: Sequence[Said]) -> Report:
    report = Report()
    for one in said:
        support, reason = judge(one)
        if support != "none":
            report.add(one, support, reason)
    return report


def answer(statements: Sequence[Said], chance: random.Random) -> list[Said]:
    """The statements with every third made false, each time by another kind of change where it has such a thing."""
    out: list[Said] = []
    turn = 0
    for i, one in enumerate(statements):
        changed: Said | None = None
        if i % 3 == 2:
            for offset in range(len(KINDS)):
                kind = KINDS[(turn + offset) % len(KINDS)]
                text = planted(one.text, kind, one.language == "zh", chance)
                if text:
                    changed, turn = Said(text, one.passages, one.way, kind), turn + offset + 1
                    break
        out.append(changed or one)
    return out


def company() -> list[Said]:
    """Sentences of the sample company's own texts."""
    texts = [path.read_text("utf-8") for path in sorted((HERE / "samples" / "texts").glob("**/*.md"))]
    return [one for text in texts for one in literal(text)]


def literal(text: str) -> Iterator[Said]:
    """The factual sentences of a text as they stand, each with the passage around it."""
    for passage in re.split(r"\n(?=#)", text):
        for span in sentences(passage, clauses=False):
            sentence = passage[span.start : span.end]
            if (
                12 <= len(sentence) <= 400
                and _FACTUAL.search(sentence)
                and sentence[0] not in "#|"
                and sentence[-1] in ".。"
            ):
                yield Said(sentence, (passage,), "literal")


def made_up(count: int, chance: random.Random) -> list[Said]:
    """Rules as they stand, in other words, shorter or rounded, joined, and across the languages."""
    drawn = rules(count, chance)
    out: list[Said] = []
    for i, rule in enumerate(drawn):
        neighbours = [drawn[(i + j) % len(drawn)] for j in (3, 7)]
        for own, other in ((rule.en, rule.zh), (rule.zh, rule.en)):
            chinese = own is rule.zh
            beside = [one.zh[0] if chinese else one.en[0] for one in neighbours]
            passage = ("" if chinese else " ").join([beside[0], own[0], beside[1]])
            out += [
                Said(own[0], (passage,), "literal"),
                Said(own[1], (passage,), "paraphrase"),
                Said(own[2], (passage,), "shortened"),
                Said(other[0], (own[0],), "translated"),
                Said(_joined(own[2], beside[0], chinese), (passage, beside[0]), "joined"),
            ]
    return out


def _joined(one: str, other: str, chinese: bool) -> str:
    if chinese:
        return f"{one.rstrip('。')}，{other}"
    return f"{one.rstrip('.')}, and {other if other[:5] in ('Sales', 'In ') else other[0].lower() + other[1:]}"


def folder(path: Path, limit: int) -> list[Said]:
    """Sentences of a BEIR folder's documents."""
    out: list[Said] = []
    with (path / "corpus.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            out += list(literal(json.loads(line)["text"]))[:2]
            if len(out) >= limit:
                break
    return out


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench falsehoods", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, metavar="DIR", help="BEIR folders; by default ../shared/data")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print N sentences that were judged wrongly")
    options = parser.parse_args(arguments)
    chance = random.Random(options.seed)  # noqa: S311 - a repeatable draw
    parts = {"company": company(), "made up": made_up(60, chance)}
    for path in options.folders or sorted(path.parent for path in SHARED.glob("*/corpus.jsonl")):
        parts[path.name] = folder(path, 600)
    answers = {name: answer(said, chance) for name, said in parts.items()}
    for path in sorted(Path(__file__).parent.glob("*.txt")):
        written = [Said(one.text, (one.passage,), "by hand", one.kind) for one in statements(path)]
        answers[f"by hand: {path.stem}"] = written
    whole = Report()
    for name, said in answers.items():
        report = measure(said)
        whole.counts += report.counts
        whole.wrong += report.wrong
        sys.stdout.write(
            f"{name:20} {sum(report.counts.values()):6} sentences   false ones marked {report.share(false=True):.3f}   "
            f"true ones marked {report.share(false=False):.3f}\n"
        )
    sys.stdout.write("\n".join(whole.lines()) + "\n")
    for support, reason, one in chance.sample(whole.wrong, min(options.show, len(whole.wrong))):
        sys.stdout.write(f"\n{one.kind or 'true: ' + one.way} -> {support} {reason}\n  {one.text}\n")
        for passage in one.passages:
            span = align(one.text, passage)
            sys.stdout.write(f"  < {passage[span.start : span.end]}\n")
    figures = {"false_marked": whole.share(false=True), "true_marked": whole.share(false=False)}
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0
