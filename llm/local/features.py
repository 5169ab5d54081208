"""What is weighed of each unit of the sources beside a question: a row of figures, the same for every unit."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .abbreviations import abbreviated
from .conversation import Source
from .dates import CLOCK, MONTHS, WEEKDAYS
from .embedder import embedder, word_vector
from .glossary import place_names, translations
from .keys import BY_NAME, is_asked_row, keyed
from .messages import asks_writer
from .premises import Standing, keeps, premises
from .prices import asks_sum, tells_sum
from .questions import YEAR, AnswerType, answer_type, asks_year, holds_answer
from .relations import asked_relation, in_relation, relation_terms, relations
from .text import language_of, question_terms, surfaces, terms
from .units import Unit

Array = NDArray[np.float64]

# A word counts as another way to say a question's word from this likeness of their vectors on: "wrote" for "author".
_ALIKE = 0.45
_CLOSED = re.compile(r"[.!?;:。！？；：…][\"'”’」』)）\]]*$")
_TRANSLATED = 0.9
_CALENDAR = re.compile(rf"(?:{MONTHS}|(?:{WEEKDAYS})s?|I)\b")
# "How large" asks for a number, and no answer says "large".
_SIZE = re.compile(r"\bhow (large|big|high|tall|deep|wide|heavy|old|fast|soon|early|late|expensive)\b", re.IGNORECASE)
_FOR_ALL = re.compile(
    r"\b(?:applies|valid|holds) (?:to|for|in) (?:all|every) "
    r"(?:offices?|sites?|locations?|branch(?:es)?|compan(?:y|ies))\b"
    r"|适用于(?:所有|全部|各)(?:办公室|分公司|公司|地区|办事处)",
    re.IGNORECASE,
)
# A key that is but a name counts in full where what stands over the row holds this share of the question.
_TOPICAL = 0.3
# A later mail takes the place of an earlier one where it holds this much of what that holds of the question.
_AS_WELL = 0.6
# What a number counts that may be a price, against one with its currency.
_BARE_NUMBER = 0.5
# By how much of the question more a passage in another language has to hold than those in the question's own.
_MUCH_THE_SAME = 0.1
_SCOPE = re.compile(
    r"^(?:under|according to|as per|per|in accordance with) [^,?]{3,60},"
    r"|^(?:根据|按照|按|依据|依照)[^，,？?]{2,30}[，,]"
    r"|^\d{4}年(?:的时候|起|以来|版)?[，,]",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?:(?<=[\w,;'] )|(?<=[\u3400-\u9fff]))[A-Z][\w'’-]*|\d[\w.,]*")


@dataclass(frozen=True, slots=True)
class Query:
    """A question ready for ranking: its text, its terms with their importance, and its answer's type.

    `held` is the share (0 to 1) of its words that some source holds, as a search of the whole library weighs them.
    """

    text: str
    weights: dict[str, float]
    kind: AnswerType
    held: float = 1.0


def make_query(question: str, before: str = "", emphasis: str = "", held: float = 1.0) -> Query:
    """A query from a question; `before` is the question it follows up, whose terms then count by half.

    The terms of `emphasis` count double: what one part of a comparison is about.
    """
    weights = dict.fromkeys(question_terms(question), 1.0)
    if scope := _SCOPE.match(question):
        # Where a question says which document or time it means, that says little of what it asks.
        asked = set(question_terms(question[scope.end() :]))
        weights |= {term: 0.15 for term in weights if term not in asked}
    if size := _SIZE.search(question):
        weights |= {term: 0.2 for term in question_terms(size.group(1)) if term in weights}
    for term in question_terms(emphasis):
        weights[term] = 2.0
    for term in question_terms(before):
        weights.setdefault(term, 0.5)
    for term in weights:
        if "\u3400" <= term[0] <= "\u9fff" and len(term) == 1:
            weights[term] *= 0.4
    return Query(question, weights, answer_type(question, language_of(question)), held)


FEATURES = (
    "own", "over", "near", "passage", "pairs", "alike", "passage_alike", "names", "typed", "first", "bare", "keyed",
    "no_year", "nameless", "earlier", "contrary", "foreign",
)  # fmt: skip
# Fitted (softmax over the units of public reading sets in English and Chinese) and rounded.
_SCORE: Array = np.array([8.0, 6.7, 2.85, 3.0, 1.4, 1.25, 4.4, 0.0, 1.5, 1.6, -1.2, 2.5, -5.0, 0.0, -3.5, -7.0, -1.0])
WORTH = dict(zip(FEATURES, _SCORE.tolist(), strict=True))
"""What each feature adds to a unit's score."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was weighed, as arrays: `table` has a row a unit and a column for each of FEATURES, `scores` their sums.

    `around` and `shares` have a row a unit and a column a term of the question: how well it is held in and around the
    unit (0 to 1), and what it counts there. `held` has a row a source; `places` are the rows of the units' sources.
    `standings` say how each unit stands to what the question takes for given.
    """

    table: Array
    around: Array
    shares: Array
    held: Array
    places: NDArray[np.int_]
    standings: tuple[Standing, ...]

    @property
    def scores(self) -> Array:
        """How well each unit answers the question beside the others."""
        scores: Array = self.table @ _SCORE
        return scores


def features(query: Query, pool: Sequence[Unit], sources: Sequence[Source]) -> Figures:
    """One row a unit, one column for each of FEATURES.

    The question's terms held by the unit itself, by what stands over it, by its neighbours and anywhere in its passage;
    neighbouring terms kept together; likeness of its vector and of the best one in its passage; the question's
    names found nearby; something of the answer's type; how early the source came; no sentence but a title or a footer;
    a row or line whose key the question names; no year where a year is asked for; the share of the question's proper
    names that neither the passage nor what stands over the document mentions; part of a mail that a later one answers;
    another year or another number of the thing that the question names; another language than the question's, where a
    passage in that holds as much of it.
    """
    asked = list(query.weights)
    texts = [unit.text for unit in pool]
    own, over = matches(query, asked, texts), matches(query, asked, [standing_over(unit) for unit in pool])
    foreign, in_rows = _foreign(query, pool), np.array([unit.kind == "row" for unit in pool], dtype=np.bool_)
    weights = _weigh(query, asked, own, foreign)
    near = _neighbours(own, pool)
    around = np.maximum(np.maximum(own, over), near)
    named = _names(query.text, asked)
    place = {source.number: position for position, source in enumerate(sources)}
    places = np.array([place[unit.source.number] for unit in pool])
    vectors = embedder().embed([query.text, *texts])
    alike = vectors[1:] @ vectors[0]
    topical = np.minimum(1.0, _covered(np.clip(over - own, 0, 1), weights) / _TOPICAL)
    held, liked = np.zeros((len(sources), len(asked))), np.zeros(len(sources))
    np.maximum.at(held, places, np.maximum(own, over))
    np.maximum.at(liked, places, alike)
    own_share = _covered(own, weights)
    named_writer = asks_writer(query.text)
    asked_for = premises(query.text, query.kind)
    standings = tuple(keeps(unit, asked_for) for unit in pool)
    typed = np.array(
        [
            (1.0 if named_writer and unit.writer is not None else _may_answer(unit, query))
            + 0.6 * is_asked_row(unit, query.text) * about
            for unit, about in zip(pool, topical, strict=True)
        ]
    )
    table: Array = np.column_stack(
        (
            own_share,
            _covered(np.clip(over - own, 0, 1), weights),
            _covered(np.clip(near - np.maximum(own, over), 0, 1), weights),
            _covered(held[places], weights),
            _pairs(query.text, texts),
            alike,
            liked[places],
            around[:, named].mean(axis=1) if named.any() else np.full(len(pool), 0.85),
            typed,
            1 / (1 + places),
            [unit.kind == "sentence" and not _CLOSED.search(unit.text) for unit in pool],
            [
                BY_NAME * about if key == BY_NAME else key
                for key, about in zip(keyed(query.text, frozenset(query.weights), pool), topical, strict=True)
            ],
            [asks_year(query.text) and not YEAR.search(unit.text) for unit in pool],
            _nameless(query, pool, np.maximum(own, over), _unmentioned(query, asked, held, sources)[places]),
            _answered_later(pool, own_share),
            [standing == "other" for standing in standings],
            _no_better(foreign & ~in_rows, typed, _covered(held[places], weights)),
        )
    )
    return Figures(table, around, weights, held, places, standings)


def _nameless(query: Query, pool: Sequence[Unit], own_or_over: Array, unmentioned: NDArray[np.bool_]) -> Array:
    """For each unit the share of the question's proper names that neither its source nor what is over it mentions.

    A row does not mention what only other rows of its table say.
    """
    proper = proper_names(query.text)
    named = np.array([term in proper for term in query.weights], dtype=np.bool_)
    if not named.any():
        return np.zeros(len(pool))
    missing = unmentioned.copy()
    absent = own_or_over[:, named] < _TRANSLATED
    tables: dict[tuple[int, tuple[str, ...]], list[int]] = {}
    for index, unit in enumerate(pool):
        if unit.kind == "row":
            tables.setdefault((unit.source.document, unit.header), []).append(index)
    for rows in tables.values():
        missing[rows] |= absent[rows] & ~absent[rows].all(axis=0)
    shares: Array = missing.mean(axis=1)
    return shares


def _unmentioned(query: Query, asked: Sequence[str], held: Array, sources: Sequence[Source]) -> NDArray[np.bool_]:
    """For each source which of the question's proper names and clock times it does not mention.

    What a document says before its first chapter holds for all of it; if it is for everybody, no name is missed.
    """
    proper = proper_names(query.text)
    named = np.array([term in proper for term in asked], dtype=np.bool_)
    whole = held.copy()
    for row, source in enumerate(sources):
        heads = [i for i, s in enumerate(sources) if s.document == source.document and " > " not in s.section]
        whole[row] = np.max([held[row], *(held[i] for i in heads)], axis=0)
        if any(_FOR_ALL.search(sources[i].text) for i in heads):
            whole[row] = 1.0
    missing: NDArray[np.bool_] = whole[:, named] < _TRANSLATED
    return missing


def _no_better(foreign: NDArray[np.bool_], typed: Array, passage: Array) -> NDArray[np.bool_]:
    """Which units are in another language than the question though a passage in its own holds much the same of it, and
    something of the type asked for."""
    own = passage[~foreign & (typed >= 1)].max(initial=0.0)
    better: NDArray[np.bool_] = foreign & (passage <= own + _MUCH_THE_SAME)
    return better


def _may_answer(unit: Unit, query: Query) -> float:
    """Whether a unit holds something of the type asked for, or of the relation; where a price is asked, less without a
    sum of money."""
    if relation := asked_relation(query.text):
        return float(relation in relations(unit.text))
    found = holds_answer(unit.text, query.kind, query.text)
    return _BARE_NUMBER * found if asks_sum(query.text) and not tells_sum(unit, query.text) else float(found)


def standing_over(unit: Unit) -> str:
    source = unit.source
    return " ".join((source.title, source.section, source.date[:4], unit.heading, unit.lead, *unit.header))


def matches(query: Query, asked: Sequence[str], texts: Sequence[str]) -> Array:
    """How well each text holds each term of the question, 0 to 1: 1 for the term, less for a word like it."""
    bags = [frozenset(terms(text)) for text in texts]
    found = np.array([[float(term in bag) for term in asked] for bag in bags]).reshape(len(texts), len(asked))
    for column, alternatives in ((asked.index(t), a) for t, a in translations(query.text).items() if t in asked):
        for row, bag in enumerate(bags):
            if any(bag.issuperset(stems) for stems in alternatives):
                found[row, column] = max(found[row, column], _TRANSLATED)
    for column, (pattern, worth) in ((asked.index(t), p) for t, p in abbreviated(query.text).items() if t in asked):
        for row, text in enumerate(texts):
            if found[row, column] < worth and pattern.search(text):
                found[row, column] = worth
    _match_alike(query, asked, texts, found)
    if related := [asked.index(term) for term in relation_terms(query.text) if term in asked]:
        own = (language_of(text) == language_of(query.text) for text in texts)
        told = [same and said for same, said in zip(own, in_relation(query.text, texts), strict=True)]
        found[np.ix_(told, related)] = _TRANSLATED
    return found


def _match_alike(query: Query, asked: Sequence[str], texts: Sequence[str], found: Array) -> None:
    """Raise in `found` the English terms for which a text has a word that is like them."""
    words = surfaces(query.text)
    latin = [column for column, term in enumerate(asked) if term in words and term.isalpha()]
    vocabulary: dict[str, int] = {}
    members = [
        [vocabulary.setdefault(word, len(vocabulary)) for term, word in surfaces(text).items() if term.isalpha()]
        for text in texts
    ]
    if not latin or not vocabulary:
        return
    ours = np.stack([word_vector(words[asked[column]])[0] for column in latin])
    likeness = np.stack([word_vector(word)[0] for word in vocabulary]) @ ours.T
    likeness[likeness < _ALIKE] = 0
    for row, inside in enumerate(members):
        if inside:
            found[row, latin] = np.maximum(found[row, latin], likeness[inside].max(axis=0))


def _weigh(query: Query, asked: Sequence[str], own: Array, foreign: NDArray[np.bool_]) -> Array:
    """Each term's share of the question's weight, a row for each unit.

    A term weighs more when it is rare among the units at hand, and by the length of its vector. Where a unit is in
    another language, terms that could not have been recognised in it weigh little.
    """
    count = len(own)
    frequency = (own >= _TRANSLATED).sum(axis=0)
    weights = np.log(1 + (count - frequency + 0.5) / (frequency + 0.5))
    weights *= [query.weights[term] for term in asked]
    words = surfaces(query.text)
    weights *= [min(word_vector(words[term])[1], 25.0) / 12 if term in words else 1.0 for term in asked]
    known = translations(query.text)
    crossing = np.array(
        [term in known or term[0] == "@" or (term.isascii() and term in names_of(query.text)) for term in asked]
    )
    table = np.where(foreign[:, None] & ~crossing, weights * 0.2, weights)
    shares: Array = table / np.maximum(table.sum(axis=1, keepdims=True), 1e-9)
    return shares


def _foreign(query: Query, pool: Sequence[Unit]) -> NDArray[np.bool_]:
    language = language_of(query.text)
    return np.array([language_of(unit.text) != language for unit in pool], dtype=np.bool_)


def _covered(held: Array, weights: Array) -> Array:
    covered: Array = (held * weights).sum(axis=1)
    return covered


def _answered_later(pool: Sequence[Unit], own: Array) -> list[bool]:
    """Whether each unit is part of a mail in whose place a later one speaks: of much the same as this unit."""
    latest: dict[int, float] = {}
    for unit, share in zip(pool, own, strict=True):
        if not unit.earlier:
            latest[unit.source.document] = max(latest.get(unit.source.document, 0.0), float(share))
    return [
        unit.earlier and latest.get(unit.source.document, 0.0) >= _AS_WELL * share
        for unit, share in zip(pool, own, strict=True)
    ]


def _neighbours(own: Array, pool: Sequence[Unit]) -> Array:
    near = np.zeros_like(own)
    for index in range(len(pool) - 1):
        if pool[index].source.number == pool[index + 1].source.number:
            near[index] = np.maximum(near[index], own[index + 1])
            near[index + 1] = np.maximum(near[index + 1], own[index])
    return near


def _pairs(question: str, texts: Sequence[str]) -> list[float]:
    """The share of the question's neighbouring terms that are neighbours in each text."""
    said = terms(question)
    asked = set(pairwise(said))
    if not asked:
        return [0.0] * len(texts)
    return [len(asked & set(pairwise(terms(text)))) / len(asked) for text in texts]


def _names(question: str, asked: Sequence[str]) -> NDArray[np.bool_]:
    """Which terms are names or numbers: capitalised inside the question, or with digits."""
    named = names_of(question)
    return np.array([term in named for term in asked], dtype=np.bool_)


def names_of(question: str) -> frozenset[str]:
    """The terms of a question's names and numbers."""
    return frozenset(term for name in _NAME.findall(question) for term in terms(name))


def proper_names(question: str) -> frozenset[str]:
    """The terms of a question's proper names and clock times: not of its first word, of months, or of weekdays."""
    names = [name for name in _NAME.findall(question) if name[0].isalpha() and not _CALENDAR.match(name)]
    return frozenset(
        term for name in (*names, *CLOCK.findall(question), *place_names(question)) for term in terms(name)
    )
