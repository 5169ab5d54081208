"""Everyday words of company documents in Chinese and English: a question finds documents in the other language."""

import re
from functools import cache

from llm.chinese import simplified, words_elsewhere

from .everyday import EVERYDAY
from .places import PLACES
from .text import has_han, terms

_WORDS = f"""
年假 年休假 带薪年假=annual leave; vacation; paid leave
休假 请假 假期=leave; vacation; holiday
病假=sick leave; sickness
产假=maternity leave
陪产假=paternity leave
育儿假=parental leave
司龄=length of service; years of service; seniority
婚假=marriage leave
丧假=bereavement leave
事假=unpaid leave
节假日 节日 放假=public holiday; holiday; day off
加班=overtime
调休=time off in lieu; compensatory
结转=carry over; carried over; carry
入职 新员工=new hire; new employee; onboarding; join
离职 辞职=resignation; leave the company; exit; left
试用期=probation
员工 职员 雇员=employee; staff; people
经理=manager
主管 上级=line manager; supervisor; lead
负责人 部门负责人=head; owner; responsible
总监=director
部门=department
团队 小组=team
副手 代理人=deputy; acting; stand in
主席=chair; chairman
员工委员会 工会=works council; staff council; union
审批 批准=approve; approval
申请=request; apply; application
报销 报账=reimburse; reimbursement; expense; expenses
报销单=expense report; expense claim
费用 开支 支出=expense; cost; expenditure
差旅 出差=travel; business trip; trip
住宿 住宿费 酒店 宾馆=hotel; accommodation; lodging; room
补贴 津贴 补助=allowance; subsidy
每日补贴 餐补 日补贴=per diem; daily allowance; meal allowance; per day
全天=full day
机票 航班 飞机=flight; ticket; plane
商务舱=business class
火车 高铁=train; rail
打车 出租车=taxi; cab
自驾 私车 开车=own car; private car; car; drive
公里=kilometre; kilometer; km
发票=invoice
付款 支付=payment; pay; paid
待付 未付=unpaid; to be paid; due; outstanding
供应商=supplier; vendor
采购=purchase; purchasing; procurement; order
订单=order
合同 协议=contract; agreement
预算=budget
收入 营业收入=revenue; income; sales
利润 毛利=profit; margin; gross
毛利率=gross margin
成本=cost
价格 单价 售价=price; list price
金额=amount; value
限额 上限 额度=limit; maximum; cap
标准=standard; limit; rate
汇率=exchange rate; booking rate
税 增值税=tax; vat
工资 薪酬 薪资 月薪=salary; pay; wage
奖金 年终奖=bonus
内推 内部推荐=referral
绩效 考核=performance; review; rating
晋升 升职=promotion
培训=training; course
经费=budget
公司卡 信用卡=company card; credit card; card
标准=standard
月度 每月=monthly; per month; month
季度=quarter; quarterly
年度 每年=yearly; annual; per year; year; each year
每天 每日=daily; per day; day
每周=weekly; per week; week
工作日=working day; business day
小时=hour
分钟=minute
密码 口令=password
更换 修改=change; changed; replace
账号 账户=account
锁定=lock; locked
登录=sign in; login; log in
日志=log
保留 保存=keep; kept; retention; retain
信息安全=information security; security
安全=security; safety
安全事件 事件=incident; event
事故=incident; accident
报告 上报=report
疑似=suspected; suspicion; suspect
钓鱼邮件=phishing
邮件 邮箱=mail; email
备份=backup
数据 资料=data
权限=permission; access; rights
保密 机密=confidential; secret
设备=equipment; device
电脑 笔记本=laptop; computer
手机=mobile phone; phone
打印机=printer
门禁卡 工牌=badge; access card
会议室=meeting room
办公室 办公=office
远程办公 居家办公 在家办公=remote work; work remotely; work from home; home office
地址=address
食堂 餐厅=canteen; cafeteria
素食=vegetarian
班车=shuttle bus; shuttle
地铁站 地铁=metro station; metro; subway
停车场 停车=car park; parking
消防演练=fire drill; drill
集合地点 集合点=assembly point; meeting point
实验室=laboratory; lab
校准=calibration; calibrate
误差 允许误差=tolerance; error; deviation; accuracy
传感器 探头=sensor; sonde; probe
网关=gateway
电池=battery
重量=weight
深度=depth
保修 质保=warranty
数据手册 规格书=data sheet; datasheet
说明书 指导书 手册=manual; instruction; handbook; guide
员工手册=employee handbook; handbook
制度 政策 办法 规定 规范=policy; rule; regulation
流程=process; procedure
版本=version
生效 有效=valid; effective; in force
变化 变更 修改=change; changed
缺陷 故障=defect; bug; fault; failure
严重 严重程度=severity; severe
未完成=open; not finished; in progress
完成 已完成=completed; done; fixed; finished
离线=offline
告警 警报=alarm; alert
发布 上线=release; launch
客户=customer; client
产品=product
市场=market
销售=sales
财务=finance
人力资源 人事=human resources; people; hr
研发 工程=engineering; research and development
质量=quality
运营=operations
法务=legal
信息技术=it
总裁 首席执行官 总经理=ceo; chief executive; managing director
董事会=board
员工 人=person
人数 编制=head count; headcount; number of people
招聘=recruiting; hiring; recruitment
职位 岗位=position; job; role
职级 级别 等级=grade; level
城市=city
国家=country
地区=region; area
人民币=CNY; RMB; yuan
美元=USD; dollar
欧元=EUR; euro
英镑=GBP; pound
日元=JPY; yen
新元 新加坡元=SGD; Singapore dollar
电话 分机=phone; telephone; extension
联系人=contact
会议=meeting
午餐=lunch
餐费 用餐 餐=meal
交通=transport; transportation
车票=ticket
季票 月票=season ticket
保险=insurance
医疗保险=health insurance; medical insurance
养老金=pension
股票 期权=stock; shares; options
礼品 礼物=gift
投诉=complaint
退货=return
退款=refund
订阅=subscription
许可证 许可=licence; license; permit
证书=certificate
审计=audit
风险=risk
测试=test; testing
服务器=server
网络=network
软件=software
硬件=hardware
接口=interface; api
请求=request
错误码=error code
间隔=interval
稳定时间=settling time; stabilisation time
温度=temperature
周年 成立=founded; founding; anniversary
罚款 处罚 违约=penalty; fine; breach
截止 期限=deadline; due
提前=in advance; notice; before
连续=consecutive; in a row
最多=at most; maximum; up to
最少 至少=at least; minimum
总部=headquarters; head office
特别休假 特休=annual leave; paid leave
股息 红利 分红=dividend
净利润 净利=net income; net profit
营业利润=operating profit
现金流=cash flow
负债=debt; liabilities
股东=shareholder
审计师 会计师事务所=auditor
子公司=subsidiary
工厂=factory; plant
仓库=warehouse
库存=inventory; stock
交期 交货期=lead time
起订量=MOQ; minimum order
折扣=discount
优惠券=coupon; voucher
积分=points
会员=member
包装=packaging
运费=shipping; freight; postage
发货 出货=ship; shipment; dispatch
定价=pricing
上市=launch; release
里程碑=milestone
试点=pilot
样机=prototype
验收=acceptance
值班=on-call; on duty
停机 宕机=outage; downtime
会议纪要=minutes
缺席=absent; apologies
责任人=owner
安全鞋=safety shoes
急救=first aid
叉车=forklift
限速=speed limit
楼层=floor
彩色=colour; color
驱动=driver
访客=guest; visitor
前台=reception
失窃 被盗=stolen; theft
遗失=lost; loss
报警=police
陪产=paternity
丧亡=bereavement
缴费=payment
社会保险 社保=social insurance
公积金=housing fund
展会 展览会 参展=trade fair; exhibition; fair
展位 展台 摊位=booth; stand
号馆 展馆=hall
{EVERYDAY}{PLACES}"""


