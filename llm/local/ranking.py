"""Which units of the sources answer a question best, and how much of the question they cover."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .abbreviations import abbreviated
from .conversation import Source
from .embedder import embedder, word_vector
from .glossary import place_names, translations
from .keys import BY_NAME, CLOCK, CODE, is_asked_row, keyed
from .questions import YEAR, AnswerType, answer_type, asks_sum, asks_year, holds_answer
from .text import Language, language_of, question_terms, surfaces, terms
from .units import Unit, units
from .wording import kept

Array = NDArray[np.float64]

# A word counts as another way to say a question's word from this likeness of their vectors on: "wrote" for "author".
_ALIKE = 0.45
# From this likeness on a word says the very thing that a yes-or-no question is about.
_SAME = 0.6
_CLOSED = re.compile(r"[.!?;:。！？；：…][\"'”’」』)）\]]*$")
_TRANSLATED = 0.9
_CALENDAR = re.compile(
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December|"
    r"Mondays?|Tuesdays?|Wednesdays?|Thursdays?|Fridays?|Saturdays?|Sundays?|I)\b"
)
_DIGITS = re.compile(r"\d")
# How much less sure an answer is whose source mentions none of the question's proper names.
_NAMELESS = 3.5
# How sure an answer can be at most that says nothing of the word a yes-or-no question is about.
_UNSURE = 6.0
# "How large" asks for a number, and no answer says "large".
_SIZE = re.compile(r"\bhow (large|big|high|tall|deep|wide|heavy|old|fast|soon|early|late|expensive)\b", re.IGNORECASE)
_FOR_ALL = re.compile(
    r"\b(?:applies|valid|holds) (?:to|for|in) (?:all|every) "
    r"(?:offices?|sites?|locations?|branch(?:es)?|compan(?:y|ies))\b"
    r"|适用于(?:所有|全部|各)(?:办公室|分公司|公司|地区|办事处)",
    re.IGNORECASE,
)
# How much surer an answer is that stands in the very row a question names, and from which likeness of keys on it does.
_BY_KEY, _KEY = 1.8, 0.6
# How much surer an answer is that has the very code or clock time that the question names.
_BY_CODE = 1.0
# A key that is but a name counts in full where what stands over the row holds this share of the question.
_TOPICAL = 0.3
# How much less sure a title or a footer is that holds less than this share of the question.
_TITLE, _LITTLE = 2.3, 0.3
_SCOPE = re.compile(
    r"^(?:under|according to|as per|per|in accordance with) [^,?]{3,60},"
    r"|^(?:根据|按照|按|依据|依照)[^，,？?]{2,30}[，,]"
    r"|^\d{4}年(?:的时候|起|以来|版)?[，,]",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?:(?<=[\w,;'] )|(?<=[\u3400-\u9fff]))[A-Z][\w'’-]*|\d[\w.,]*")


@dataclass(frozen=True, slots=True)
class Query:
    """A question ready for ranking: its text, its terms with their importance, and its answer's type."""

    text: str
    weights: dict[str, float]
    kind: AnswerType


@dataclass(frozen=True, slots=True)
class Evidence:
    """A unit with its score, the question's terms it holds, and the share (0 to 1) covered with its surroundings.

    `also` are the numbers of sources of other documents that say the very same.
    """

    unit: Unit
    score: float
    coverage: float
    held: frozenset[str] = frozenset()
    also: tuple[int, ...] = ()


def make_query(question: str, before: str = "", emphasis: str = "") -> Query:
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
    return Query(question, weights, answer_type(question, language_of(question)))


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
        return bool(self.evidence) and self.confidence >= _SURE + margin


FEATURES = (
    "own", "over", "near", "passage", "pairs", "alike", "passage_alike", "names", "typed", "first", "bare", "keyed",
    "no_year", "nameless", "earlier", "stands_out", "twos", "threes",
)  # fmt: skip
# Both rows were fitted (softmax over the units; logistic regression over answered and unanswerable questions) on public
# reading sets in English and Chinese, and rounded. The second row judges the best three units together.
_SCORE: Array = np.array(
    [8.0, 6.7, 2.85, 3.0, 1.4, 1.25, 4.4, 0.0, 1.5, 1.6, -1.2, 2.5, -5.0, 0.0, -3.5, 0.0, 0.0, 0.0]
)
_CONFIDENCE: Array = np.array([4.0, 4.0, 4.0, 2.0, 1.5, 2.0, 3.0, 1.5, *[0.0] * 10])
# What that is worth for Chinese beside what else tells a question that is answered from one that only shares words;
# rounded from a logistic regression.
_WEIGHED: Array = np.array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3.9, 4.0, 3.3])
_SHARE, _ENOUGH = 0.5, 6.95
_WORD_TERMS = 3
_SURE = 6.5


