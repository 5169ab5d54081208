"""Yes or no: whether a sentence denies what its source says, or the other way. Pure.

A text of several clauses may deny one thing and allow another, so the clause that speaks of the same is looked for
first.
"""

from __future__ import annotations

import re

from agents import facts
from agents.dates import MONTHS, WEEKDAYS
from agents.terms import numbers, stem, terms

_CLAUSE = re.compile(r"[,，;；。:：]|\b(?:but(?! not\b)|and|while|whereas)\b|但是?(?!不)|而且?|并且")
EXCEPTIONS = re.compile(
    r"\b(?:unless|without|except|excluding|only|until|other than|otherwise|than|free|exempt)\b|"
    r"除非|未经|除外|除了|仅|只|方可|才|否则|免",
    re.IGNORECASE,
)
_ENDINGS = re.compile(
    r"\b(?:end(?:s|ed)?|stop\w*|ceas\w*|expir\w*|no longer|discontinu\w*|terminat\w*|refus\w*|reject\w*|exclud\w*|"
    r"lapse\w*|closed|unchanged|free|waived|un[a-z]{3,}(?:ed|en)|in(?:valid|active|complete))\b|免|停止|终止|结束|失效|废止|作废|取消|无效|过期|排除|未|不变|仍",
    re.IGNORECASE,
)
"""Words that deny without a "not"."""
_NEEDED = re.compile(
    r"\b(?:must(?! not)|needs?|needed|required?|requires|necessary|mandatory|compulsory|obligatory|"
    r"have to|has to|unless|only)\b|\bwithout\b.{1,60}\bno\b|\bno\b.{1,60}\bwithout\b|"
    r"须|必须|需要|需(?!要)|应当|未经.{1,40}不[得能可]|方可|才[能可]|只有",
    re.IGNORECASE,
)
_DOUBLE = re.compile(r"\bwithout\b.{1,60}\bno\b|\bno\b.{1,60}\bwithout\b|未经.{1,40}不[得能可]", re.IGNORECASE)
_NEEDLESS = re.compile(
    r"\bno (?:[a-z]+ ){1,4}(?:is|are) (?:needed|required|necessary)\b|"
    r"\b(?:not|n['’]t) (?:be )?(?:need(?:ed)?|required?|necessary|mandatory|compulsory|obligatory)\b|"
    r"\b(?<!no )(?:may|can)\b(?! not| only).{1,60}\bwithout\b|可以?(?:不经|无需|无须)|"
    r"\bneeds? not?\b|\b(?:not|n['’]t) (?:need|have) to\b|\beven if\b.{1,60}\bnot\b|"
    r"无需|无须|毋须|不(?:需|必|用)(?!求)|不是必须|即使",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|must|may|can|will|shall|should|has|have|had|needs?|requires?)\b|[可须应需将已予]|享受|含有|包括",
    re.IGNORECASE,
)
_UN = re.compile(r"\b(?:un|non-?|in)([a-z]{4,})\b", re.IGNORECASE)


def requirement(said: str, source: str) -> bool | None:
    """Whether one says that a thing is needed and the other that it is not; None where neither speaks of need."""
    needless, there = bool(_NEEDLESS.search(said)), bool(_NEEDLESS.search(source))
    needed, needed_there = bool(_NEEDED.search(said)) and not needless, bool(_NEEDED.search(source)) and not there
    # A source may say both, each of something else.
    both = there and _NEEDED.search(_NEEDLESS.sub(" ", source))
    if (needless and needed_there) or (needed and there and not both):
        return True
    if needed and needed_there:
        return False
    return None


def denies_prefix(said: str, source: str) -> bool:
    """Whether one says "paid" where the other says only "unpaid"."""
    words, others = set(re.findall(r"[a-z]+", said.lower())), set(re.findall(r"[a-z]+", source.lower()))
    if facts.negations(said) - len(words & {"unpaid", "unable", "unlimited"}) > 0:
        return False
    for mine, theirs in ((words, others), (others, words)):
        for match in _UN.finditer(" ".join(theirs)):
            bare = match[1].lower()
            if (
                bare in mine
                and bare not in theirs
                and match[0].lower() not in mine
                and bare.endswith(("ed", "id", "en"))
            ):
                return True
    return False


