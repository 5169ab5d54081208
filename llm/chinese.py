"""How Chinese differs between the mainland, Taiwan and Hong Kong: in its characters, and in its words. Pure.

Traditional and variant characters are made the same in documents and questions. Words that differ (软件, 軟體) are only
added to what a question looks for: each of them means something else somewhere, so nothing that is stored depends on
this list. So are the words of rules for what people say every day (丢了, 遗失).
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

_EVERYDAY = """
老婆 太太 妻子 老公 丈夫: 配偶; 老婆生 太太生 妻子生: 陪产; 生小孩 生孩子 生宝宝 生娃: 生育 分娩 产假;
爷爷 奶奶 外公 外婆 姥姥 姥爷: 祖父母; 爸爸 妈妈 爸妈: 父母; 过世 去世: 丧亡 丧假 死亡; 生病: 病假 伤病;
丢了 弄丢 丢失 搞丢: 遗失; 被偷 偷了: 被盗 失窃 盗窃; 坏了 弄坏: 损坏 故障; 扣钱 扣工资: 扣薪 扣款;
涨工资 加工资 涨薪: 调薪 加薪; 发钱: 发放 发给; 退钱: 退款; 打折 几折: 折扣 优惠;
卖多少钱: 售价 单价 零售价 价格; 要钱吗 收钱 要收费: 收费 费用 免费; 分红: 红利 股利 股息 派息;
快递费 邮费: 运费; 换钱 换成钱 折现: 折发 折算 兑现; 起订 最少订 最少要订: 起订量; 没来 没到场 没参加: 缺席;
谁来了: 出席; 礼拜天 星期天 星期日: 周日; 礼拜六 星期六: 周六; 平时: 平日 工作日; 头两: 前两; 头三: 前三;
提前几天说 提前多久说 提前说: 预告 提前通知; 走人 不干了: 离职 辞职; 开除 辞退 炒掉: 解除 终止; 转正: 试用期;
回报 汇报: 报告 上报; 值夜班: 值班; 介绍朋友 介绍人 拉人: 推荐 内推 介绍; 体检: 健康检查; 看病: 医疗;
五险一金: 社会保险 公积金; 年底: 年末 年终; 下班后: 工作时间外; 一起用 一块用 同时用: 叠加 同时使用;
存多久 留多久: 保存 保留; 找谁 谁管 归谁管: 负责人 联系人 责任人; 签字: 签署 审批; 盖章: 用印; 请客: 招待;
打车: 出租车 网约车; 上不了网 断网: 网络 无法连接; 迟到早退: 考勤; 换新: 更换; 修不修 能修: 维修 保修;
罚了: 罚款 处罚; 没休完 休不完 没用完 用不完: 未休完 未休 未使用 结转 递延;
国庆 国庆节 春节 中秋 中秋节 端午 端午节 元旦 五一 清明: 节假日 法定节假日 国定假日; 几倍: 加倍 倍; 老板: 总经理 董事长;
返工: 上班 出勤; 放工 收工: 下班; 出粮: 发薪 工资; 人工: 工资 薪金; 双粮 花红: 年终奖 奖金; 病假纸: 医生证明 诊断证明;
食饭: 用餐 午饭 午餐; 写字楼: 办公室; 老细: 老板 总经理; 风球 打风: 台风 热带气旋 风暴; 黑雨: 黑色暴雨; 侍产假: 陪产假;
批核: 批准 审批; 补假: 补休 调休; 开OT 做OT: 加班 超时工作; 超时: 加班; 揸车: 驾驶 开车; 泊车: 停车; 搵: 找; 屋企: 家;
铺头: 店铺 门店; 炒鱿鱼: 解雇 终止; 请辞: 辞职 离职; 牙医: 牙科; 几耐: 多久; 改期: 延期 变更; 退番: 退款;
派货: 送货 派送; 狗 猫: 宠物; 家人 家属: 屋企人; 整好: 修好 维修; 师傅: 维修人员; 船飞: 船票
"""
"""What people say, and after the colon what rules and contracts write for it."""


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
    found: dict[str, tuple[str, ...]] = {}
    for row in (row.split() for row in _WORDS.replace("\n", " ").split(";")):
        for word in row:
            found[word] = (*found.get(word, ()), *(other for other in row if other != word))
    for said, _, written in (row.partition(":") for row in _EVERYDAY.replace("\n", " ").split(";")):
        for word in said.split():
            found[word] = (*found.get(word, ()), *written.split())
    return found


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile("|".join(sorted(_others(), key=len, reverse=True)))


def words_elsewhere(question: str) -> dict[str, tuple[str, ...]]:
    """The words of a folded question that are called otherwise in another region or in rules, and how."""
    return {word: _others()[word] for word in _pattern().findall(question)}


def other_words(question: str) -> list[str]:
    """What the words of a folded question are called elsewhere, and in rules."""
    found = (other for others in words_elsewhere(question).values() for other in others)
    return [other for other in dict.fromkeys(found) if other not in question]