def rank(query: Query, sources: Sequence[Source]) -> Ranking:
    """All units of the sources, best first."""
    language = language_of(query.text)
    pool = [unit for source in sources for unit in units(source) if unit.kind != "heading" and _can_tell(unit, query)]
    if not pool or not query.weights:
        return Ranking((), 0.0, language)
    table, around = features(query, pool, sources)
    scores = table @ _SCORE
    covered = table[:, :3].sum(axis=1)
    order = np.argsort(-scores, kind="stable")
    best = table[order[:3]]
    if language_of(pool[order[0]].text) != language:
        confidence = _by_coverage(best)
    else:
        confidence = _SURE + (certainty(query, scores, table, around) if language == "en" else _weigh_up(best))
    if _lacks_code(query.text, sources):
        confidence = 0.0
    confidence -= _NAMELESS * (table[order[0], FEATURES.index("nameless")] == 1)
    if best[0, FEATURES.index("bare")] and best[0, 0] < _LITTLE:
        confidence -= _TITLE
    confidence += _BY_KEY * (best[:, FEATURES.index("keyed")].max() >= _KEY)
    confidence += _BY_CODE * _has_code(query.text, pool[order[0]])
    close = [pool[i] for i in order[:2] if pool[i].source == pool[order[0]].source]
    if asks_sum(query.text) and not any(_DIGITS.search(unit.text) for unit in close):
        confidence = 0.0
    if query.kind == "boolean" and not _holds_keystone(query, [pool[i] for i in order[:3]]):
        confidence = min(confidence, _UNSURE)
    asked = frozenset(query.weights)
    evidence = tuple(
        Evidence(pool[i], float(scores[i]), float(covered[i]), asked.intersection(terms(pool[i].text))) for i in order
    )
    return Ranking(_each_once(evidence), confidence, language)


