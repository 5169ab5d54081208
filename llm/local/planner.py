"""The local Thinking model: decides by rules, from the transcript alone, which tools to call next or what to answer."""

from collections.abc import Sequence

from .asking import next_query
from .compose import by_tables, calculation, compose, findings
from .decompose import AGREEMENT, Part, Task, task_of
from .extractive import asked_before
from .features import make_query
from .glossary import translated
from .hops import Hop, content_words, hops, named_in, still_open
from .keys import CODE
from .ranking import Evidence, rank
from .reply import Call, Reply
from .roles import searches
from .sayings import say
from .text import question_terms
from .titles import titles_named, without
from .transcript import Transcript
from .versions import about_versions, past_day, topic

MAX_CALLS = 12
_SEARCHING = ("search_knowledge", "read_document", "find_in_documents", "list_documents")
_QUERY_LENGTH = 400
_STEP_LENGTH = 120
_ENOUGH = 0.75
_ROUNDS = 3
_LOOKED_AT = 6
_OPEN = 2


def next_turn(transcript: Transcript, tools: frozenset[str]) -> Reply:
    """One turn: a plan, searches, a table's rows, closer looks, a sum if one is asked for, then the answer."""
    task = task_of(transcript.conversation.question, asked_before(transcript.conversation))
    if "plan" in tools and not transcript.count("plan"):
        return Reply(reasoning=say("planning", task), calls=(Call("plan", {"steps": plan(task)}),))
    if "query_tables" in tools and (calls := _queries(task, transcript)):
        return Reply(reasoning=say("asking", task), calls=calls)
    if told := by_tables(task, transcript):
        return Reply(reasoning=say("answering", task), text=told)
    rounds = transcript.count(*_SEARCHING)
    if rounds < _ROUNDS:
        for round_ in (0, 1) if rounds == 0 else (rounds,):
            reasoning, wanted = deepen(task, transcript, round_) if round_ else gather(task, transcript)
            if calls := _allowed(wanted, transcript, tools):
                return Reply(reasoning=reasoning, calls=calls)
    found = findings(task, transcript)
    code = calculation(task, found)
    if code and "run_python" in tools and not transcript.count("run_python"):
        return Reply(reasoning=say("calculating", task), calls=(Call("run_python", {"code": code}),))
    return Reply(reasoning=say("answering" if found else "nothing", task), text=compose(task, transcript))


def _queries(task: Task, transcript: Transcript) -> tuple[Call, ...]:
    """The next query over tables that the searches have shown, on the day that the question is about."""
    sql = next_query(task.question, transcript.tables, transcript.sources, transcript.queried)
    day = past_day(task.question, transcript.conversation.today)
    call = Call("query_tables", {"sql": sql, **({"as_of": day} if day else {})})
    return (call,) if sql and call not in transcript.calls and len(transcript.calls) < MAX_CALLS else ()


def _allowed(wanted: Sequence[Call], transcript: Transcript, tools: frozenset[str]) -> tuple[Call, ...]:
    made = transcript.calls
    fresh: list[Call] = []
    for call in wanted:
        if call.name in tools and call not in made and call not in fresh:
            fresh.append(call)
    # One call is kept back for the sum.
    return tuple(fresh[: max(0, MAX_CALLS - 1 - len(made))])


def plan(task: Task) -> list[str]:
    """Three to five steps in the question's language."""
    steps = [say("step_search", task, (part.label or part.text)[:_STEP_LENGTH]) for part in task.parts[:3]]
    middle = {"chain": "step_follow", "listing": "step_list", "change": "step_read", "calculation": "step_sum"}
    steps.append(say(middle.get(task.need or "", "step_read"), task))
    if task.need == "comparison":
        steps.append(say("step_compare", task))
    return [*steps, say("step_answer", task)][:5]


def gather(task: Task, transcript: Transcript) -> tuple[str, list[Call]]:
    """The first look: a search for each part, and for lists the documents that bear on the topic.

    A question about a past day is searched as of that day; any is searched in the other language too.
    """
    calls: list[Call] = []
    if day := past_day(task.question, transcript.conversation.today):
        calls.append(_search(task.question, as_of=day))
    if about_versions(task.question) and task.need in ("comparison", "change"):
        calls.append(_search(topic(task.question)))
    if task.need == "listing" and task.topic:
        calls.append(Call("find_in_documents", {"text": task.topic}))
    if task.need == "listing":
        calls.append(Call("list_documents", {}))
    calls += [
        _search(_query_text(part), 16 if task.need == "listing" else 8)
        for part in task.parts
        if not _was_searched(part, task, transcript)
    ]
    if task.need != "listing" and len(task.parts) == 1:
        calls += [_search(name, 2) for name in named_in(task.question)[:3]]
    if task.need is None and (code := CODE.search(task.question)):
        calls.append(Call("find_in_documents", {"text": code.group()}))
    if other := translated(task.question):
        calls.append(_search(other))
    return say("searching", task, "、".join(part.label or part.text for part in task.parts)), calls


