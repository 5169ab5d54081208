"""Groups of people for whom rules differ: what holds for engineers may not hold for interns."""

import re
from functools import cache

_GROUPS = """
intern: interns? | internships? | 实习生
trainee: trainees? | apprentices? | 学徒 | 见习生
manager: managers? | 经理级? | 主管
director: directors? | 总监
executive: executives? | 高管
engineer: engineers? | 工程师
developer: developers? | 开发人员
contractor: contractors? | freelancers? | 外包人员 | 承包商
temporary: temps? | temporary (?:staff|workers?|employees?) | agency workers? | 临时工 | 派遣(?:工|员工|人员)
parttime: part-?timers? | part-time (?:staff|workers?|employees?) | 兼职(?:员工|人员)? | 工读生 | 计时人员
driver: drivers? | 司机 | 驾驶员
salesperson: sales(?:people|persons?|men|man| staff| reps?) | 销售(?:人员|员) | 业务员
teacher: teachers? | 教师 | 老师
student: students? | 学生
nurse: nurses? | 护士
technician: technicians? | 技术员 | 技师
warehouse: warehouse (?:staff|workers?|employees?) | 仓储(?:员工|人员)
head office: head office (?:staff|employees?) | 总部(?:员工|人员)
volunteer: volunteers? | 志愿者 | 义工
child: child(?:ren)? | 儿童 | 小孩
senior: seniors? | senior citizens? | 老人 | 长者
"""


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    rows = (line.partition(":") for line in _GROUPS.strip().splitlines())
    return tuple((name, re.compile("|".join(map(_whole, said.split(" | "))), re.IGNORECASE)) for name, _, said in rows)


def _whole(pattern: str) -> str:
    pattern = pattern.strip()
    return rf"\b(?:{pattern})\b" if pattern.isascii() else pattern


def groups(text: str) -> frozenset[str]:
    """The groups of people that a text names."""
    return frozenset(name for name, pattern in _patterns() if pattern.search(text))