def _each_once(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """What several units say word for word, once: as the best of them, with the other documents that say it."""
    said: dict[tuple[str, ...], list[Evidence]] = {}
    for one in evidence:
        unit = one.unit
        # A few words alone ("Yes", "see above") mean what stands over them.
        key = () if len(terms(unit.text)) > _WORD_TERMS else (unit.heading, unit.lead, unit.source.title)
        said.setdefault((_bare(unit.text), *unit.header, *key), []).append(one)
    return tuple(replace(same[0], also=_others(same)) if len(same) > 1 else same[0] for same in said.values())


def _others(same: Sequence[Evidence]) -> tuple[int, ...]:
    """The first source of each further document."""
    numbers = {one.unit.source.document or -one.unit.source.number: one.unit.source.number for one in reversed(same)}
    return tuple(sorted(number for number in numbers.values() if number != same[0].unit.source.number))


def _can_tell(unit: Unit, query: Query) -> bool:
    """Whether a unit can answer at all: one word, as menus and lists have them, tells nobody how to do something."""
    return query.kind != "procedure" or unit.kind == "row" or len(terms(unit.text)) > _WORD_TERMS


def _by_coverage(best: Array) -> float:
    """How sure the best units are together by what they hold of the question."""
    return float(best[:, :3].sum(axis=1).max() * _CONFIDENCE[0] + best[:, 3:].max(axis=0) @ _CONFIDENCE[3:])


def _weigh_up(best: Array) -> float:
    """How sure the coverage alone makes of an answer to a Chinese question, set against what else its passage shows."""
    return float(_SHARE * _by_coverage(best) + best[0] @ _WEIGHED - _ENOUGH)


def certainty(query: Query, scores: Array, table: Array, around: Array) -> float:
    """How sure it is that the best unit answers an English question: the odds' logarithm, from a logistic regression.

    The unit's score less what its own words add to it, for they alone are often chance; how much of what the question
    says is told in it and around it, in all and not as a share, so that two words of a long question do not count like
    both of a short one; how like its passage is; whether the most telling word is found at all.
    """
    best = int(np.argmax(scores))
    telling = _telling(query, tuple(query.weights))
    keystone = float(around[:, np.argmax(telling)].max())
    own, likeness = table[best, 0], table[best, FEATURES.index("passage_alike")]
    told = float(around[best] @ telling)
    return float(0.81 * scores[best] - 3.8 * own + 0.68 * told + 3.6 * likeness + 1.05 * keystone - 11.3)


def _telling(query: Query, asked: Sequence[str]) -> Array:
    """How much each term says by itself, whatever the sources are: by the length of its vector, which rare words have
    long; of Chinese, two characters more than one."""
    words = surfaces(query.text)
    return np.array(
        [min(word_vector(words[t])[1], 25.0) / 12 if t in words else (1.0 if len(t) > 1 else 0.3) for t in asked]
    )


def features(query: Query, pool: Sequence[Unit], sources: Sequence[Source]) -> tuple[Array, Array]:
    """One row a unit, one column for each of FEATURES; and how well each of the question's terms is held around it.

    The question's terms held by the unit itself, by what stands over it, by its neighbours and anywhere in its passage;
    neighbouring terms kept together; likeness of its vector and of the best one in its passage; the question's
    names found nearby; something of the answer's type; how early the source came; no sentence but a title or a footer;
    a row or line whose key the question names; no year where a year is asked for; the share of the question's proper
    names that neither the passage nor what stands over the document mentions; part of a mail that a later one answers;
    how far its passage stands out among the others; the question's wording that the passage keeps, by twos and threes.
    """
    asked = list(query.weights)
    texts = [unit.text for unit in pool]
    own, over = _matches(query, asked, texts), _matches(query, asked, [_over(unit) for unit in pool])
    weights = _weigh(query, asked, own, _foreign(query, pool))
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
    table: Array = np.column_stack(
        (
            _covered(own, weights),
            _covered(np.clip(over - own, 0, 1), weights),
            _covered(np.clip(near - np.maximum(own, over), 0, 1), weights),
            _covered(held[places], weights),
            _pairs(query.text, texts),
            alike,
            liked[places],
            around[:, named].mean(axis=1) if named.any() else np.full(len(pool), 0.85),
            [
                holds_answer(unit.text, query.kind, query.text) + 0.6 * is_asked_row(unit, query.text) * about
                for unit, about in zip(pool, topical, strict=True)
            ],
            1 / (1 + places),
            [unit.kind == "sentence" and not _CLOSED.search(unit.text) for unit in pool],
            [
                BY_NAME * about if key == BY_NAME else key
                for key, about in zip(keyed(query.text, frozenset(query.weights), pool), topical, strict=True)
            ],
            [asks_year(query.text) and not YEAR.search(unit.text) for unit in pool],
            _nameless(query, asked, held, sources)[places],
            [unit.earlier for unit in pool],
            _standing_out(held, weights, places),
            *(_kept(query.text, sources, length)[places] for length in (2, 3)),
        )
    )
    return table, around


def _standing_out(held: Array, weights: Array, places: NDArray[np.int_]) -> Array:
    """For each unit how much more of the question its passage holds than the middling one of the others."""
    shares = np.array([held @ weights[i] for i in range(len(places))])
    if len(held) < 2:
        return shares[:, 0]
    mine = shares[np.arange(len(places)), places]
    others = np.array([np.median(np.delete(row, place)) for row, place in zip(shares, places, strict=True)])
    stands: Array = mine - others
    return stands


def _kept(question: str, sources: Sequence[Source], length: int) -> Array:
    return np.array([kept(question, f"{source.title} {source.text}", length) for source in sources])


def _nameless(query: Query, asked: Sequence[str], held: Array, sources: Sequence[Source]) -> Array:
    """For each source the share of the question's proper names and clock times that it does not mention.

    What a document says before its first chapter holds for all of it; if it is for everybody, no name is missed.
    """
    proper = proper_names(query.text)
    named = np.array([term in proper for term in asked], dtype=np.bool_)
    if not named.any():
        return np.zeros(len(sources))
    whole = held.copy()
    for row, source in enumerate(sources):
        heads = [i for i, s in enumerate(sources) if s.document == source.document and " > " not in s.section]
        whole[row] = np.max([held[row], *(held[i] for i in heads)], axis=0)
        if any(_FOR_ALL.search(sources[i].text) for i in heads):
            whole[row] = 1.0
    missing: Array = (whole[:, named] < _TRANSLATED).mean(axis=1)
    return missing


def _over(unit: Unit) -> str:
    source = unit.source
    return " ".join((source.title, source.section, source.date[:4], unit.heading, unit.lead, *unit.header))


def _matches(query: Query, asked: Sequence[str], texts: Sequence[str]) -> Array:
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


def _holds_keystone(query: Query, best: Sequence[Unit]) -> bool:
    """Whether the best units say anything of the word that a yes-or-no question is about: its most telling one."""
    words = surfaces(query.text)
    told = [term for term in query.weights if term in words and term not in names_of(query.text)]
    if not told or language_of(query.text) != "en":
        return True
    keystone = max(told, key=lambda term: word_vector(words[term])[1])
    found = _matches(query, [keystone], [f"{unit.text} {_over(unit)}" for unit in best])
    return bool(found.max() >= _SAME)


def _lacks_code(question: str, sources: Sequence[Source]) -> bool:
    """Whether the question asks about a code ("TL-500", "HR-P-004") that none of the sources mentions."""
    codes = [_bare(code) for code in CODE.findall(question)]
    if not codes:
        return False
    held = _bare(" ".join(f"{source.title} {source.section} {source.header} {source.text}" for source in sources))
    return any(code not in held for code in codes)


def _has_code(question: str, unit: Unit) -> bool:
    """Whether a unit has a code ("TL-410") or clock time that the question names."""
    named = {_bare(name) for name in (*CODE.findall(question), *CLOCK.findall(question))}
    return any(name in _bare(f"{unit.text} {unit.heading}") for name in named)


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()
