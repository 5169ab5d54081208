"""Rules of a made-up company, each said in several ways and in both languages: what is true of one is true of all."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rule:
    """`said[0]` stands in the document; the others say the same in other words, shorter, or rounded."""

    en: tuple[str, ...]
    zh: tuple[str, ...]


_PEOPLE = (("Sun Wei", "孙炜"), ("Chen Li", "陈立"), ("Wang Xiaomei", "王晓梅"), ("Lin Tao", "林涛"))
_CITIES = (("Berlin", "柏林"), ("Shanghai", "上海"), ("Paris", "巴黎"), ("Singapore", "新加坡"), ("Tokyo", "东京"))
_MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905
_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905
_HAN = "零一二三四五六七八九十"
_TEMPLATES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (
        (
            "Employees in {city} are entitled to {n} days of annual leave a year.",
            "In {city}, staff get {n} days of annual leave every year.",
            "Annual leave in {city} is {n} days.",
        ),
        ("{city}的员工每年享有{n}天年假。", "在{city}，员工的年假为每年{n}天。", "{city}年假为{n}天。"),
    ),
    (
        (
            "Expense reports must be submitted within {w} weeks after the return from {city}.",
            "After a return from {city}, the expense report must be submitted within {w7} days.",
            "Expense reports must be handed in within {word} weeks after the return.",
        ),
        (
            "从{city}返回后，报销单必须在{w}周内提交。",
            "报销单须在从{city}返回后{w7}天内提交。",
            "返回后{han}周内必须提交报销单。",
        ),
    ),
    (
        (
            "The travel budget of {year} is EUR {big}, and {person} approves every payment above EUR {n00}.",
            "The {year} travel budget amounts to about {rounded} million euros.",
            "{person} approves every payment above EUR {n00}.",
        ),
        (
            "{year}年差旅预算为{big}欧元，超过{n00}欧元的付款由{person}审批。",
            "{year}年的差旅预算约为{wan}万欧元。",
            "超过{n00}欧元的付款由{person}审批。",
        ),
    ),
    (
        (
            "The new policy takes effect on {d} {month} {year} and does not apply to interns.",
            "From {month} {d}, {year} the new policy is in effect; it does not apply to interns.",
            "The new policy takes effect on {year}-{mm}-{dd}.",
        ),
        (
            "新制度自{year}年{m}月{d}日起施行，不适用于实习生。",
            "新制度不适用于实习生，自{year}年{m}月{d}日起施行。",
            "新制度于{year}-{mm}-{dd}起施行。",
        ),
    ),
    (
        (
            "Visitors may not enter the laboratory without at least {n} hours of training.",
            "Without at least {n} hours of training, visitors may not enter the laboratory.",
            "Visitors may not enter the laboratory without {n} or more hours of training.",
        ),
        (
            "访客未经至少{n}小时培训，不得进入实验室。",
            "未接受至少{n}小时培训的访客不得进入实验室。",
            "访客未经{n}小时以上培训，不得进入实验室。",
        ),
    ),
    (
        (
            "A hotel in {city} may cost at most {n0} euros a night, and breakfast is included in the limit.",
            "In {city} a hotel may cost no more than €{n0} a night, breakfast included.",
            "A hotel in {city} may cost up to {n0} euros a night.",
        ),
        (
            "{city}的酒店每晚最多{n0}欧元，限额包括早餐。",
            "{city}酒店每晚不超过{n0}欧元，包括早餐。",
            "在{city}，酒店每晚最多{n0}欧元。",
        ),
    ),
    (
        (
            "Work on public holidays is paid with {p} percent of the wage and must be approved by {person} before it.",
            "Work on public holidays is paid with {p}% of the wage; {person} must approve it before.",
            "Work on public holidays must be approved by {person} before it.",
        ),
        (
            "法定节假日加班按小时工资的{p}%支付，加班前须由{person}批准。",
            "法定节假日加班须在加班前由{person}批准，按小时工资的百分之{p}支付。",
            "法定节假日加班按小时工资的{p}%支付。",
        ),
    ),
    (
        (
            "The warehouse in {city} closes at {h}:30 and cannot be entered after that time.",
            "The warehouse in {city} cannot be entered after {h}:30.",
            "The warehouse in {city} closes at {h}:30.",
        ),
        (
            "{city}仓库{h}:30关闭，此后不能进入。",
            "{city}仓库在{h}:30之后不能进入。",
            "{city}仓库{h}:30关闭。",
        ),
    ),
    (
        (
            "Sales in {city} increased by {n} percent in {year} to {big} units.",
            "In {year}, sales in {city} increased by {n}% to {big} units.",
            "Sales in {city} increased by {n} percent in {year}.",
        ),
        (
            "{year}年{city}销量增长{n}%，达到{big}台。",
            "{city}的销量在{year}年增长了百分之{n}，达到{big}台。",
            "{year}年{city}销量增长{n}%。",
        ),
    ),
    (
        (
            "Laptops are replaced after {w} years, and old devices must be returned to {person} within {n} days.",
            "Old devices must be returned to {person} within {n} days; laptops are replaced after {word} years.",
            "Laptops are replaced after {w12} months.",
        ),
        (
            "笔记本电脑使用{w}年后更换，旧设备必须在{n}天内交还{person}。",
            "旧设备必须在{n}天内交还{person}，笔记本电脑使用{han}年后更换。",
            "笔记本电脑使用{w12}个月后更换。",
        ),
    ),
)  # fmt: skip


def rules(count: int, chance: random.Random) -> list[Rule]:
    """`count` rules with numbers, dates and names drawn anew."""
    return [_rule(_TEMPLATES[i % len(_TEMPLATES)], chance) for i in range(count)]


def _rule(template: tuple[tuple[str, ...], tuple[str, ...]], chance: random.Random) -> Rule:
    person, city, w = chance.choice(_PEOPLE), chance.choice(_CITIES), chance.randint(2, 8)
    m, d, n, big = (
        chance.randint(1, 12),
        chance.randint(1, 28),
        chance.randint(11, 39),
        chance.randint(1_100_000, 1_990_000),
    )
    values: dict[str, Any] = {
        "w": w, "w7": w * 7, "w12": w * 12, "word": _WORDS[w], "han": _HAN[w], "n": n, "n0": n * 10, "n00": n * 100,
        "p": chance.choice((150, 200, 250, 300)), "big": f"{big:,}", "rounded": round(big / 1e6, 1),
        "year": chance.randint(2019, 2027), "m": m, "mm": f"{m:02}", "d": d, "dd": f"{d:02}", "month": _MONTHS[m - 1],
        "h": chance.randint(14, 22), "wan": round(big / 1e4),
    }  # fmt: skip
    return Rule(
        tuple(said.format(person=person[0], city=city[0], **values) for said in template[0]),
        tuple(said.format(person=person[1], city=city[1], **values) for said in template[1]),
    )
