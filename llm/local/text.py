"""Sentences and terms of English and Chinese text."""

import re
from functools import lru_cache
from threading import Lock
from typing import Literal

import snowballstemmer

from .dates import days

Language = Literal["en", "zh"]

_HAN = "\u3400-\u9fff\uf900-\ufaff"
_HAN_RUN = re.compile(f"[{_HAN}]+")
_TOKEN = re.compile(rf"[{_HAN}]+|\d+(?:[.,:/-]\d+)*|[^\W\d_{_HAN}]+(?:['’][^\W\d_]+)?", re.UNICODE)
_SENTENCE_END = re.compile(
    r"""(?:[。！？!?]+|[；;](?=[\u3400-\u9fff])|…{2,}|\.(?![\w.]))      # the stop itself
        [”’"'」』）)\]】]*                                           # and the quotes and brackets it closes""",
    re.VERBOSE,
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|no|nos|vs|inc|ltd|co|corp|dept|fig|sec|art|approx|"
    r"e\.g|i\.e|etc|al|jr|sr|rev|gen|col|sgt|lt|capt"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|a\.m|p\.m|u\.s|u\.k|u\.n|d\.c|ph\.d|"
    r"cf|ca|c)|(?<![\w.])[A-Za-z]|\b(?:[A-Z]\.)+[A-Z])$",
    re.IGNORECASE,
)

_STOP = """
a an the of in on at to for from by with about into over under after before between during through per as is are
was were be been being am do does did doing done have has had having will would shall should can could may might
must need it its he she they them their his her him we our us you your i me my mine this that these those there
here what which who whom whose when where why how and or but not no nor so if then than too very just also any
some each every all both such only own same other more most much many few one ones please tell show give know
find out get let say said doesn't don't isn't s t d ll ve re up down off again once because while until against
among upon within without via according long old far often soon kind type sort name called happen happens
happened
"""
STOP_WORDS = frozenset(_STOP.split())
_VERBS = """
lead=led; hold=held; pay=paid; keep=kept; write=wrote written; run=ran; buy=bought; sell=sold; build=built;
send=sent; spend=spent; leave=left; lose=lost; win=won; begin=began begun; become=became; choose=chose chosen;
drive=drove driven; speak=spoke spoken; take=took taken; make=made; find=found; found=founded; sing=sang sung;
teach=taught; think=thought; bring=brought; go=went gone; see=saw seen; grow=grew grown; fall=fell fallen;
rise=rose risen; draw=drew drawn; break=broke broken; steal=stole stolen; meet=met; sit=sat; stand=stood;
understand=understood; fly=flew flown; wear=wore worn; fight=fought; catch=caught; feel=felt
"""
_IRREGULAR = {
    form: verb.strip()
    for verb, forms in (row.split("=") for row in _VERBS.replace("\n", " ").split(";"))
    for form in forms.split()
}
_HAN_STOP = frozenset(
    "的了是在和与及或也都就而还又很吗呢吧啊么之其于以所对为被把从到由这那哪几谁何多少什怎样请问有个些可能会要我你他她它们您"
    "嘅咗喺啲嗰佢哋咩乜㗎喎吖啦囉嚟呀"
)
_HAN_QUESTION = re.compile(
    "请问|什么时候|什么地方|什么样|什么|哪一年|哪一天|哪些|哪个|哪位|哪里|哪儿|哪年|哪一|哪|多少|多久|多长|多大|多高|多远|怎么样|怎么办|怎么|怎样|"
    "如何|为什么|为何|是否|能否|可否|有没有|是不是|能不能|可不可以|谁|何时|何处|何地|何人|几|吗|呢|么|是|的|了|(?<![存现])在(?![线途职岗校建])|被(?![告套])|(?<!共)和(?![平解谐])|(?<!参)与(?!会)|"
    "(?<![涉普])及(?![时格])|或|我们|我|你们|你|"
    "他们|她们|它们|其|之|于|以及|以|所|(?<![行作认])为(?!期)|(?<![理自事])由|(?<![所拥持享])有(?![效限关权])|个(?![人税体性])|这|那|"
    "应该|应当|应|可以|需要|必须|(?<![主重纪概摘])要(?![求素点件])|(?<![年事协大例晚展宴工委社开])会(?![议员计场所费展馆谈签长诊])|"
    "(?<![功性产智节职技])能(?![力源量耗效])|(?<![首成])都(?!市)|也|将(?!军)|(?<![核校针绝反])对(?![账象外方手])|从(?![业事])|到|"
    "按照|按|根据|(?<![申邀])请(?![假求示柬客])|告诉|一下|主要"
    # as Cantonese asks
    "|边个|边位|边间|边度|边日|几时|几耐|几多钱|几钱|几多|点样|点解|点做|乜嘢|乜|咩|系咪|有冇|得唔得|可唔可以|[使驶要]唔[使驶要]|未呀|咗未"
    "|嘅|咗|喺|啲|嗰|佢哋|佢|我哋|你哋|呀|喎|㗎|嚟|唔该"
)

