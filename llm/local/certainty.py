"""How sure it is that the best units of the sources answer a question: `SURE` and more is an answer."""

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from llm.chinese import other_words

from .conversation import Source
from .dates import CLOCK
from .embedder import word_vector
from .features import FEATURES, WORTH, Array, Figures, Query, matches, names_of, proper_names, standing_over
from .glossary import translations
from .keys import CODE, is_asked_row
from .prices import asks_sum, knows_item, tells_sum
from .text import bare, content_runs, has_han, language_of, surfaces, terms
from .units import Unit, answer_column
from .wording import kept

Order = NDArray[np.int_]

SURE = 6.5
# How sure an answer can be at most that says nothing of the word a yes-or-no question is about.
_UNSURE = 6.0
# From this likeness on a word says the very thing that a yes-or-no question is about.
_SAME = 0.6
# How much of what a Chinese yes-or-no question is about has to be said.
_MOSTLY = 0.5
# Or of what an English one of so many telling words is about.
_MOSTLY_EN, _WORDS = 0.65, 3
_UNKNOWN = re.compile(r"  +\S\S")
_KIND_ASKED = re.compile(
    r"\b(?:what|which) (?P<kind>(?!(?:is|are|was|were|do|does|did|has|have|can|will)\b)[a-z]+(?: of [a-z]+)?)"
    r"|\b(?P<does>(?:main )?(?:dut(?:y|ies)|tasks?|role|function|purpose|aim|goal|responsibilit(?:y|ies))) of\b"
    "|(?:什么|哪[个种类一]?)(?P<han>[一-鿿]{1,4})",
    re.IGNORECASE,
)
_CAPITALS = re.compile(r"\b[A-Z]{2,}\b")
_AFTER_VERB = re.compile(
    "支持|支援|提供|包含|包括|允许|接受|享有|配备|自己|自行|直接|一起|随意|随便|免费|[再先还也用带给](?=.)"
)
# From this likeness on a word says something of what is asked at all, and how much of it has to be known in another
# language.
_ALIKE, _RECOGNISED = 0.45, 0.5
# How much surer an answer is where a source holds all words of the question, against one where none holds any.
_HELD = 2.5
# How much less sure an answer is whose source mentions none of the question's proper names.
_NAMELESS = 3.5
# How much surer an answer is that stands in the very row a question names, and from which likeness of keys on it does.
_BY_KEY, _KEY = 1.8, 0.6
# How much surer an answer is that has the very code or clock time that the question names.
_BY_CODE = 1.0
# How much less sure a title or a footer is that holds less than this share of the question.
_TITLE, _LITTLE = 2.3, 0.3
# What coverage is worth, of the question's words and of its meaning (the first eight features), for the best three
# units; and for Chinese beside what else tells a question that is answered from one that only shares words: how far the
# passage stands out, and the wording it keeps by twos and by threes. Rounded from logistic regressions over answered
# and unanswerable questions of public reading sets.
_COVERAGE: Array = np.array([4.0, 4.0, 4.0, 2.0, 1.5, 2.0, 3.0, 1.5])
_SHARE, _STANDS_OUT, _TWOS, _THREES, _ENOUGH = 0.5, 3.9, 4.0, 3.3, 6.95


def certainty(query: Query, pool: Sequence[Unit], sources: Sequence[Source], figures: Figures, order: Order) -> float:
    """How sure an answer is that begins with the first unit in `order`, the places of the pool's units, best first."""
    best = figures.table[order[:3]]
    first = pool[order[0]]
    if _lacks_code(query.text, sources):
        return 0.0
    close = [pool[i] for i in order[:2] if pool[i].source == first.source]
    if asks_sum(query.text) and not _tells_price(query.text, close, sources):
        return 0.0
    if not _keeps_premises(figures, order) or not _speaks_of_it(query, pool, figures, order):
        return 0.0
    if _is_row_of_others(query, first, pool, figures.table[order[0]]) or _is_of_another_kind(query, first, sources):
        return 0.0
    sure = _weighed(query, first, sources, figures, order)
    sure -= _NAMELESS * (best[0, FEATURES.index("nameless")] == 1)
    if best[0, FEATURES.index("bare")] and best[0, 0] < _LITTLE:
        sure -= _TITLE
    sure += _BY_KEY * (best[:, FEATURES.index("keyed")].max() >= _KEY)
    sure += _BY_CODE * _has_code(query.text, first)
    if query.kind == "boolean" and not _holds_keystone(query, [pool[i] for i in order[:3]]):
        sure = min(sure, _UNSURE)
    return float(sure)


def _tells_price(question: str, close: Sequence[Unit], sources: Sequence[Source]) -> bool:
    """Whether the best unit, the first of those that stand `close`, or the next tells a sum, and of the thing asked."""
    if not any(tells_sum(unit, question) for unit in close):
        return False
    first = close[0]
    same = [source for source in sources if source.document == first.source.document]
    return not _is_of_prices(first, question) or knows_item(question, _shown(same))


