"""Two runs of an evaluation set, question by question: what became better, what became worse."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kb.models_evaluation import QuestionResult

Verdict = Literal["better", "worse", "same", "new"]
ORDER: tuple[Verdict, ...] = ("worse", "better", "new", "same")
NOTICED = 0.005
"""A smaller difference of nDCG is none."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A question's result, the same question's in another run, and how the first looks beside the second."""

    now: QuestionResult
    before: QuestionResult | None
    verdict: Verdict


def paired(now: Sequence[QuestionResult], before: Sequence[QuestionResult]) -> list[Pair]:
    """Each result beside that of the other run, what became worse first."""
    earlier = {one.question_id: one for one in before}
    pairs = [Pair(one, other := earlier.get(one.question_id), _verdict(one, other)) for one in now]
    return sorted(pairs, key=lambda pair: ORDER.index(pair.verdict))


def counted(pairs: Sequence[Pair]) -> dict[Verdict, int]:
    """How many questions have which verdict."""
    counts = Counter(pair.verdict for pair in pairs)
    return {verdict: counts[verdict] for verdict in ORDER}


def _verdict(now: QuestionResult, before: QuestionResult | None) -> Verdict:
    """By the answer where both runs have one, else by the documents found."""
    if before is None:
        return "new"
    if now.judged is not None and before.judged is not None:
        difference = float(now.judged["right"]) - float(before.judged["right"])
        if difference:
            return "better" if difference > 0 else "worse"
    difference = (now.ndcg or 0.0) - (before.ndcg or 0.0)
    if abs(difference) < NOTICED:
        return "same"
    return "better" if difference > 0 else "worse"