_NO_LETTER = re.compile(r"[\W_]+")

_stemmer = snowballstemmer.stemmer("english")
_stemming = Lock()  # the stemmer keeps the word it works on


@lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    with _stemming:
        return str(_stemmer.stemWord(word))


def language_of(text: str) -> Language:
    """The language to answer in: Chinese when Han characters carry a fair share of the text, else English."""
    han = sum(map(len, _HAN_RUN.findall(text)))
    latin = len(re.findall(r"[A-Za-z]+", text))
    return "zh" if han and han >= latin else "en"


def has_han(text: str) -> bool:
    """Whether a text holds any Chinese character."""
    return _HAN_RUN.search(text) is not None


def sentences(text: str) -> list[str]:
    """Split a paragraph at its full stops; abbreviations, initials and decimals do not end a sentence."""
    found, start = [], 0
    for stop in _SENTENCE_END.finditer(text):
        if stop.group().startswith(".") and _continues(text, start, stop):
            continue
        found.append(text[start : stop.end()].strip())
        start = stop.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if sentence]


def _continues(text: str, start: int, stop: re.Match[str]) -> bool:
    """Whether the full stop at `stop` belongs to an abbreviation or is followed by a lower-case word."""
    following = text[stop.end() : stop.end() + 2].lstrip()[:1]
    if following.islower():
        return True
    head = text[max(start, stop.start() - 12) : stop.start()]
    return bool(following) and bool(_ABBREVIATION.search(head))


@lru_cache(maxsize=8192)
def terms(text: str) -> tuple[str, ...]:
    """The terms of a text in order: stemmed words, numbers, and the characters and bigrams of Chinese runs."""
    found: list[str] = []
    for token in _TOKEN.findall(text):
        if _HAN_RUN.match(token):
            found += [character for character in token if character not in _HAN_STOP]
            found += [token[i : i + 2] for i in range(len(token) - 1)]
        else:
            found += _word_terms(token)
    if any(character.isdigit() for character in text):
        found += days(text)
    return tuple(found)


@lru_cache(maxsize=1024)
def bare(text: str) -> str:
    """A text's letters and digits alone, in lower case: for comparing codes and sentences however they are set."""
    return _NO_LETTER.sub("", text).lower()


def surfaces(text: str) -> dict[str, str]:
    """Each English term of a text with the word it comes from, in lower case."""
    return {term: token.lower() for token in _TOKEN.findall(text) if token.isascii() for term in _word_terms(token)}


def _word_terms(token: str) -> list[str]:
    word = token.replace("’", "'").lower().removesuffix("'s")
    if len(word) == 1 and not word.isdigit():
        # A letter by itself is a grade or a column ("rating B", "A级") when it is written as a capital.
        return [f"={token}"] if token.isupper() and word != "i" else []
    if word in STOP_WORDS:
        return []
    return [word.replace(",", "") if word[0].isdigit() else _stem(_IRREGULAR.get(word, word))]


@lru_cache(maxsize=1024)
def question_terms(question: str) -> tuple[str, ...]:
    """The terms that carry a question's meaning, each once: interrogatives and particles are left out."""
    runs = _HAN_RUN.sub(lambda run: " ".join(_HAN_QUESTION.split(run.group())), question)
    return tuple(dict.fromkeys(terms(runs)))


def content_runs(text: str) -> list[str]:
    """The runs of a Chinese question that carry its meaning, as they are written."""
    return [run.strip("，。？！、；：《》“” ") for run in _HAN_QUESTION.split(text) if run and terms(run)]


def pieces(text: str) -> list[str]:
    """Cut a text into pieces of about a word, as a model's tokens arrive; joined they give the text again."""
    return re.findall(rf"\s*(?:[{_HAN}]{{1,2}}|[^\s{_HAN}]+)|\s+", text)
