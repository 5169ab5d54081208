"""The words that two texts can be compared by: stems, Chinese pairs of characters, numbers. Pure."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from threading import Lock

import snowballstemmer

from llm.chinese import simplified

REMEMBERED = 1_000
"""Texts, of some ten kilobytes each with their terms."""
_STOP_WORDS = """
    a an the and or but if of in on at to for from by with as is are was were be been being it its this that these those
    there here i you he she we they them his her our their your my me us do does did done have has had not no nor so
    than then too very can could may might must shall should will would what which who whom whose when where why how all
    any
    each every some such only own same just also about into over under again more most other out up down
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
_TOKEN = re.compile(r"\d[\d,.]*\d|\d|[A-Za-z]+(?:['’][A-Za-z]+)?|[\u3400-\u4dbf\u4e00-\u9fff]+|[^\W\d_]+")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_EMPTY = re.compile("[的了是在和与及或也都就而并被把对于为以之其等吗呢吧啊么这那有个请]")
_COUNTING = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty
"""
_NUMBER_WORDS = {word: str(value) for value, word in enumerate(_COUNTING.split())} | {
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "sixty": "60",
    "ninety": "90",
    "hundred": "100",
}
_HAN_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}
_NUMERAL = "零〇一二两三四五六七八九十百千万亿"
# A number is read from its first character on and is never long, so that rows of numerals cost no more than other text.
_HAN_NUMBER = re.compile(
    r"(?<=百分之)[一二三四五六七八九十百]+|"
    rf"(?<![{_NUMERAL}])[{_NUMERAL}]{{1,20}}(?=[个天日月年周次名人位元块倍章条项号岁小分工种层件份])"
)
_stemmer = snowballstemmer.stemmer("english")
_stemming = Lock()  # the stemmer keeps the word it works on


@cache
def stem(word: str) -> str:
    with _stemming:
        return str(_stemmer.stemWord(word))


def number(text: str) -> str:
    """A number as it compares: `1,200.50` and `1200.5` are the same."""
    plain = text.replace(",", "").rstrip(".")
    whole, _, fraction = plain.partition(".")
    fraction = fraction.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")


def han_number(text: str) -> str:
    """A Chinese numeral in digits: 十五 is 15, 两千三百 is 2300."""
    if not any(char in _HAN_UNITS for char in text):
        return number("".join(str(_HAN_DIGITS[char]) for char in text))
    total = section = digit = 0
    for char in text:
        if char in _HAN_DIGITS:
            digit = _HAN_DIGITS[char]
        elif (unit := _HAN_UNITS[char]) >= 10_000:
            total += (section + digit or 1) * unit
            section = digit = 0
        else:
            section += (digit or 1) * unit
            digit = 0
    return str(total + section + digit)


def numbers(text: str) -> set[str]:
    """All numbers in a text, in digits or as words, in a form that compares."""
    found = {number(token) for token in re.findall(r"\d[\d,]*(?:\.\d+)?", text)}
    found |= {_NUMBER_WORDS[word] for word in re.findall(r"[a-z]+", text.lower()) if word in _NUMBER_WORDS}
    return found if text.isascii() else found | {han_number(token) for token in _HAN_NUMBER.findall(text)}


@lru_cache(maxsize=REMEMBERED)
def terms(text: str) -> frozenset[str]:
    """What a text is about: stems of its words, pairs of (Simplified) Chinese characters, and its numbers.

    Those of the last texts are remembered: a passage is asked for several times on its way to one answer.
    """
    text = simplified(text)
    found = numbers(text)
    words = text.lower() if text.isascii() else _HAN_NUMBER.sub(" ", text.lower())
    for token in _TOKEN.findall(words):
        if token[0].isdigit():
            continue
        if _HAN.match(token):
            found |= _han_pairs(token)
        elif token not in STOP_WORDS:
            found.add(stem(token.partition("'")[0].partition("’")[0]))
    return frozenset(found)


def _han_pairs(run: str) -> set[str]:
    parts = _EMPTY.split(run)
    return {part[i : i + 2] for part in parts for i in range(len(part) - 1)}
