"""Places and families whose names are known in both languages, so that a name that was changed is seen as one. Pure."""

from __future__ import annotations

import re
from pathlib import Path

CHINESE = {
    chinese: english.lower()
    for line in Path(__file__).with_name("places.txt").read_text("utf-8").splitlines()
    for english, _, chinese in [line.rpartition(" ")]
}
"""What a place is called in Chinese → in English, in lower case."""
_PLACE = re.compile("|".join(sorted(CHINESE, key=len, reverse=True)))
FAMILIES = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕施张孔曹严华魏陶姜谢邹喻柏窦章苏潘葛范彭郎鲁韦昌马苗凤方俞任袁柳鲍史唐"
    "费廉岑薛雷贺倪汤滕殷罗毕郝邬安乐于傅卞齐康伍余元卜顾孟黄穆萧尹姚邵汪祁毛狄米贝臧戴宋庞熊纪舒屈项祝董梁杜阮"
    "蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万柯管卢莫房裘缪解应丁宣邓洪包左石崔吉龚程邢裴陆"
    "荣翁荀羊惠甄封芮储靳松井段富巫焦巴侯宓全班仰秋仲伊宫宁仇栾暴甘厉戎祖武符刘景詹束龙叶幸司黎薄印白蒲鄂索咸赖"
    "卓蔺屠蒙池乔阴胥苍双闻莘党翟谭贡劳姬申扶堵冉宰郦雍桑桂濮牛寿边扈燕冀尚农温别庄晏柴瞿阎连习艾容向古易廖终步都耿满"
    "弘匡国文寇广禄阙东欧沃利越隆师巩聂晁勾敖融冷辛阚那简饶曾沙养鞠丰巢关相查后荆红游竺权盖益桓"
)


def places(text: str) -> set[str]:
    """The places that a Chinese text names, by their English names."""
    return {CHINESE[found] for found in _PLACE.findall(text)}


def spans(text: str) -> list[tuple[int, int]]:
    """Where a Chinese text names places."""
    return [match.span() for match in _PLACE.finditer(text)]
