"""How Chinese differs between the mainland, Taiwan and Hong Kong: in its characters, and in its words. Pure.

Traditional and variant characters are made the same in documents and questions. Words that differ (软件, 軟體) are only
added to what a question looks for: each of them means something else somewhere, so nothing that is stored depends on
this list.
"""

import re
from functools import cache
from pathlib import Path

_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")

CHARACTERS = """
著着 衞卫 枱台 糭粽 粧妆 敍叙 衹只 祇只 瞭了 藉借 覆复 幷并 簷檐 擡抬 痹痺 讎仇
鍾钟 锺钟 鍊炼 餘余 馀余 彷仿 儘尽 牠它 揹背 諮咨 谘咨 託托 讬托 鉅巨 钜巨 牴抵
暱昵 餵喂 閒闲 週周 佈布 佔占 峯峰 羣群 牀床 啓启 甦苏 汙污 洩泄 併并 歎叹 僱雇
妳你 麽么 幺么 蔘参 剷铲 鬱郁 鼕冬
"""
"""Each with the one that it is made."""

_WORDS = """
软件 软体; 硬件 硬体; 网络 网路; 互联网 网际网路; 信息 资讯; 数据 资料; 程序 程式; 编程 程式设计;
服务器 伺服器; 硬盘 硬碟; U盘 随身碟; 内存 记忆体; 屏幕 萤幕; 鼠标 滑鼠; 打印 列印; 打印机 印表机;
复印 影印; 笔记本电脑 笔记型电脑; 默认 预设; 登录 登入; 退出 登出; 用户 使用者;
账号 帐号 帐户 账户; 文件夹 资料夹; 文件 档案; 字段 栏位; 链接 连结; 视频 影片 视讯; 音频 音讯;
短信 简讯; 博客 部落格; 在线 线上; 宽带 宽频; 移动 行动; 信号 讯号; 激光 雷射; 质量 品质; 项目 专案;
支持 支援; 反馈 回馈; 优化 最佳化; 渠道 通路; 保修 保固; 合同 合约; 简历 履历; 工资 薪水 薪资;
出租车 计程车 的士; 公交车 公车 巴士; 地铁 捷运; 自行车 脚踏车 单车; 酒店 饭店; 快递 宅配;
空调 冷气; 幼儿园 幼稚园; 方便面 泡面; 土豆 马铃薯; 菠萝 凤梨; 人工智能 人工智慧; 移动电话 行动电话;
云计算 云端运算; 意大利 义大利; 新西兰 纽西兰; 悉尼 雪梨; 年假 特休 特别休假;
工牌 识别证; 复印件 影本; 原件 正本; 报销 报支 核销; 审批 签核; 人力资源 人资; 笔记本 笔电; 外卖 外送; 盒饭 便当;
年终奖 年终奖金; 婴儿车 推车; 税号 统一编号 统编; 社保 劳健保; 裁员补偿 资遣费 遣散费; 转账 汇款 转帐;
车位 停车位; 领导 主管 长官; 客户端 用户端; 存储 储存; 缓存 快取; 接口 介面; 界面 介面; 模块 模组; 菜单 选单;
二维码 QR码; 邮箱 信箱; 电子邮件 电邮; 培训 教育训练; 考勤 出勤; 日程 行程
"""


@cache
def _simplified() -> dict[int, str]:
    """OpenCC's table of Traditional characters and variants with the Simplified one each is folded to."""
    import opencc

    table = Path(opencc.__file__).parent / "dictionary" / "TSCharacters.txt"
    pairs = (line.split() for line in table.read_text(encoding="utf-8").splitlines())
    simple = {ord(pair[0]): pair[1] for pair in pairs if len(pair) > 1 and len(pair[0]) == 1}
    return simple | {ord(pair[0]): pair[1] for pair in CHARACTERS.split()}


def simplified(text: str) -> str:
    """The text in Simplified characters, each in its place: nothing else is changed, nor any length."""
    return text if text.isascii() else _NOT_ASCII.sub(_in_simplified, text)


def _in_simplified(characters: re.Match[str]) -> str:
    return characters.group().translate(_simplified())


@cache
def _others() -> dict[str, tuple[str, ...]]:
    rows = [row.split() for row in _WORDS.replace("\n", " ").split(";")]
    return {word: tuple(other for other in row if other != word) for row in rows for word in row}


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile("|".join(sorted(_others(), key=len, reverse=True)))


def regional_words(question: str) -> dict[str, tuple[str, ...]]:
    """The words of a folded question that are called otherwise elsewhere, and how."""
    return {word: _others()[word] for word in _pattern().findall(question)}


def other_words(question: str) -> list[str]:
    """What the words of a folded question are called elsewhere."""
    found = (other for others in regional_words(question).values() for other in others)
    return [other for other in dict.fromkeys(found) if other not in question]
