"""Who holds a role: from "the head of Finance" in a rule to the person in a chart, and whoever stands in."""

import re
from collections.abc import Sequence

from .ranking import Evidence
from .text import terms

_ASKS_PERSON = re.compile(r"\b(?:who|whose|whom|by name)\b|谁|哪位|姓名|名字", re.IGNORECASE)
_ROLE = re.compile(
    r"\b(?:head|lead|leader|chief|director|manager|chair) of (?:the )?(?P<of>[A-Z][\w]*(?: (?:& |and )?[A-Z]\w*)*)"
    r"|(?P<zh>[\u4e00-\u9fff]{2,8}(?:部|组|中心))(?:的)?(?:负责人|主管|经理|总监)"
)
_DESCRIBED = re.compile(r"\b(?:department|team|unit|office) (?:that|which) (?P<does>[a-z]+ [^,.;]{4,60})")
_ROLE_WORD = re.compile(r"\b(?:head|lead|deputy|chair|director|manager)\b|负责人|主管|副手|代理|主席", re.IGNORECASE)
_STANDS_IN = re.compile(
    r"\bstands? in\b|\bacting\b|\bin (?:my|his|her|their|the head's) place\b|\binstead of\b|代理|代为|代行|接替",
    re.IGNORECASE,
)


def asks_person(question: str) -> bool:
    """Whether a question asks who somebody is."""
    return _ASKS_PERSON.search(question) is not None


def roles_of(texts: Sequence[str]) -> list[str]:
    """What the roles in some texts are the head of: "Finance", "IT & Security"."""
    found = (match["of"] or match["zh"] for text in texts for match in _ROLE.finditer(text))
    return list(dict.fromkeys(found))


def searches(question: str, texts: Sequence[str]) -> list[str]:
    """What to look for next where rules name roles and the question wants people."""
    if not asks_person(question) or not any(_ROLE_WORD.search(text) for text in (question, *texts)):
        return []
    found = [f"{match['does']} department" for text in texts for match in _DESCRIBED.finditer(text)]
    roles = roles_of([question, *texts])[:2]
    if not roles and not found and not _ROLE_WORD.search(question):
        return []
    if re.search(r"[\u4e00-\u9fff]", question):
        return [*found[:1], f"组织架构 部门 负责人 代理人 {' '.join(roles)}", f"{' '.join(roles)} 缺席 代理 负责人"]
    named = " ".join(roles)
    return [*found[:1], f"organisation chart department head deputy {named}", f"absent stands in acting head {named}"]


def holders(question: str, chosen: Sequence[Evidence], ranked: Sequence[Evidence]) -> list[Evidence]:
    """The rows that name who holds the roles in the chosen evidence, and the best word on who stands in for them."""
    if not asks_person(question):
        return []
    texts = [question, *(evidence.unit.text for evidence in chosen)]
    wanted = [set(terms(role)) for role in roles_of(texts)]
    wanted += [
        place for text in texts for match in _DESCRIBED.finditer(text) if (place := _doing(match["does"], ranked))
    ]
    rows = [
        evidence
        for evidence in ranked
        if evidence.unit.kind == "row"
        and len(evidence.unit.header) >= 3
        and any(_ROLE_WORD.search(name) for name in evidence.unit.header)
        and set(terms(evidence.unit.cells[0])) in wanted
    ]
    named = set().union(*wanted, *(terms(" ".join(row.unit.cells)) for row in rows)) if wanted else set()
    acting = [
        evidence
        for evidence in ranked
        if not evidence.unit.earlier
        and _STANDS_IN.search(evidence.unit.text)
        and named & set(terms(evidence.unit.text))
        and evidence.unit.kind != "row"
    ]
    acting.sort(key=lambda evidence: -len(named & set(terms(evidence.unit.text))))
    return [evidence for evidence in (*rows[:3], *acting[:1]) if evidence not in chosen]


def _doing(does: str, ranked: Sequence[Evidence]) -> set[str]:
    """The terms of the name of the department that does this: the heading over the passage that says so."""
    said = set(terms(does))
    keys = [set(terms(e.unit.cells[0])) for e in ranked if e.unit.kind == "row" and e.unit.cells]
    for evidence in sorted(ranked, key=lambda e: -len(said & set(terms(e.unit.text)))):
        over = set(terms(f"{evidence.unit.heading} {evidence.unit.source.section.rpartition(' > ')[2]}"))
        if len(said & set(terms(evidence.unit.text))) < 0.6 * len(said):
            break
        if key := next((key for key in keys if key and key <= over), None):
            return key
    return set()
