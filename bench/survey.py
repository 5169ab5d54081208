"""How exactly questions about every document are answered: counts and lists over a generated library.

`python -m bench survey [--documents N]` loads N small documents in both languages (400 by default: contracts, policies,
reports; some for one group alone, some unreadable), asks who may not read all of them, and compares every row. The
tests ask the same questions.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from accounts.models import Person
    from kb.models import Collection

DOCUMENTS = 400
RESTRICTED_EVERY = 11
UNREADABLE = (17, 118, 219, 320)
GROUP = "Bench board"


@dataclass(frozen=True)
class Paper:
    """A generated document and what is true of it. `facts` are the names of the questions that it belongs to."""

    id: str
    title: str
    text: str
    facts: frozenset[str]
    restricted: bool = False
    readable: bool = True


@dataclass(frozen=True)
class Asked:
    """A question and the fact that makes a document an answer to it."""

    text: str
    fact: str


QUESTIONS = (
    Asked("How many contracts end in 2026?", "ends 2026"),
    Asked("有多少份合同在2026年到期？", "ends 2026"),
    Asked("Which policies mention remote work?", "remote"),
    Asked("哪些制度提到了远程办公？", "remote"),
    Asked("List all policies that require the approval of the chief financial officer.", "cfo"),
    Asked("列出所有需要财务总监批准的制度", "cfo"),
    Asked("Which contracts renew automatically?", "renews"),
    Asked("哪些合同约定了自动续期？", "renews"),
    Asked("How many policies are there?", "policy"),
    Asked("一共有多少份合同？", "contract"),
)

# Wording of an end in the year, of one in another year, and what looks like the one or the other.
_ENDS = (
    "This contract runs from {begin} to {end}.",
    "The agreement expires on {end}.",
    "It was signed on {begin} and remains in force until {end}.",
    "| Begin | End date |\n|---|---|\n| {begin} | {end} |",
    "Term: this contract commences on {begin} and ends on {end} unless it is extended in writing.",
)
_ENDS_ZH = (
    "本合同有效期自{begin}起至{end}止。",
    "本合同于{end}到期。",
    "合同期限：{begin}至{end}。",
    "本合同自{begin}起生效，有效期至{end}。",
    "双方于{begin}签订本合同，合同于{end}终止。",
)
_TERM = ("The contract begins on {begin} for a term of two years.", "本合同自{begin}起生效，合同期限为两年。")
_NEAR = (
    "The warranty ends on 30 June 2026. Invoices of 2026 are paid within 45 days.",
    "The trial period expired on 1 March 2026 and was passed.",
    "The first delivery starts on 2 February 2026.",
    "Prices hold for the year 2026.",
)
_NEAR_ZH = (
    "设备的保修期于2026年6月30日届满。",
    "试用期于2026年3月1日结束。",
    "首批交付自2026年2月2日开始。",
    "2026年的价格保持不变。",
)
_RENEWS = (
    ("The contract renews automatically by one year.", "合同期满后自动续期一年。"),
    ("There is automatic renewal unless notice is given.", "如无异议，本合同自动续约一年。"),
)
_NOT_RENEWED = ("It does not renew automatically.", "本合同不会自动续期。")
_REMOTE = (
    ("Remote work is possible on two days a week.", "员工每周可远程办公两天。"),
    ("Employees may work from home after the probation.", "试用期满后员工可以居家办公。"),
    ("Rules on home office apply to all teams.", "在家办公的规定适用于所有团队。"),
    ("There is no claim to remote working.", "员工没有远程办公的当然权利。"),
)
_NOT_REMOTE = (
    ("The remote control of the projector is kept at the desk.", "投影仪的遥控器存放在前台。"),
    ("Work clothes are provided by the company.", "工作服由公司发放。"),
    ("Remote sites are visited once a year.", "偏远站点每年巡检一次。"),
    ("Home addresses are kept in the personnel file.", "员工的家庭住址记入人事档案。"),
)
_CFO = (
    ("Orders above 50,000 require the approval of the chief financial officer.", "五万元以上的订单须经财务总监批准。"),
    ("Exceptions have to be approved by the CFO.", "例外情况需要由首席财务官审批。"),
    ("Cash advances need the consent of the head of Finance.", "现金预支须取得财务负责人的同意。"),
)
_NOT_CFO = (
    ("Orders do not require the approval of the chief financial officer.", "该类订单不需要财务总监批准。"),
    ("The approval of the line manager is required.", "须经直属上级批准。"),
    ("The chief financial officer presents the figures each quarter.", "财务总监每季度通报财务数据。"),
    ("Orders are approved by the head of Purchasing.", "订单由采购负责人审批。"),
)
_FILLER = (
    ("Questions are answered by the office that keeps this paper.", "如有疑问，请联系本文件的保管部门。"),
    ("This paper is reviewed once a year.", "本文件每年复核一次。"),
    ("Copies on paper are not controlled.", "纸质副本不受控。"),
    ("Records are kept for six years.", "记录保存六年。"),
)
_PARTNERS = ("Alder Optics", "Birch Logistics", "Cedar Cloud", "Delta Chemicals", "Elm Catering", "Fjord Labs")
_PARTNERS_ZH = ("恒远物流", "明泽光电", "青禾餐饮", "博润化工", "云杉科技", "海岳实验室")
_AREAS = ("travel", "purchasing", "security", "working hours", "safety", "training", "vehicles", "archives")
_AREAS_ZH = ("差旅", "采购", "信息安全", "考勤", "安全生产", "培训", "车辆", "档案")


def library(number: int = DOCUMENTS) -> list[Paper]:
    """The same documents each time."""
    chance = random.Random(2026)  # noqa: S311  a library, not a secret
    makers = (_contract, _policy, _policy, _contract, _other)
    papers = []
    for place in range(number):
        chinese = chance.random() < 0.5
        title, sentences, facts = makers[place % len(makers)](chance, place, chinese)
        sentences += [one[chinese] for one in chance.sample(_FILLER, 2)]
        chance.shuffle(sentences)
        readable = place not in UNREADABLE
        papers.append(
            Paper(
                f"paper-{place:04}",
                title,
                f"# {title}\n\n" + "\n\n".join(sentences) + "\n",
                frozenset(facts),
                restricted=place % RESTRICTED_EVERY == 3,
                readable=readable,
            )
        )
    return papers


def _day(chance: random.Random, year: int, chinese: bool) -> str:
    month, day = chance.randint(1, 12), chance.randint(1, 28)
    names = "January February March April May June July August September October November December".split()  # noqa: SIM905
    if chinese:
        return f"{year}年{month}月{day}日"
    return chance.choice((f"{day} {names[month - 1]} {year}", f"{year}-{month:02}-{day:02}"))


def _contract(chance: random.Random, place: int, chinese: bool) -> tuple[str, list[str], set[str]]:
    partner = chance.choice(_PARTNERS_ZH if chinese else _PARTNERS)
    title = f"与{partner}的服务合同 {place:03}" if chinese else f"{partner}: service contract {place:03}"
    facts = {"contract"}
    year = chance.choice((2025, 2026, 2026, 2027))
    begin, end = _day(chance, year - 2, chinese), _day(chance, year, chinese)
    if chance.random() < 0.15:
        # Two years from a day in March: they end in the year that is two years later.
        begin = f"{year - 2}年3月1日" if chinese else f"1 March {year - 2}"
        sentences = [_TERM[chinese].format(begin=begin)]
    else:
        sentences = [chance.choice(_ENDS_ZH if chinese else _ENDS).format(begin=begin, end=end)]
    if year == 2026:
        facts.add("ends 2026")
    if chance.random() < 0.5:
        sentences.append(chance.choice(_NEAR_ZH if chinese else _NEAR))
    draw = chance.random()
    if draw < 0.3:
        sentences.append(chance.choice(_RENEWS)[chinese])
        facts.add("renews")
    elif draw < 0.5:
        sentences.append(_NOT_RENEWED[chinese])
    return title, sentences, facts


def _policy(chance: random.Random, place: int, chinese: bool) -> tuple[str, list[str], set[str]]:
    area = chance.choice(_AREAS_ZH if chinese else _AREAS)
    title = f"{area}管理制度 {place:03}" if chinese else f"{area.capitalize()} policy {place:03}"
    facts, sentences = {"policy"}, []
    for fact, there, missing in (("remote", _REMOTE, _NOT_REMOTE), ("cfo", _CFO, _NOT_CFO)):
        if chance.random() < 0.3:
            facts.add(fact)
            sentences.append(chance.choice(there)[chinese])
        else:
            sentences.append(chance.choice(missing)[chinese])
    return title, sentences, facts


def _other(chance: random.Random, place: int, chinese: bool) -> tuple[str, list[str], set[str]]:
    """Reports and guides that speak of the same things, and are none of the documents asked for."""
    titles = (
        (f"Report on contracts {place:03}", f"合同履行情况报告 {place:03}"),
        (f"Office guide {place:03}", f"办公指南 {place:03}"),
        (f"Minutes of the policy board {place:03}", f"制度评审会议纪要 {place:03}"),
    )
    sentences = [chance.choice(_REMOTE)[chinese], chance.choice(_CFO)[chinese]]
    sentences.append("A contract ends on 30 June 2026." if not chinese else "有一份合同于2026年6月30日到期。")
    return chance.choice(titles)[chinese], sentences, set()


def expected(papers: Sequence[Paper], fact: str, *, restricted: bool = False) -> set[str]:
    """The ids of the papers that answer a question, for somebody who may not, or may, read the restricted ones."""
    return {
        paper.id for paper in papers if fact in paper.facts and paper.readable and (restricted or not paper.restricted)
    }


def load(papers: Sequence[Paper], collection: "Collection", group: Any) -> None:
    """Put the papers on a shelf as ready, indexed documents; the restricted ones for a group alone."""
    from kb.access import acting_as_system
    from kb.embedding import embed_documents, passage_text
    from kb.indexing import index_whole_versions
    from kb.models import Document, DocumentVersion, Passage, Scope, State

    with acting_as_system():
        everyone = collection.scopes.get(is_default=True)
        board = Scope.objects.create(collection=collection, is_default=False)
        board.groups.set([group])
        documents = Document.objects.bulk_create(
            Document(
                collection=collection,
                scope=board if paper.restricted else everyone,
                title=paper.title,
                filename=f"{paper.id}.md",
                external_id=paper.id,
            )
            for paper in papers
        )
        versions = DocumentVersion.objects.bulk_create(
            DocumentVersion(
                document=document,
                scope=document.scope,
                number=1,
                filename=document.filename,
                sha256=sha256(paper.text.encode()).hexdigest(),
                size=len(paper.text),
                state=State.READY if paper.readable else State.FAILED,
                characters=len(paper.text),
            )
            for document, paper in zip(documents, papers, strict=True)
        )
        passages: list[Passage] = []
        for document, version, paper in zip(documents, versions, papers, strict=True):
            document.latest_version = version
            if paper.readable:
                document.current_version = version
                passages += _passages(document, version, paper.text)
        Document.objects.bulk_update(documents, ["current_version", "latest_version"])
        Passage.objects.bulk_create(passages)
    titled = [(passage, passage.document.title) for passage in passages]
    index_whole_versions(titled, embed_documents([passage_text(passage, title) for passage, title in titled]))


def _passages(document: Any, version: Any, text: str) -> Iterator[Any]:
    from kb.chunking import passages
    from kb.models import Page, Passage
    from kb.parsing.parsed import ParsedPage
    from kb.parsing.plain import text_blocks

    Page.objects.create(version=version, scope=version.scope, ordinal=0, start=0, end=len(text), text=text)
    for draft in passages([(ParsedPage(None, "", text), tuple(text_blocks(text)))]):
        yield Passage(
            version=version,
            document=document,
            collection_id=document.collection_id,
            scope=document.scope,
            ordinal=draft.ordinal,
            start=draft.start,
            end=draft.end,
            text=draft.text,
            heading_path=list(draft.heading_path),
            kind=draft.kind,
        )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench survey", description=__doc__)
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    options = parser.parse_args(arguments)
    django.setup()
    from django.conf import settings

    from llm.companion import local_models

    papers = library(options.documents)
    with local_models(settings.MODEL_SERVERS), _shelf(papers) as (person, collection):
        figures = [_figure(papers, person, collection, asked) for asked in QUESTIONS]
    for figure in figures:
        sys.stdout.write(
            f"{figure['found']:4} of {figure['expected']:4}  wrong {figure['wrong']}, missing {figure['missing']}, "
            f"undecided {figure['undecided']}, restricted {figure['restricted']}  {figure['coverage']}, "
            f"{figure['seconds']:.1f} s  {figure['question']}\n"
        )
    sys.stdout.write(json.dumps(figures, ensure_ascii=False) + "\n")
    return 0 if all(figure["exact"] for figure in figures) else 1


@contextmanager
def _shelf(papers: Sequence[Paper]) -> Iterator[tuple["Person", "Collection"]]:
    """The papers on a shelf, and somebody who is not in the group, while the block lasts."""
    from django.contrib.auth.models import Group

    from accounts.models import Person
    from kb.collections import create_collection, delete_collection
    from kb.operators import operator

    stamp = time.time_ns()
    group = Group.objects.create(name=f"{GROUP} {stamp}")
    person = Person.objects.create_user(f"bench-{stamp}", f"bench-{stamp}@example.com")
    collection = create_collection(f"bench survey {stamp}", by=operator(None), everyone=True)
    try:
        load(papers, collection, group)
        yield person, collection
    finally:
        delete_collection(collection, by=operator(None))
        person.delete()
        group.delete()


def _figure(papers: Sequence[Paper], person: "Person", collection: "Collection", asked: Asked) -> dict[str, Any]:
    from agents import runs
    from agents.journal import stored_after
    from agents.survey_report import survey_of
    from kb.access import acting_as_system
    from kb.models import Document

    started = time.monotonic()
    run = asyncio.run(_ended(runs.start(person, asked.text, collections=[collection.pk])))
    seconds = time.monotonic() - started
    survey = survey_of(event for _seq, event in stored_after(run.pk, 0).events)
    assert survey is not None, f"{asked.text} took the road {run.road}"
    with acting_as_system():
        ids = dict(Document.objects.filter(collection=collection).values_list("pk", "external_id"))
    found = {ids[row.document] for row in survey.found}
    wanted = expected(papers, asked.fact)
    restricted = {paper.id for paper in papers if paper.restricted}
    named = {ids[row.document] for row in survey.rows} | {ids[one.document] for one in survey.unread}
    return {
        "question": asked.text,
        "expected": len(wanted),
        "found": len(found),
        "wrong": len(found - wanted),
        "missing": len(wanted - found),
        "undecided": len(survey.undecided),
        "restricted": len(named & restricted),
        "coverage": f"{survey.checked} of {survey.total}, {survey.unreadable} unreadable",
        "exact": found == wanted and not named & restricted and survey.complete,
        "seconds": round(seconds, 2),
        "differences": sorted(found ^ wanted)[:10],
    }


async def _ended(run: Any) -> Any:
    from agents import runs

    return await runs.outcome(run.pk)