def _is_of_prices(unit: Unit, question: str) -> bool:
    """Whether a unit is a row of a Chinese price list, found by words and not by a code."""
    return unit.kind == "row" and language_of(" ".join(unit.cells)) == "zh" and not _has_code(question, unit)


def _is_row_of_others(query: Query, first: Unit, pool: Sequence[Unit], figures: Array) -> bool:
    """Whether the best unit is a row whose key a Chinese question does not name, and the question has a word before a
    part of a key that its table does not know: 总统套房 where the table lists 行政套房."""
    if first.kind != "row" or language_of(query.text) != "zh" or language_of(" ".join(first.cells)) != "zh":
        return False
    keyed = figures[FEATURES.index("keyed")] > 0 or is_asked_row(first, query.text)
    if keyed or answer_column(first.header) is not None:
        return False
    rows = [unit for unit in pool if unit.kind == "row" and unit.header == first.header]
    said = (*first.header, *(row.text for row in rows), standing_over(first), *other_words(query.text))
    keys, known = [row.cells[0] for row in rows], frozenset("".join(said))
    for run, marked in _marked(query.text, known):
        if any(run[found.end() - 2 : found.end()] in key for found in _UNKNOWN.finditer(marked) for key in keys):
            return True
    return False


def _is_of_another_kind(query: Query, first: Unit, sources: Sequence[Source]) -> bool:
    """Whether a Chinese question asks for the amount of what ends like a word of the best unit, but no source knows a
    character of what it begins with: 健身津贴 where there is but 每日津贴."""
    if first.kind == "row" or query.kind not in ("number", "duration") or language_of(first.text) != "zh":
        return False
    shown = "".join(_shown(sources))
    said = (term for term, others in translations(query.text).items() if any(_in(shown, other) for other in others))
    known = frozenset("".join((shown, *other_words(query.text), *said)))
    for run, marked in _marked(query.text, known):
        found = _UNKNOWN.search(marked)
        if found and found.end() == len(run) and run[-2:] in first.text:
            return True
    return False


def _marked(question: str, known: frozenset[str]) -> Iterator[tuple[str, str]]:
    """The runs of content in a question, each also with a space in the place of every Chinese character not known."""
    for run in content_runs(question):
        yield run, "".join(" " if has_han(character) and character not in known else character for character in run)


def _in(text: str, stems: Sequence[str]) -> bool:
    return all(stem in text for stem in stems)


def _shown(sources: Sequence[Source]) -> Iterator[str]:
    """All that the sources say, and what stands over them."""
    return (f"{source.title} {source.section} {source.header} {source.text}" for source in sources)


def _keeps_premises(figures: Figures, order: Order) -> bool:
    """Whether the best unit speaks of the very year or thing that the question names, or no other in its place.

    Where the unit that would be the best but for that speaks of another, the best has to name the one asked for.
    """
    standing = figures.standings[order[0]]
    likeliest = int(np.argmax(figures.scores - figures.table[:, FEATURES.index("contrary")] * WORTH["contrary"]))
    return standing == "named" or (standing == "silent" and figures.standings[likeliest] != "other")


def _weighed(query: Query, first: Unit, sources: Sequence[Source], figures: Figures, order: Order) -> float:
    """By the figures alone, which count differently in each language, and between two."""
    best = figures.table[order[:3]]
    language = language_of(query.text)
    if language_of(first.text) != language:
        return _by_coverage(best)
    if language == "en":
        return SURE + _odds(query, figures, order[0])
    source = sources[figures.places[order[0]]]
    twos, threes = (kept(query.text, f"{source.title} {source.text}", length) for length in (2, 3))
    stands_out = _standing_out(figures, order[0])
    weighed = _STANDS_OUT * stands_out + _TWOS * twos + _THREES * threes
    return SURE + _SHARE * _by_coverage(best) + weighed - _ENOUGH


def _by_coverage(best: Array) -> float:
    """How sure the best units are together by what they hold of the question."""
    share = best[:, :3].sum(axis=1).max() * _COVERAGE[0]
    return float(share + best[:, 3 : len(_COVERAGE)].max(axis=0) @ _COVERAGE[3:])


