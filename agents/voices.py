"""One thing said in either voice in Chinese: 施蕾负责常州中心 and 常州中心由施蕾负责. Pure."""

from __future__ import annotations

import re

from agents.doers import HAN_DOES

_WHO, _WHAT = "[\u4e00-\u9fff]{2,8}", "[\u4e00-\u9fffA-Za-z0-9]{2,30}"
_ACTIVE = re.compile(rf"(?P<who>{_WHO}?)(?P<does>{HAN_DOES})(?P<what>{_WHAT})[。.]?")
_PASSIVE = re.compile(rf"(?P<what>{_WHAT}?)由(?P<who>{_WHO})(?P<does>{HAN_DOES})[。.]?")


def says_the_same(said: str, source: str) -> bool:
    """Whether a source says a sentence literally, or in the other voice."""
    whole = "".join(source.split())
    turned = _turned(said)
    return any(literally_in(one, source) for one in (said, *turned)) or any(
        one.startswith("由") and one in whole for one in turned
    )


def _turned(said: str) -> list[str]:
    """The same in the other voice: 施蕾负责常州中心 is 常州中心由施蕾负责, and the other way."""
    if passive := _PASSIVE.fullmatch(said):
        return [form.format(**passive.groupdict()) for form in ("{who}{does}{what}", "由{who}{does}{what}")]
    active = _ACTIVE.fullmatch(said)
    return [f"{active['what']}由{active['who']}{active['does']}"] if active else []


def done_by_another(said: str, source: str) -> bool:
    """Whether the very thing that somebody is said to do is done by another, in either voice."""
    told = _PASSIVE.fullmatch(said) or _ACTIVE.fullmatch(said)
    if not told:
        return False
    does, what = told["does"], re.escape(told["what"])
    voices = rf"{what}由({_WHO}?){does}|由({_WHO}?){does}{what}(?!\w)|(?<![\w])({_WHO}?){does}{what}(?!\w)"
    doers = {next(filter(None, found)) for found in re.findall(voices, "".join(source.split()))}
    return bool(doers) and not any(told["who"] in doer or doer in told["who"] for doer in doers)


def literally_in(said: str, source: str) -> bool:
    """Whether `said` stands in `source` from the beginning of a clause on; white space differs between extractions."""
    words = "".join(said.split()).rstrip(".。;；!！")
    found = re.search(rf"(?<!\w){re.escape(words)}(?!\d)", "".join(source.split()))
    return found is not None and len(words) > 1
