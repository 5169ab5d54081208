"""Two texts say the same, or they do not."""

import pytest

from kb.likeness import Saying

ENGLISH = (
    "Employees may spend up to 180 euros for a night in a hotel in Berlin. Breakfast is paid separately, and the "
    "invoice is made out to the company. Requests that go beyond it are approved by the head of the "
    "department before the trip."
)
CHINESE = (
    "员工出差住宿标准为每晚不超过六百元，早餐另行报销，发票抬头须为公司全称。超出标准的申请，应在出差前由部门负责人审批；"
    "未经审批的超标部分由员工自行承担。住宿发票应在返回后十五个工作日内提交财务部门。"
)


TRADITIONAL = (
    "員工出差住宿標準為每晚不超過六百元，早餐另行報銷，發票抬頭須為公司全稱。超出標準的申請，應在出差前由部門負責人審批；"
    "未經審批的超標部分由員工自行承擔。住宿發票應在返回後十五個工作日內提交財務部門。"
)


@pytest.mark.parametrize(
    ("text", "copy"),
    [
        (ENGLISH, ENGLISH.replace(" ", "\n").upper()),
        (ENGLISH, ENGLISH.replace("separately,", "separately –").replace("Berlin.", "**Berlin**.")),
        (ENGLISH, ENGLISH.replace("beyond it", "beyond that")),
        (ENGLISH, ENGLISH[30:]),
        (CHINESE, CHINESE.replace("，", ", ")),
        (CHINESE, TRADITIONAL),
        (CHINESE, CHINESE.replace("应在返回后", "须在返回后")),
    ],
)
def test_a_copy_repeats_what_it_was_copied_from(text: str, copy: str) -> None:
    assert Saying.of(copy).repeats(Saying.of(text))


@pytest.mark.parametrize(
    ("text", "other"),
    [
        (ENGLISH, ENGLISH.replace("180", "200")),
        (ENGLISH, ENGLISH.replace("Berlin", "Munich")),
        (ENGLISH, ENGLISH.replace("is paid", "is not paid")),
        (ENGLISH, ENGLISH + " Directors are free to choose their hotel."),
        (ENGLISH, CHINESE),
        (CHINESE, CHINESE.replace("六百", "八百")),
        (CHINESE, CHINESE.replace("早餐另行", "早餐不另行")),
        ("Yes.", "Yes, in January."),
        ("Hotel", "The hotel is closed."),
        ("", "The hotel is closed."),
    ],
)
def test_another_number_name_or_no_says_something_else(text: str, other: str) -> None:
    assert not Saying.of(other).repeats(Saying.of(text))
