"""Short forms of a question that a text spells out: "IPCC" by its initials, 专票 by characters out of 专用发票."""

import re
from functools import lru_cache
from itertools import pairwise

from .text import content_runs, terms

# What a text counts that spells an abbreviation out, and what one counts that only has the characters in their order.
SPELLED_OUT, IN_ORDER = 0.95, 0.6
_CAPITALS = re.compile(r"(?<![\w&])[A-Z](?:&?[A-Z]){1,5}(?![\w&])")
_LINKING = r"(?:(?:of|on|and|for|the|in|to|&) ){0,2}"
_HAN = "[\u3400-\u9fff]"
_GAP = 2


@lru_cache(maxsize=256)
def abbreviated(question: str) -> dict[str, tuple[re.Pattern[str], float]]:
    """For each term of a question that may be a short form: what spells it out, and how much finding that counts."""
    found: dict[str, tuple[re.Pattern[str], float]] = {}
    for name in _CAPITALS.findall(question):
        for term in terms(name):
            found[term] = (_by_initials(name), SPELLED_OUT)
    for run in content_runs(question):
        for first, second in pairwise(run):
            if re.fullmatch(_HAN, first) and re.fullmatch(_HAN, second):
                found[first + second] = (re.compile(f"{first}{_HAN}{{1,{_GAP}}}{second}"), IN_ORDER)
    return found


def _by_initials(name: str) -> re.Pattern[str]:
    """A run of words that begin with a name's letters, small words between them left out of account."""
    words = rf"[\w'’.]*[ -]{_LINKING}".join(name.replace("&", ""))
    return re.compile(rf"\b{words}")
