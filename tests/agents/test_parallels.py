"""What is bound together in a source stays so: parties around a verb, parallel clauses, then and now, sums."""

import pytest

from agents.compare import changed, compare

GOLD = "Gold members earn 2 points per pound spent and silver members 1.5 points. Points expire after 18 months."
GOALS = "The recovery time objective is 4 hours; the recovery point objective is 24 hours. Restores are tested."
BACKUPS = "Backups are made every night at 2:30 and kept for 35 days; monthly backups are kept for seven years."
SALES = "In the fiscal year 2024, net sales were $842.6 million, compared with $797.3 million in fiscal 2023."
MARGIN = "Operating margin improved from 11.2% to 12.9%. No dividend was paid."
SITES = "The primary data centre is in Dublin, the secondary in Stockholm."
LIFT = "Annual inspection is carried out by TechSafe; the caretaker, Mr Olsen, keeps the log."
LEASE = "The Tenant shall pay the rent in advance. The Landlord shall not enter without notice."
BREACH = "The processor shall notify the controller of a personal data breach within 36 hours."
LOANS = "零售贷款余额1,050亿元，对公贷款余额1,820亿元。本期未发行永续债。"
STORES = "高雄仓负责南部地区配送，桃园仓负责北部地区配送。易碎品须标示。"
ORDERS = "采购申请先由部门经理审核，再报财务总监批准。仓库收货后通知采购员，采购员通知申请人领用。"
AUDITOR = "审计机构由天恒会计师事务所变更为中立信会计师事务所。"
CONTRACT = "用人单位应当向劳动者每月支付二倍的工资。试用期最长六个月。"


@pytest.mark.parametrize(
    ("false", "true", "source"),
    [
        ("Silver members get 2 points per pound.", "Silver members get 1.5 points.", GOLD),
        ("The recovery point objective is 4 hours.", "The recovery point objective is 24 hours.", GOALS),
        ("Monthly backups are kept for 35 days.", "Monthly backups are kept for seven years.", BACKUPS),
        ("Net sales in fiscal 2024 were $797.3 million.", "Net sales in 2023 were $797.3 million.", SALES),
        ("The margin was 11.2%, after 12.9% the year before.", "The margin was 12.9%, up from 11.2%.", MARGIN),
        ("Dublin hosts the secondary data centre.", "Dublin hosts the primary data centre.", SITES),
        ("Mr Olsen carries out the annual inspection.", "TechSafe carries out the annual inspection.", LIFT),
        ("The landlord pays the rent to the tenant.", "The tenant pays the rent in advance.", LEASE),
        ("The controller has to notify the processor.", "The processor has to notify the controller.", BREACH),
        ("零售贷款余额为1,820亿元。", "对公贷款余额为1,820亿元。", LOANS),
        ("零售贷款余额高于对公贷款余额。", "零售贷款余额低于对公贷款余额。", LOANS),
        ("南部由桃园仓配送，北部由高雄仓配送。", "南部由高雄仓配送，北部由桃园仓配送。", STORES),
        ("采购申请先由财务总监审核。", "采购申请先由部门经理审核。", ORDERS),
        ("申请人通知采购员领用。", "采购员通知申请人领用。", ORDERS),
        ("新的审计机构是天恒会计师事务所。", "新的审计机构是中立信会计师事务所。", AUDITOR),
        ("劳动者要每月向用人单位支付二倍工资。", "用人单位要每月向劳动者支付二倍工资。", CONTRACT),
    ],
)
def test_what_changed_places_is_noticed(false: str, true: str, source: str) -> None:
    assert compare(false, source)[0] == "unsupported" or changed(false, source)
    assert compare(true, source)[0] != "unsupported"
    assert not changed(true, source)


FIGURES = "Packaging made 46% of sales and Chemicals 31%; Services had the rest. The margin fell to 9.8% from 11.3%."
PLANT = "In 2023 the plant produced 1,200 tonnes, in 2024 it produced 1,500 tonnes."
RENT = "The deposit is 3 months' rent; the monthly rent is 1,100 euros."
HALLS = "The north hall has 60 places, the south hall 45. Both are heated."
SHOPS = "一车间有员工45人，二车间有员工60人。采购费用为4万元，运输费用为1万元。"


@pytest.mark.parametrize(
    ("true", "false", "source"),
    [
        ("Services had the remaining 23% of sales.", "Services had the remaining 33% of sales.", FIGURES),
        ("The margin fell by 1.5 percentage points.", "The margin fell by 2.5 percentage points.", FIGURES),
        ("Production grew by 25% in 2024.", "Production grew by 35% in 2024.", PLANT),
        ("Production rose by 300 tonnes.", "Production rose by 400 tonnes.", PLANT),
        ("The deposit is 3,300 euros.", "The deposit is 3,400 euros.", RENT),
        ("两个车间合计105人。", "两个车间合计115人。", SHOPS),
        ("There are 105 places in the two halls together.", "There are 205 places in the two halls together.", HALLS),
        ("费用总计5万元。", "费用总计6万元。", SHOPS),
    ],
)
def test_a_figure_that_the_sentence_calls_computed_is_worked_out(true: str, false: str, source: str) -> None:
    assert compare(true, source)[0] != "unsupported"
    assert compare(false, source) == ("unsupported", "number")


def test_a_figure_that_is_not_called_computed_stays_missing() -> None:
    assert compare("The plant produced 2,700 tonnes.", PLANT) == ("unsupported", "number")
    assert compare("In all, the plant produced 2,700 tonnes.", PLANT)[0] == "supported"


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ("Restores have to be tested four times a year.", "Restores must be tested every quarter."),
        ("演练一年举行两次。", "演练每半年举行一次。"),
        ("快递员一天至少要派120件。", "快递员每日派件不少于120件。"),
        ("Adults take it three times a day.", "Adults take it every 8 hours."),
        ("乙方收到款项后五天内要开发票给甲方。", "乙方应于收款后5日内向甲方开具发票，甲方应于每月10日前支付。"),
        ("Logs are removed after about three months.", "Logs are removed after 90 days."),
        ("Backups are retained for five weeks.", "Backups run nightly and are kept for 35 days."),
        ("知识产权业务由周岚律师负责。", "本所由周岚律师负责知识产权业务，由韩松律师负责劳动争议业务。"),
    ],
)
def test_the_same_in_other_figures_or_voice_is_not_marked(said: str, source: str) -> None:
    assert compare(said, source)[0] != "unsupported"
    assert not changed(said, source)
