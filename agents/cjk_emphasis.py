"""Emphasis beside Chinese text, for markdown-it. Pure.

CommonMark lets `**` close behind punctuation only where a space or punctuation follows, which Chinese has none of:
`**结果：**满10年` would show its stars. Beside a Chinese, Japanese or Korean character only white space counts.
"""

from __future__ import annotations

import re

from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Delimiter

_CJK = re.compile(r"[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")


def emphasis_rule(state: StateInline, silent: bool) -> bool:
    """markdown-it's rule of the same name, which puts each star among the delimiters, with open and close widened."""
    marker = state.src[state.pos]
    if silent or marker not in "*_":
        return False
    scanned = state.scanDelims(state.pos, marker == "*")
    can_open, can_close = scanned.can_open, scanned.can_close
    if marker == "*":
        before = state.src[state.pos - 1 : state.pos]
        after = state.src[state.pos + scanned.length : state.posMax][:1]
        if _CJK.match(before) or _CJK.match(after):
            can_open = can_open or bool(after.strip())
            can_close = can_close or bool(before.strip())
    for _number in range(scanned.length):
        state.push("text", "", 0).content = marker
        token = len(state.tokens) - 1
        state.delimiters.append(Delimiter(ord(marker), scanned.length, token, -1, can_open, can_close))
    state.pos += scanned.length
    return True