_ALLOWS = re.compile(
    r"\b(?:may|can|could|allow(?:s|ed)?|permit(?:s|ted)?|possible|able to|free to)\b|可以|可(?=[\u4e00-\u9fff])|"
    r"允许|能够?(?=[\u4e00-\u9fff])",
    re.IGNORECASE,
)
_FORBIDS = re.compile(
    r"\b(?:must|may|shall|can|should|do|does|is|are) ?n[o'’]t\b|\bcannot\b|\bno longer\b|\bforbid\w*|\bprohibit\w*|"
    r"不得|禁(?!忌)|不[可能许准应]|请勿|切勿|勿",
    re.IGNORECASE,
)
LEAST_OF_A_BAN = 0.4


def permitted(said: str, source: str) -> bool:
    """Whether a sentence allows what a clause of its source forbids: the clause that has the sentence's last word."""
    if facts.negations(said) or not _ALLOWS.search(said):
        return False
    wanted = terms(said)
    clauses = [(clause, words) for clause in _CLAUSE.split(source) if clause and (words := terms(clause))]
    last = next((word for word in reversed(_in_order(said)) if any(word in words for _, words in clauses)), "")
    holding = [(clause, words) for clause, words in clauses if last in words]
    for clause, words in holding:
        shared = len(words & wanted) / min(len(words), len(wanted))
        if not _FORBIDS.search(clause) or EXCEPTIONS.search(f"{said} {clause}") or shared < LEAST_OF_A_BAN:
            return False
    return bool(holding)


_DAYS = frozenset(stem(name) for name in (*MONTHS, *WEEKDAYS))


def own_clause(said: str, source: str) -> str:
    """The clause of a source that speaks of what is said: the one with its last telling word; or none."""
    clauses: list[str] = []
    for clause in (clause for clause in _CLAUSE.split(source) if clause and clause.strip()):
        # "Monday, 5 May": what has no words of its own goes on with the clause before it.
        if clauses and not terms(clause) - numbers(clause) - _DAYS:
            clauses[-1] += f" {clause}"
        else:
            clauses.append(clause)
    if len(clauses) < 2:
        return source
    words = [terms(clause) for clause in clauses]
    telling = [{word for word in found if sum(word in other for other in words) == 1} for found in words]
    # What is said of a thing stands behind it, in both languages: the last words tell which clause it is.
    for word in reversed(_in_order(said)):
        if (at := next((i for i, found in enumerate(telling) if word in found), None)) is not None:
            shared = telling[at] & terms(said)
            return clauses[at] if len(shared) >= 2 or len(telling[at]) <= 3 else ""
    return ""


def _in_order(text: str) -> list[str]:
    """The terms of a text in the order in which they stand."""
    folded = text.lower()
    found = [(folded.rfind(word[:4]), word) for word in terms(text)]
    return [word for _, word in sorted(found)]


def denied(said: str, source: str) -> bool:
    """Whether the source's clause that speaks of the same says no where the sentence does not, or the other way."""
    if len([part for part in _CLAUSE.split(said) if part and len(terms(part)) > 1]) > 1:
        return False
    clause = own_clause(said, source)
    if not clause or clause == source or (_DOUBLE.search(source) and requirement(said, source) is False):
        return False
    ours, theirs = facts.negations(said), facts.negations(clause)
    if bool(ours) == bool(theirs):
        return False
    if EXCEPTIONS.search(f"{said} {clause}") or _ENDINGS.search(clause if ours else said):
        return False
    return bool(theirs) or _VERB.search(clause) is not None


def excused(said: str, nearest: str) -> bool:
    """Whether a "no" on one side only may be another way to say the same: a requirement, an end, a double denial."""
    if facts.negations(said) and facts.negations(nearest):
        return False
    if requirement(said, nearest) is False:
        return True
    with_no, other = (said, nearest) if facts.negations(said) else (nearest, said)
    if _ENDINGS.search(other):
        return True
    return bool(_NEEDED.search(other)) and bool(EXCEPTIONS.search(with_no))
