"""The Thinking model's own words in English and Chinese: its reasoning, its plan, and what frames the quotes."""

from .complexity import reason_for
from .decompose import Task
from .text import Language

_SAYINGS: dict[str, dict[Language, str]] = {
    "planning": {
        "en": "I am the offline model and work by rules. {need} I will plan the steps first.\n",
        "zh": "我是离线模型，按规则工作。{need}我先列出步骤。\n",
    },
    "searching": {
        "en": "I search for each part: {0}.\n",
        "zh": "我分别查找：{0}。\n",
    },
    "deepening": {
        "en": "What was found does not cover everything yet, so I look closer.\n",
        "zh": "目前找到的内容还不完整，我再进一步查找。\n",
    },
    "asking": {
        "en": "A table holds this. I ask it for its rows.\n",
        "zh": "表格中有相关数据，我直接查询表格。\n",
    },
    "sum": {"en": "sum of {0}", "zh": "{0}合计"},
    "avg": {"en": "average of {0}", "zh": "{0}平均值"},
    "calculating": {
        "en": "The numbers are there. I let Python do the sum.\n",
        "zh": "所需的数字已经找到，我用 Python 来计算。\n",
    },
    "answering": {
        "en": "There is enough evidence. I put the answer together from the sentences found.\n",
        "zh": "依据已经足够，我用找到的原文组织答案。\n",
    },
    "nothing": {
        "en": "Nothing that was found answers the question, so I say so.\n",
        "zh": "找到的内容都不能回答这个问题，我如实说明。\n",
    },
    "step_search": {"en": "Search: {0}", "zh": "查找：{0}"},
    "step_follow": {"en": "Look up what the first fact leads to", "zh": "根据第一个事实继续查找"},
    "step_list": {"en": "Go through the documents that mention it", "zh": "逐一查看提到它的文档"},
    "step_read": {"en": "Read the document where the passages are not enough", "zh": "片段不够时阅读原文"},
    "step_sum": {"en": "Calculate with the numbers found", "zh": "用找到的数字计算"},
    "step_compare": {"en": "Set the findings side by side", "zh": "对照各项结果"},
    "step_answer": {"en": "Answer with citations", "zh": "给出带引用的答案"},
    "missing": {"en": "The documents found say nothing about: {0}.", "zh": "查到的文档没有提到：{0}。"},
    "result": {"en": "**Result:** {0}", "zh": "**结果：**{0}"},
    "counted": {"en": "**Result:** {0} rows of the table fit. {1}", "zh": "**结果：**表中符合条件的共 {0} 行。{1}"},
    "marked": {"en": "{0} rows", "zh": "共 {0} 行"},
    "no_sum": {
        "en": "The sum could not be calculated; the numbers above are quoted as they stand.",
        "zh": "未能完成计算，以上数字为原文所载。",
    },
    "higher": {"en": "{0} has the higher value, by {1}", "zh": "{0}的数值更高，相差 {1}"},
    "equal": {"en": "both values are the same: {0}", "zh": "两者相同：{0}"},
    "count": {"en": "{0} documents hold a matching passage:", "zh": "有 {0} 份文档包含相关内容："},
}  # fmt: skip


def say(key: str, task: Task, *values: str) -> str:
    """A saying in the language of the task's question."""
    need = ""
    if task.need:
        need = reason_for(task.need, task.language) + (" " if task.language == "en" else "")
    return _SAYINGS[key][task.language].format(*values, need=need)
