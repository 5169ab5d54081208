"""What the local models say about themselves, and to greetings: plainly that they are the offline model."""

import re

from .text import language_of

_WHO = re.compile(
    r"\bwho (?:are|r) (?:you|u)\b|\bwhat are you\b|\bwhat(?:'s| is) your name\b|\bwhat can you do\b"
    r"|\b(?:which|what) (?:ai |language )?model (?:are you|is this)\b|\bintroduce yourself\b"
    r"|\bare you (?:an? )?(?:ai|bot|robot|chatgpt|qwen|gpt|human|real|offline)\b"
    r"|你是谁|您是谁|你是什么|你叫什么|你的名字|介绍一下你自己|自我介绍|你能做什么|你会什么"
    r"|你是(?:哪个|什么)?(?:模型|机器人|人工智能|AI)",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"^\W*(?:hi|hello|hey|good (?:morning|afternoon|evening)|[你您]好|嗨|早上好|下午好|晚上好|大家好)(?: there)?\W*$",
    re.IGNORECASE,
)
_THANKS = re.compile(r"^\W*(?:thanks?(?: you)?(?: very much| a lot)?|thx|谢谢你?|多谢|感谢)\W*$", re.IGNORECASE)

_SAYINGS = {
    "who": {
        "en": (
            "I am Zhinang's offline model. I run inside the product without any network, and I answer by quoting "
            "sentences from your documents. Connect a model server such as Qwen3-Max for answers in free words."
        ),
        "zh": (
            "我是智囊的离线模型，在产品内部运行，不需要联网。我从您的文档中摘录原句来回答问题。"
            "如需更自由的表达，请接入通义千问 Qwen3-Max 等模型服务。"
        ),
    },
    "greeting": {
        "en": (
            "Hello! I am Zhinang's offline model. Ask me something about your documents, and I will quote the place "
            "that answers it."
        ),
        "zh": "您好！我是智囊的离线模型。请就您的文档提问，我会摘录能回答问题的原文。",
    },
    "thanks": {"en": "You are welcome.", "zh": "不客气。"},
}


def small_talk(question: str) -> str | None:
    """An answer to a greeting, to thanks or to the question who this is; None for everything else."""
    language = language_of(question)
    for kind, pattern in (("greeting", _GREETING), ("thanks", _THANKS), ("who", _WHO)):
        if pattern.search(question):
            return _SAYINGS[kind][language]
    return None
