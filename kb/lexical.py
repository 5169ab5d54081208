"""The terms of a text, as the lexical index counts them and as questions ask for them. Pure.

English is stemmed (Snowball). Chinese is cut into characters and pairs of characters, so that new words and exact
wording are both found; Traditional characters are folded to Simplified (OpenCC's character table). Japanese, Korean
and scripts without spaces between words become pairs of characters. Identifiers such as `HR-2024-017` count as a
whole and by their parts.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise
from threading import Lock

import snowballstemmer

from llm.chinese import other_words, simplified

_HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_HANGUL = "\u1100-\u11ff\uac00-\ud7af"
# Kana, and Thai, Lao, Burmese and Khmer: written without spaces between words.
_UNSPACED = _HAN + _HANGUL + "\u3041-\u30ff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_TOKEN = re.compile(
    rf"""(?P<unspaced>[{_UNSPACED}]+)
       | (?P<word>[^\W_{_UNSPACED}]+                # letters and digits,
           (?:[-_.,:/&@'’+]?[^\W_{_UNSPACED}]+)*    # with what holds an identifier, a number or a name together
           (?:\+\+|\#(?!\w))?)                      # C++, C#""",
    re.VERBOSE,
)
_HAN_CHARACTER = re.compile(f"[{_HAN}]")
_POSSESSIVE = re.compile(r"['’][sS](?!\w)")
_HYPHENATED = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)+")
_PART = re.compile(r"\d+|[^\W\d_]+")
_CAMEL = re.compile(r"[A-Z]?[a-z]+|[A-Z]{2,}(?![a-z])|\d+")
_GROUPED_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_PLAIN_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_LATIN_WITH_MARK = re.compile("[\u00c0-\u024f\u1e00-\u1eff]")
# Bytes with which no such Latin letter, or none of the characters that are folded to Simplified ones, begins in UTF-8.
_NO_MARK = bytes(set(range(256)) - {*range(0xC3, 0xCA), 0xE1})
_NO_VARIANT = bytes(set(range(256)) - {*range(0xE3, 0xF5)})
_LONGEST = 64  # longer runs are keys, hashes or noise: their beginning identifies them

STOP_WORDS = frozenset(
    """a an the of in on at to for from by with about into as is are was were be been being am do does did has have had
    having it its he she they them their his her him we us our you your i me my this that these those there and or but
    if then than so such not no nor can could will would shall should may might must""".split()  # noqa: SIM905  words are read as words
)
QUESTION_WORDS = frozenset(
    """what which who whom whose when where why how please tell show find give list explain describe many much
    name any some""".split()  # noqa: SIM905  words are read as words
)
_HAN_STOP = frozenset("嘅咗喺的了是在和与及或也都就而还又很吗呢吧啊么之其于以")
_HAN_QUESTION = re.compile(
    "请问|什么时候|什么时间|什么地方|什么样|什么|哪一年|哪一天|哪一个|哪一|哪些|哪个|哪位|哪里|哪儿|哪年|哪|多少|"
    "甚么|何谓|点样|点解|边度|边个|边位|几时|几多|乜嘢|咩|有冇|系咪|"  # Taiwan, Hong Kong
    "怎么样|怎么办|怎么|怎样|如何|为什么|为何|是否|能否|可否|有没有|是不是|能不能|可不可以|谁|何时|何处|何地|何人|"
    "几|吗|呢|请|告诉我|介绍一下|一下"
)

_stemmer = snowballstemmer.stemmer("english")
_stemming = Lock()  # the stemmer keeps the word it works on


@lru_cache(maxsize=131_072)
def _stem(word: str) -> str:
    with _stemming:
        return str(_stemmer.stemWord(word))


def fold(text: str) -> str:
    """The text with what readers hold to be the same made the same: widths, ligatures, accents, Traditional forms."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text)
    # Most texts have neither, which their bytes tell many times as fast as looking at each character does.
    raw = text.encode("utf-8", "surrogatepass")
    if raw.translate(None, _NO_VARIANT):
        text = simplified(text)
    return _LATIN_WITH_MARK.sub(_without_marks, text) if raw.translate(None, _NO_MARK) else text


def _without_marks(character: re.Match[str]) -> str:
    return "".join(part for part in unicodedata.normalize("NFKD", character.group()) if not unicodedata.combining(part))


def terms(text: str) -> list[str]:
    """The terms of a document's text, in order, with repetitions."""
    found: list[str] = []
    for token in _TOKEN.finditer(fold(text)):
        if token.lastgroup == "unspaced":
            found += _unspaced_terms(token.group())
        else:
            found += _word_terms(token.group())
    return found


def question_terms(question: str) -> list[str]:
    """The terms that a question looks for, each once, in order: what only asks is left out, unless nothing else is."""
    asked = _HAN_QUESTION.sub(" ", fold(question))
    told = [term for term in terms(asked) if term not in _ASKING]
    return list(dict.fromkeys(told or terms(question)))


def alternative_terms(question: str) -> list[str]:
    """Terms of what the question's Chinese words are called elsewhere (软件: 軟體), without those it has itself."""
    found = dict.fromkeys(term for word in other_words(fold(question)) for term in terms(word) if len(term) > 1)
    own = set(question_terms(question)) if found else set()
    return [term for term in found if term not in own]


def places(text: str, wanted: Collection[str]) -> list[tuple[int, int]]:
    """Where the words of a text stand whose terms are among `wanted`, in order; neighbouring characters are one place.

    A single Chinese character counts only where no wanted pair has it: pairs say more.
    """
    in_pairs = {character for term in wanted if len(term) == 2 for character in term}
    found: list[tuple[int, int]] = []
    for token in _TOKEN.finditer(text):
        start = token.start()
        if token.lastgroup != "unspaced":
            spans = [token.span()] if set(_word_terms(fold(token.group()))) & set(wanted) else []
        else:
            run = [fold(character) for character in token.group()]
            spans = [(start + at, start + at + 2) for at, pair in enumerate(pairwise(run)) if "".join(pair) in wanted]
            spans += [
                (start + at, start + at + 1) for at, one in enumerate(run) if one in wanted and one not in in_pairs
            ]
        for first, last in sorted(spans):
            if found and first <= found[-1][1] and token.lastgroup == "unspaced":
                found[-1] = (found[-1][0], max(found[-1][1], last))
            else:
                found.append((first, last))
    return found


def weighted_terms(fields: Iterable[tuple[Iterable[str], float]]) -> dict[str, float]:
    """How often each term occurs in a passage's fields (their terms, their weight), each occurrence weighted."""
    weights: defaultdict[str, float] = defaultdict(float)
    for found, weight in fields:
        for term in found:
            weights[term] += weight
    return dict(weights)


@lru_cache(maxsize=262_144)
def term_key(term: str) -> int:
    """The signed 64-bit number under which the index keeps a term (BLAKE2b)."""
    return int.from_bytes(blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)


def _unspaced_terms(run: str) -> Iterator[str]:
    previous = ""
    for character in run:
        if character not in _HAN_STOP and (len(run) == 1 or _HAN_CHARACTER.match(character)):
            yield character
        if previous:
            yield previous + character
        previous = character


def _word_terms(token: str) -> tuple[str, ...]:
    """The terms of a word; those of words no longer than words are get remembered, since texts repeat them."""
    return _remembered_terms(token) if len(token) <= _LONGEST else _found_terms(token)


def _found_terms(token: str) -> tuple[str, ...]:
    token = _POSSESSIVE.sub("", token)
    whole = token.lower()
    if whole in STOP_WORDS:
        return ()
    if _PLAIN_NUMBER.fullmatch(whole):
        return (whole[:_LONGEST],)
    if _GROUPED_NUMBER.fullmatch(whole):
        return (whole.replace(",", "")[:_LONGEST],)
    if whole.isalpha():
        parts = _camel_parts(token)
    else:
        parts = [part for piece in _PART.findall(token) for part in (_camel_parts(piece) or [piece.lower()])]
        whole = whole.replace("'", "").replace("’", "")
        if _HYPHENATED.fullmatch(whole):
            whole = whole.replace("-", "")
    found = [_stemmed(whole)]
    found += [_stemmed(part) for part in parts if part not in STOP_WORDS and (len(part) > 1 or part.isdigit())]
    return tuple(dict.fromkeys(found))


_remembered_terms = lru_cache(maxsize=65_536)(_found_terms)


def _camel_parts(word: str) -> list[str]:
    """The parts of `getUserName`; none where the word is all of one case."""
    if word.islower() or word.isupper() or word[1:].islower():
        return []
    parts = [part.lower() for part in _CAMEL.findall(word)]
    return parts if len(parts) > 1 else []


def _stemmed(word: str) -> str:
    return _stem(word[:_LONGEST]) if word.isascii() else word[:_LONGEST]


_ASKING = frozenset(_stemmed(word) for word in QUESTION_WORDS)