def _odds(query: Query, figures: Figures, best: np.int_) -> float:
    """The logarithm of the odds that the best unit answers an English question, from a logistic regression.

    The unit's score less what its own words add to it, for they alone are often chance; how much of what the question
    says is told in it and around it, in all and not as a share, so that two words of a long question do not count like
    both of a short one; how like its passage is; whether the most telling word is found at all; how much of the
    question the words of one source hold, as the search weighs them, which knows how rare each is in the library.
    """
    telling = _telling(query, tuple(query.weights))
    keystone = float(figures.around[:, np.argmax(telling)].max())
    own, likeness = figures.table[best, 0], figures.table[best, FEATURES.index("passage_alike")]
    told = float(figures.around[best] @ telling)
    return float(
        0.81 * figures.scores[best]
        - 3.8 * own
        + 0.68 * told
        + 3.6 * likeness
        + 1.05 * keystone
        + _HELD * query.held
        - 13.5
    )


def _telling(query: Query, asked: Sequence[str]) -> Array:
    """How much each term says by itself, whatever the sources are: by the length of its vector, which rare words have
    long; of Chinese, two characters more than one."""
    words = surfaces(query.text)
    return np.array(
        [min(word_vector(words[t])[1], 25.0) / 12 if t in words else (1.0 if len(t) > 1 else 0.3) for t in asked]
    )


def _standing_out(figures: Figures, best: np.int_) -> float:
    """How much more of the question the passage of a unit holds than the middling one of the others."""
    shares = figures.held @ figures.shares[best]
    place = figures.places[best]
    return float(shares[place] - (np.median(np.delete(shares, place)) if len(shares) > 1 else 0.0))


def _speaks_of_it(query: Query, pool: Sequence[Unit], figures: Figures, order: Order) -> bool:
    """Whether the best units say anything of what a question asks beside what their document is called.

    A question about a document's subject shares its title's words with all of it, whatever is asked: what does not
    name that subject itself has to say something else of the question. So has what but shares its names; a price is
    told by a sum alone. Between two languages most of what is asked has to be recognised.
    """
    asked = tuple(query.weights)
    first = pool[order[0]]
    if language_of(first.text) != language_of(query.text):
        foreign = [place for place in order[:3] if language_of(pool[place].text) != language_of(query.text)]
        telling = _telling(query, asked)
        known = float(figures.around[foreign].max(axis=0) @ telling)
        return language_of(query.text) == "zh" or known >= _RECOGNISED * float(telling.sum())
    titled = frozenset(terms(first.source.title))
    named = titled if asks_sum(query.text) else titled | _names_and_kind(query.text)
    words = [place for place, term in enumerate(asked) if len(term) > 1 and term[0] not in "@=" and not term.isdigit()]
    best = order[:1] if first.kind == "row" else order[:3]
    beside = [place for place in words if asked[place] not in named]
    if not beside or figures.around[best][:, beside].max() >= _ALIKE:
        return True
    told = frozenset(term for place in best for term in terms(pool[place].text))
    return any(asked[place] in told for place in words if asked[place] in titled)


def _names_and_kind(question: str) -> frozenset[str]:
    """The terms of a question's proper names, and of what it asks for one of, which is seldom said: "profession" in
    "what profession", "duty" in "the duty of"."""
    kinds = (term for found in _KIND_ASKED.finditer(question) for term in terms(found[found.lastgroup or 0]))
    return proper_names(_CAPITALS.sub("", question)) | frozenset(kinds)


def _holds_keystone(query: Query, best: Sequence[Unit]) -> bool:
    """Whether the best units say anything of what a yes-or-no question is about: its most telling word, in Chinese most
    of what follows the last word of asking ("货到付款" in 支持货到付款吗)."""
    told = [f"{unit.text} {standing_over(unit)}" for unit in best]
    if language_of(query.text) == "zh":
        runs = content_runs(query.text)
        focus = _AFTER_VERB.split(runs[-1])[-1] if runs else ""
        pairs = [term for term in terms(focus) if len(term) > 1] or list(terms(focus))
        found = matches(query, pairs, told).max(axis=0) if pairs else np.ones(1)
        return bool((found >= _SAME).mean() >= _MOSTLY)
    words = surfaces(query.text)
    telling = [term for term in query.weights if term in words and term not in names_of(query.text)]
    if not telling:
        return True
    keystone = max(telling, key=lambda term: word_vector(words[term])[1])
    found = matches(query, telling, told) >= _SAME
    return bool(found[:, telling.index(keystone)].any() or (len(telling) >= _WORDS and found[0].mean() >= _MOSTLY_EN))


def _lacks_code(question: str, sources: Sequence[Source]) -> bool:
    """Whether the question asks about a code ("TL-500", "HR-P-004") that none of the sources mentions."""
    codes = [bare(code) for code in CODE.findall(question)]
    if not codes:
        return False
    held = bare(" ".join(_shown(sources)))
    return any(code not in held for code in codes)


def _has_code(question: str, unit: Unit) -> bool:
    """Whether a unit has a code ("TL-410") or clock time that the question names."""
    named = {bare(name) for name in (*CODE.findall(question), *CLOCK.findall(question))}
    return any(name in bare(f"{unit.text} {unit.heading}") for name in named)
