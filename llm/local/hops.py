"""The next hop of a chain: what to look up with the names that the best evidence brings in."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .conversation import Source
from .entities import entities
from .features import names_of
from .ranking import Evidence
from .text import content_runs, question_terms, terms

_LOOKED_AT = 5
_NAMES = 4
_LONGEST = 60
# Words that stand this near to a name say what it is: "the television series Charmed", "led by Nadia Brandt".
_BEFORE, _AFTER = 45, 30
_NO_NAME = re.compile(
    r"(?:[\d\s.,:/-]+|(?:jan|febr)uary|march|april|may|june|july|august|(?:septem|octo|novem|decem)ber"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|inc|ltd|co|llc|gmbh|jr|sr|ii|iii)",
    re.IGNORECASE,
)
# "American", "Chinese", "Danish": they say what kind a thing is, not which one.
_DEMONYM = re.compile(
    r"\w+(?:ish|ese|[rixl]can|[^lr]ian|alian|tralian|azilian|arian|erian|orean|pean)"
    r"|english|french|dutch|german|greek|roman|swiss|hebrew|latin|arab|thai|turkish|czech",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Hop:
    """A search to make and how many passages of it are worth reading; or a document, found already, to read."""

    query: str
    limit: int
    document: int | None = None


def hops(question: str, ranked: Sequence[Evidence], sources: Sequence[Source]) -> list[Hop]:
    """Searches for what the best units leave open, with the likeliest of the names that they bring in.

    A document of that name is the next station more often than not; where there is none, a passage that has the name
    and the words still open is.
    """
    names = _bridges(question, ranked)
    found = {frozenset(terms(_without_aside(source.title))): source.document for source in sources}
    open_words = still_open(question, ranked[:1])
    told = [Hop(" ".join([*open_words, names[0]]), 3)] if names and open_words else []
    stations = [Hop(name, 2, found.get(frozenset(terms(name)))) for name in names[:_NAMES]]
    return [*stations[:1], *told, *stations[1:]]


def named_in(question: str) -> list[str]:
    """The names of a question that are worth a search of their own, where it has several."""
    found = [name for name in entities(question[:1].lower() + question[1:]) if _leads(name)]
    return found if len(found) > 1 else []


def still_open(question: str, best: Sequence[Evidence]) -> list[str]:
    """The question's words of which the best evidence says nothing, as they are written."""
    told = {term for evidence in best for term in terms(f"{evidence.unit.text} {evidence.unit.source.title}")}
    return [word for word in content_words(question) if not set(terms(word)) & told]


def content_words(text: str) -> list[str]:
    """The words of a question that carry its meaning, as they are written."""
    words = []
    for chunk in text.replace("?", " ").split():
        words += [chunk] if chunk.isascii() else content_runs(chunk)
    return [word for word in words if question_terms(word)]


def _bridges(question: str, ranked: Sequence[Evidence]) -> list[str]:
    """The names that the best units bring in, the likeliest links first.

    What a document says that the question names counts before what others say.
    """
    asked = set(question_terms(question))
    # What was asked of the thing, not its own name: that stands near everything that is said of it.
    telling = asked - names_of(question)
    worth: dict[str, float] = {}
    for text, weight in _leading(asked, ranked):
        for name in entities(text):
            said = frozenset(terms(name))
            if said <= asked or not _leads(name):
                continue
            worth[name] = max(worth.get(name, 0.0), weight * (0.5 + _said_near(name, text, telling)))
    fuller = [name for name in worth if not any(name != other and name in other for other in worth)]
    return sorted(fuller, key=lambda name: -worth[name])


def _leading(asked: set[str], ranked: Sequence[Evidence]) -> Iterator[tuple[str, float]]:
    """The texts in which to look for names, with what each counts."""
    about = {
        source.number
        for source in dict.fromkeys(evidence.unit.source for evidence in ranked)
        if (title := set(terms(_without_aside(source.title)))) and title <= asked
    }
    for place, evidence in enumerate(ranked):
        named = evidence.unit.source.number in about
        if named or place < _LOOKED_AT:
            yield evidence.unit.text, 2.0 / (1 + 0.1 * min(place, 10)) if named else 1.0 / (1 + 0.3 * place)


def _without_aside(title: str) -> str:
    return re.sub(r"\s*[(（][^)）]*[)）]", "", title)


def _said_near(name: str, text: str, telling: set[str]) -> int:
    """How many of the question's words stand near a name, or in it."""
    at = text.find(name)
    around = text[max(0, at - _BEFORE) : at + len(name) + _AFTER]
    return len(telling & set(terms(around)))


def _leads(name: str) -> bool:
    return 1 < len(name) <= _LONGEST and not _NO_NAME.fullmatch(name) and not _DEMONYM.fullmatch(name)
