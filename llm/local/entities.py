"""Names in text: people, places, teams, titles and codes, as far as their writing shows them."""

import re
from collections.abc import Iterator

from .dates import MONTHS
from .text import STOP_WORDS

# A full stop ends a name unless it stands behind an initial or a title.
_WORD = (
    rf"(?!(?:{MONTHS})\b(?=\s+\d|,))[A-Z](?:[\w'’&-]|\.(?=\w))*"
    r"(?:(?<=\b[A-Z])\.|(?<=\b(?:Dr|St|Mr|Jr))\.|(?<=\bMrs)\.)?"
)
_LATIN = re.compile(
    rf"{_WORD}(?:\s+(?:(?:of|the|de|van|von|du|la|"
    rf"der)\s+){{0,2}}(?:{_WORD}|\d+\b))*|\b[A-Za-z]+-?\d+[\w-]*\b"
    r'|(?<![\w"])"[A-Z0-9][^"\n]{1,50}"(?!\w)'
)
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁"
    "任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴"
    "莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅"
    "童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车"
    "项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛"
    "仲虞敖巩明佘池查麻苑迟邝"
)
_HAN_VERB = re.compile("隶属于?|属于|来自|任职于|就职于|毕业于|出生[于在]|位于|坐落于|负责|担任|现任|[由是在归]")
_HAN = re.compile(
    r"[\u4e00-\u9fff]{1,8}(?:[·•][\u4e00-\u9fff]{1,8})+"
    r"|《[^》]{1,30}》|[“「『]([^”」』]{2,20})[”」』]"
    r"|(?<=[由是为：:、，和与是任])[\u4e00-\u9fff]{0,10}?(?:部门|部|组|团队|中心|委员会|公司|办公室|科|处|经理|总监|主管|大学|学院|市|省|国|县|区)"
    r"|[\u4e00-\u9fff]{2,6}(?:部|组|团队|中心|委员会|公司|办公室|经理|总监|主管)"
    rf"|(?<=[由是为：:、，（(])[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}(?=[，。、；）)（(\s]|负责|担任|$)"
)


def entities(text: str) -> list[str]:
    """The names of a text in order, each once."""
    return list(dict.fromkeys(name for name in _names(text) if len(name) > 1))


def _names(text: str) -> Iterator[str]:
    for match in _LATIN.finditer(text):
        words = match.group().strip(" .'’-\"").split()
        while words and words[0].lower() in STOP_WORDS:
            words = words[1:]
        if words:
            yield " ".join(words)
    for match in _HAN.finditer(text):
        found = (match.group(1) or match.group()).strip("《》")
        parts = [part for part in _HAN_VERB.split(found) if part]
        # "李明隶属财务部": a person, a verb and a department.
        yield from (part for part in parts[:-1] if len(part) <= 3 and part[0] in _SURNAMES)
        yield from parts[-1:]


def new_entities(text: str, known: str) -> list[str]:
    """The names of a text that another text does not mention, the likeliest links first: longer names lead."""
    said = known.lower()
    fresh = [name for name in entities(text) if name.lower() not in said]
    return sorted(fresh, key=lambda name: name[0].isascii() and " " not in name and not any(c.isdigit() for c in name))
