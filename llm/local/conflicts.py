"""Documents that contradict each other: two amounts of the same kind for the same thing."""

from collections.abc import Sequence

from .quantities import amounts
from .ranking import Evidence

_CLOSE_BY = 10
_AS_WELL = 0.7


def contradicting(chosen: Sequence[Evidence], ranked: Sequence[Evidence]) -> list[Evidence]:
    """Another document's evidence that gives another amount of the same kind as the best one, or nothing."""
    best = chosen[0]
    ours = amounts(best.unit.text)
    if not ours or best.unit.kind == "row":
        return []
    kind, shown = (ours[0].unit, ours[0].per), {evidence.unit.source.document for evidence in chosen}
    for other in ranked[1:_CLOSE_BY]:
        theirs = amounts(other.unit.text)
        if (
            kind[0]
            and theirs
            and other.unit.source.document not in shown
            and other.coverage >= _AS_WELL * best.coverage
            and (theirs[0].unit, theirs[0].per) == kind
            and theirs[0].value != ours[0].value
        ):
            return [other]
    return []