# What is said in several ways in English alone.
_SAME = """
singapore dollar=sgd
us dollar=usd
american dollar=usd
euro=eur
british pound=gbp
pound=gbp
japanese yen=jpy
yen=jpy
ringgit=myr
malaysian ringgit=myr
renminbi=cny
yuan=cny
swiss franc=chf
hong kong dollar=hkd
"""


@cache
def _same() -> dict[tuple[str, ...], tuple[str, ...]]:
    """The stems of an English phrase → those of another that says the same."""
    rows = (line.split("=") for line in _SAME.strip().splitlines())
    return {terms(left): terms(right) for left, right in rows}


@cache
def _lines() -> tuple[str, ...]:
    return tuple(line for line in _WORDS.splitlines() if line)


@cache
def _tables() -> tuple[dict[str, tuple[str, ...]], dict[tuple[str, ...], dict[str, tuple[str, ...]]]]:
    """Chinese word → English phrases, and the stems of English phrases → each phrase's Chinese words."""
    to_english: dict[str, tuple[str, ...]] = {}
    to_chinese: dict[tuple[str, ...], dict[str, tuple[str, ...]]] = {}
    for line in _lines():
        left, right = line.split("=")
        words, phrases = tuple(left.split()), tuple(phrase.strip() for phrase in right.split(";"))
        for word in words:
            to_english[word] = tuple(dict.fromkeys((*to_english.get(word, ()), *phrases)))
        for phrase in phrases:
            if stems := terms(phrase):
                known = to_chinese.setdefault(stems, {})
                known[phrase] = tuple(dict.fromkeys((*known.get(phrase, ()), *words)))
    return to_english, to_chinese


