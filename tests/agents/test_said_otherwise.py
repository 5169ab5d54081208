"""True statements in other words than their source are not called false, and false ones in the same words are."""

import pytest

from agents.compare import compare
from agents.frequencies import frequencies
from agents.quantities import quantities


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ("Cash flow reached 84.6 million euros.", "Cash flow was EUR 84.6m (prior year: EUR 71.2m)."),
        ("Net debt was £62 million.", "Net debt was £62m, within the limit of £90m."),
        ("The programme takes 70 minutes.", "The programme takes 1 hour 10 minutes."),
        ("标准程序需要70分钟。", "标准程序需要1小时10分钟，耗水62升。"),
        ("普通工單須在兩小時內回覆。", "普通工单须在2小时内回复。"),
        ("施蕾负责常州中心。", "无锡中心由孟庆负责，常州中心由施蕾负责。"),
        ("常州中心由施蕾负责。", "孟庆负责无锡中心，施蕾负责常州中心。"),
        ("连续输错5次，账户将被锁定20分钟。",
         "After five failed attempts the account is locked for 20 minutes."),
        ("解冻后最多可保存30天。", "Once thawed, it keeps for up to 30 days. It must not be refrozen."),
        ("Repairs of more than 400 pounds have to be approved by Lloyd.",
         "Up to 400 pounds need no approval. Repairs of more than 400 pounds have to be approved by Lloyd."),
    ],
)  # fmt: skip
def test_other_words_for_the_same_are_not_false(said: str, source: str) -> None:
    assert compare(said, source)[0] != "unsupported"


@pytest.mark.parametrize(
    ("said", "source", "reason"),
    [
        ("孟庆负责常州中心。", "无锡中心由孟庆负责，常州中心由施蕾负责。", "name"),
        ("充值金额可以提现。", "单笔充值上限为5,000元，充值金额不可提现。", "negation"),
        ("Points can be exchanged for cash.", "They expire in May. Points cannot be exchanged for cash.", "negation"),
        ("Net debt was £62 billion.", "Net debt was £62m.", "number"),
        ("Restores happen twice a year.", "We restore the backups every quarter for a test.", "unit"),
    ],
)  # fmt: skip
def test_what_is_turned_round_is_false(said: str, source: str, reason: str) -> None:
    assert compare(said, source) == ("unsupported", reason)


@pytest.mark.parametrize(
    ("text", "yearly"),
    [
        ("every 8 hours", 1095), ("three times a day", 1095), ("每半年一次", 2), ("一年两次", 2), ("quarterly", 4),
        ("every quarter", 4),
    ],
)  # fmt: skip
def test_how_often_is_read_in_times_a_year(text: str, yearly: int) -> None:
    assert {each.yearly for each in frequencies(text)} == {yearly}


def test_a_length_does_not_run_into_the_next() -> None:
    assert [int(one.value) for one in quantities("1 hour 10 minutes, then 5 minutes")] == [4200, 300]
    assert [int(one.value) for one in quantities("2 hours and 3 days")] == [7200, 259200]
