"""One of several like things that Chinese names by a word before what they are: 金卡, 葵涌仓, 行政套房."""

import re
from collections.abc import Iterator

_NOUNS = (
    "套房|客房|套餐|计划|方案|会员|账户|专线|事业部|分馆|分店|分行|分部|校区|门店|仓库|食堂|实验室|车间"
    "|卡|仓|馆|店|厂|湖|岛|桥|峰|寺|号线"
)
_MEMBER = re.compile(rf"(?P<name>[\u4e00-\u9fff]{{1,2}})(?P<noun>{_NOUNS})(?![\u4e00-\u9fff]?[长员工内]|证|片|本|号码)")
_NO_NAME = re.compile(
    "[我你他她您的了是在和与及或有无个各每本该这那此其全同上下某何哪几多少数所用持办凭刷去到从往由对为把被向于以一二两三四五六七八九十]"
)
# What ends in such a noun and is no name of one.
_OTHERS = re.compile("(?:贺卡|[酒饭商书]店|工厂|[书物]馆)$")


def members(text: str) -> Iterator[tuple[str, str]]:
    """The noun and the one or two characters before it that tell which one: ("卡", "白金")."""
    for match in _MEMBER.finditer(text):
        name = _NO_NAME.split(match["name"])[-1]
        if name and not _OTHERS.search(match.group()):
            yield match["noun"], name