def _in_chinese(stems: tuple[str, ...], question: str) -> tuple[str, ...]:
    """The Chinese words for stems of an English question; "training" and "train" share theirs and are no one thing."""
    known = _tables()[1].get(stems, {})
    said = {
        phrase: words
        for phrase, words in known.items()
        if re.search(rf"\b{re.escape(phrase)}\b", question, re.IGNORECASE)
    }
    return tuple(dict.fromkeys(word for words in (said or known).values() for word in words))


@cache
def _synonyms() -> dict[str, tuple[str, ...]]:
    """Chinese word → the others of its line."""
    found: dict[str, tuple[str, ...]] = {}
    for line in _lines():
        words = line.split("=")[0].split()
        for word in words:
            found[word] = tuple(dict.fromkeys((*found.get(word, ()), *(other for other in words if other != word))))
    return found


@cache
def _chinese_words() -> re.Pattern[str]:
    return re.compile("|".join(sorted(_tables()[0], key=len, reverse=True)))


def known_words(text: str) -> list[tuple[int, int, tuple[str, ...]]]:
    """Where the Chinese words of the glossary stand in a text, from place to place, and what each is in English."""
    to_english = _tables()[0]
    return [(*match.span(), to_english[match.group()]) for match in _chinese_words().finditer(text)]


def with_english(text: str) -> str:
    """A Chinese text followed by the English for the words that the glossary knows; other texts as they are."""
    to_english = _tables()[0]
    known = _chinese_words().findall(text) if has_han(text) else []
    return " ".join((text, *(" ".join(to_english[word]) for word in known)))


def translations(question: str) -> dict[str, tuple[tuple[str, ...], ...]]:
    """For each term of a question that the glossary knows: the term lists that say the same.

    They are in the other language, or other Chinese words for it.
    """
    to_english = _tables()[0]
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    for match in _chinese_words().finditer(question):
        alternatives = tuple(stems for phrase in to_english[match.group()] if (stems := terms(phrase)))
        alternatives += tuple(tuple(_bigrams(word)) for word in _synonyms().get(match.group(), ()))
        for term in terms(match.group()):
            found[term] = (*found.get(term, ()), *alternatives)
    for word, others in words_elsewhere(question).items():
        for term in terms(word):
            found[term] = (*found.get(term, ()), *(tuple(_bigrams(other)) for other in others))
    said = terms(question)
    for size in (3, 2, 1):
        for start in range(len(said) - size + 1):
            stems = said[start : start + size]
            if same := _same().get(stems):
                for stem in stems:
                    found[stem] = (*found.get(stem, ()), same)
            if (words := _in_chinese(stems, question)) and not all(stem in found for stem in stems):
                for stem in stems:
                    found[stem] = (*found.get(stem, ()), *(tuple(_bigrams(word)) for word in words))
    return found


def has_alternatives(question: str, stems: tuple[str, ...]) -> bool:
    """Whether one of the glossary's translations of a question's words is exactly these stems."""
    return any(stems in alternatives for alternatives in translations(question).values())


def place_names(question: str) -> list[str]:
    """The Chinese names of places in a question that the glossary knows."""
    to_english = _tables()[0]
    found = (match.group() for match in _chinese_words().finditer(question))
    return [word for word in found if re.fullmatch(r"[A-Z][a-z]+(?: [A-Z][a-z]+)?", to_english[word][0])]


def _bigrams(word: str) -> list[str]:
    return [term for term in terms(word) if len(term) > 1] or list(terms(word))


def translated(question: str) -> str:
    """The question's known words in the other language, for a second search; empty when it knows too few."""
    to_english = _tables()[0]
    question = simplified(question)
    kept = re.findall(r"[A-Z][\w-]*|\d[\w.,-]*", question)
    found = [to_english[match.group()][0] for match in _chinese_words().finditer(question)]
    said = terms(question)
    position = 0
    while position < len(said):
        for size in (3, 2, 1):
            if words := _in_chinese(said[position : position + size], question):
                found.append(words[0])
                position += size - 1
                break
        position += 1
    return " ".join(dict.fromkeys([*found, *kept])) if found else ""
