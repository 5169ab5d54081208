"""What is said in several ways, in both languages, as one word: before two texts are compared sentence by sentence."""

import re
from functools import cache

# A name, and patterns of what means it.
_TABLE = r"""
remotework: remote(?:ly)?[ -]work(?:ing)? | work(?:ing|s)? (?:remotely|from home|at home) | home[ -]office
remotework: telework(?:ing)?
remotework: 远程办公 | 居家办公 | 在家办公 | 远程工作 | 居家工作
cfo: (?:head|director|vice president|vp) of finance | finance (?:director|head) | chief financial officer | cfo
cfo: 财务总监 | 首席财务官 | 财务部?负责人
ceo: chief executive(?: officer)? | managing director | ceo | 总经理 | 首席执行官 | 总裁
approval: approv(?:al|als|e|es|ed|ing) | sign(?:ed|s)?[ -]off | consent | authori[sz](?:ation|es?|ed)
approval: 批准 | 审批 | 核准 | 同意 | 签批
autorenewal: automatic(?:ally)? renew(?:al|s|ed)? | renew(?:s|ed|al)? automatically | auto-?renew(?:al|s)?
autorenewal: 自动续[期约签订] | 自动展期 | 自动延长 | 自动顺延
personaldata: personal (?:data|information) | 个人信息 | 个人数据
workscouncil: works? council | staff council | 员工委员会 | 工会
penalty: penalt(?:y|ies) | liquidated damages | 违约金 | 罚金
confidentiality: confidential(?:ity)? | non-?disclosure | secrecy | 保密
"""


@cache
def _concepts() -> tuple[tuple[re.Pattern[str], str], ...]:
    rows = (line.partition(":") for line in _TABLE.strip().splitlines())
    return tuple(
        (re.compile("|".join(map(_whole, said.split(" | "))), re.IGNORECASE), f" {name} ") for name, _, said in rows
    )


def _whole(pattern: str) -> str:
    pattern = pattern.strip()
    return rf"\b(?:{pattern})\b" if pattern.isascii() else pattern


def with_concepts(text: str) -> str:
    """The text with what means a concept replaced by the concept's name."""
    for pattern, name in _concepts():
        text = pattern.sub(name, text)
    return text