def _was_searched(part: Part, task: Task, transcript: Transcript) -> bool:
    """Whether a part is the whole question, for which the passages shown with it were found."""
    whole = part.text == task.question and not part.context and task.need != "listing"
    return whole and bool(transcript.conversation.sources)


def deepen(task: Task, transcript: Transcript, rounds: int) -> tuple[str, list[Call]]:
    """A closer look at what is not covered yet: the next hop of a chain, other words, or the document itself."""
    calls: list[Call] = []
    if about_versions(task.question) and task.need in ("comparison", "change"):
        calls += _other_versions(task, transcript)
    named = titles_named(task.question, transcript.sources)
    if len(named) > 1 or AGREEMENT.search(task.question):
        asked = topic(without(task.question, named))
        calls += [_search(f"{title} {asked}") for title in list(named)[:2]] + [_search(asked)]
        calls += [_search(other)] if (other := translated(asked)) else []
    for part in task.parts:
        ranked = rank(make_query(part.text, part.context), transcript.sources).evidence
        calls += [_search(query) for query in searches(task.question, [e.unit.text for e in ranked[:_LOOKED_AT]])]
        leads = _leads(task, part, ranked, transcript, rounds)
        calls += [
            Call("read_document", {"document": hop.document}) if hop.document else _search(hop.query, hop.limit)
            for hop in leads
        ]
        if task.need == "chain" and leads:
            continue
        if not ranked or ranked[0].coverage < _ENOUGH:
            calls += _closer(part, ranked, rounds, whole=task.need is None)
    if task.need == "change" and not calls:
        calls += _documents_to_read(transcript)
    return say("deepening", task), calls


def _leads(task: Task, part: Part, ranked: Sequence[Evidence], transcript: Transcript, rounds: int) -> Sequence[Hop]:
    """Where the evidence leads on, for a question that may be answered by way of a name that only the evidence gives.

    After the first hop it goes on from what that one found, as long as something is still open.
    """
    if len(task.parts) > 1 or task.need not in (None, "chain", "several", "condition"):
        return []
    if rounds > 1:
        shown = {source.number for source in transcript.conversation.sources}
        newest = [evidence for evidence in ranked if evidence.unit.source.number not in shown]
        if not newest or len(still_open(part.text, [ranked[0], newest[0]])) < _OPEN:
            return []
        ranked = newest
    return hops(part.text, ranked, transcript.sources)


def _closer(part: Part, ranked: Sequence[Evidence], rounds: int, whole: bool) -> list[Call]:
    """The document of the best evidence, from its place on or as a whole; or a search in other words."""
    if ranked and ranked[0].coverage >= 0.4:
        source = ranked[0].unit.source
        heading = source.section.rpartition(" > ")[2]
        place: dict[str, int | str] = {}
        if source.page and not whole:
            place = {"page": source.page}
        elif heading and not whole and source.text.lstrip("# ").startswith(heading):
            place = {"section": source.section}
        return [Call("read_document", {"document": source.document, **place})]
    if rounds == 1 and (other := translated(part.text)):
        return [_search(other)]
    words = " ".join(content_words(part.text)[: 4 if rounds == 1 else 2])
    return [_search(f"{part.label} {words}".strip())] if words else []


def _documents_to_read(transcript: Transcript) -> list[Call]:
    numbers = dict.fromkeys(source.document for source in transcript.sources)
    return [Call("read_document", {"document": number}) for number in list(numbers)[:2]]


def _other_versions(task: Task, transcript: Transcript) -> list[Call]:
    """Searches in the versions that were not looked into, of the documents that the best evidence comes from."""
    ranked = rank(make_query(topic(task.question)), transcript.sources).evidence[:_LOOKED_AT]
    documents = {evidence.unit.source.document for evidence in ranked}
    days = dict.fromkeys(v.day for v in transcript.versions if v.document in documents and v.day)
    return [_search(topic(task.question), as_of=day) for day in list(days)[:3]]


def _search(query: str, limit: int = 8, as_of: str = "") -> Call:
    day = {"as_of": as_of} if as_of else {}
    return Call("search_knowledge", {"query": query[:_QUERY_LENGTH], "limit": limit, **day})


def _query_text(part: Part) -> str:
    text = part.text.strip(" ?？。.")
    return f"{text} {part.context}".strip() if len(question_terms(text)) < 3 else text
