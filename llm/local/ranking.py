"""Which units of the sources answer a question best, and whether they answer it at all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .certainty import SURE, certainty
from .conversation import Source
from .features import FEATURES, Query, features
from .messages import asks_writer
from .text import Language, bare, language_of, terms
from .units import Unit, units

_WORD_TERMS = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """A unit with its score, the question's terms it holds, and the share (0 to 1) covered with its surroundings.

    `also` are the numbers of sources of other documents that say the very same; `typed` says whether the unit holds
    something of the type asked for.
    """

    unit: Unit
    score: float
    coverage: float
    held: frozenset[str] = frozenset()
    also: tuple[int, ...] = ()
    typed: bool = True


@dataclass(frozen=True, slots=True)
class Ranking:
    """The units of the sources, best first, and how sure it is that they answer the question (see `answers`)."""

    evidence: tuple[Evidence, ...]
    confidence: float
    language: Language

    @property
    def answers(self) -> bool:
        """Whether the sources answer the question at all."""
        return self.answers_on(0)

    def answers_on(self, margin: float) -> bool:
        """Whether they do by at least so much more than is needed."""
        return bool(self.evidence) and self.confidence >= SURE + margin


def rank(query: Query, sources: Sequence[Source]) -> Ranking:
    """All units of the sources, best first."""
    language = language_of(query.text)
    pool = [unit for source in sources for unit in units(source) if unit.kind != "heading" and _can_tell(unit, query)]
    if asks_writer(query.text):
        pool = [replace(unit, writer=unit.writer or unit.sender) for unit in pool]
    if not pool or not query.weights:
        return Ranking((), 0.0, language)
    figures = features(query, pool, sources)
    covered = figures.table[:, :3].sum(axis=1)
    order = np.argsort(-figures.scores, kind="stable")
    confidence = certainty(query, pool, sources, figures, order)
    asked, typed = frozenset(query.weights), figures.table[:, FEATURES.index("typed")] >= 1
    evidence = tuple(
        Evidence(
            pool[i],
            float(figures.scores[i]),
            float(covered[i]),
            asked.intersection(terms(pool[i].text)),
            typed=bool(typed[i]),
        )
        for i in order
    )
    return Ranking(_each_once(evidence), confidence, language)


def _each_once(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """What several units say word for word, once: as the best of them, with the other documents that say it."""
    said: dict[tuple[str, ...], list[Evidence]] = {}
    for one in evidence:
        unit = one.unit
        # A few words alone ("Yes", "see above") mean what stands over them.
        key = () if len(terms(unit.text)) > _WORD_TERMS else (unit.heading, unit.lead, unit.source.title)
        said.setdefault((bare(unit.text), *unit.header, *key), []).append(one)
    return tuple(replace(same[0], also=_others(same)) if len(same) > 1 else same[0] for same in said.values())


def _others(same: Sequence[Evidence]) -> tuple[int, ...]:
    """The first source of each further document."""
    numbers = {one.unit.source.document or -one.unit.source.number: one.unit.source.number for one in reversed(same)}
    return tuple(sorted(number for number in numbers.values() if number != same[0].unit.source.number))


def _can_tell(unit: Unit, query: Query) -> bool:
    """Whether a unit can answer at all: one word, as menus and lists have them, tells nobody how to do something."""
    return query.kind != "procedure" or unit.kind == "row" or len(terms(unit.text)) > _WORD_TERMS
