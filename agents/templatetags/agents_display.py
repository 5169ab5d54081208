"""What templates say about turns, in the words of the page's language."""

from collections.abc import Iterable
from urllib.parse import quote

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from agents import rendering, standing
from agents.events import Citation, Escalated, Failed, Revised, Source, Statement
from agents.models import Reason
from agents.shared import SharedTurn
from agents.survey_report import Survey
from agents.tools.server_tools import PREFIX
from agents.turns import Step, Turn

register = template.Library()


@register.filter
def answer_html(turn: Turn) -> SafeString:
    """The answer as far as it is there. What says that nothing was found needs no source."""
    claims = () if turn.declined else turn.claims
    return rendering.render(turn.answer, turn.citations, claims, numbered=turn.running)


@register.filter
def quick_html(quick: Escalated) -> SafeString:
    """The quick answer that stands while it is thought about further."""
    return rendering.render(quick.answer, quick.citations, quick.claims, numbered=False)


@register.filter
def sentences_html(shared: SharedTurn) -> SafeString:
    """The sentences of an answer that a reader may be told, one a paragraph; a row of a table as its cells."""
    told = [" · ".join(filter(None, (cell.strip() for cell in one.text.split("|")))) for one in shared.sentences]
    return rendering.render("\n\n".join(told), shared.citations, numbered=False)


@register.filter
def why(weak: Turn | Revised) -> str:
    """Why the evidence of a quick answer did not seem enough."""
    word = weak.weakness if isinstance(weak, Turn) else weak.reason
    return weaknesses().get(word, word)


def weaknesses() -> dict[str, str]:
    """What the words of `agents.judging` mean to people."""
    return {
        "unsupported": _("its sources do not carry the quick answer"),
        "weak_quotes": _("some sentences of the quick answer are not fully carried by their sources"),
        "uncited": _("the quick answer names no source although there are some"),
        "part_missing": _("the quick answer leaves a part of the question open"),
        "conflict": _("the sources disagree"),
        "hops": _("one thing has to be found by way of another"),
        "weak_evidence": _("the first search found too little"),
        "weak": _("the first search found too little"),
        "asked": _("you asked for it"),
    }


@register.filter
def reasons(_turn: Turn) -> list[tuple[str, str]]:
    """Why an answer may not have helped, to choose from."""
    return [(str(value), str(label)) for value, label in Reason.choices]


@register.filter
def changes_line(revised: Revised) -> str:
    """How much changed, in one line."""
    if not (revised.added or revised.removed or revised.changed):
        return _("nothing but its sources")
    counts = {"added": len(revised.added), "removed": len(revised.removed), "changed": len(revised.changed)}
    return _("%(changed)s changed, %(added)s added, %(removed)s removed") % counts


@register.filter
def address(place: Citation | Source | Statement) -> str:
    """Where a citation or a source can be read."""
    return rendering.source_address(place.version, place.start, place.end)


@register.filter
def by_place(citations: Iterable[Citation]) -> list[list[Citation]]:
    """Citations in the order of their numbers, with those of the same page or section of a version together."""
    places: dict[tuple[int, int | None, str], list[Citation]] = {}
    for one in citations:
        places.setdefault((one.version, one.page, one.section), []).append(one)
    return list(places.values())


@register.filter
def mail_about(email: str, question: str) -> str:
    """An address that opens a mail to somebody about a question."""
    return f"mailto:{quote(email, safe='@')}?subject={quote(' '.join(question.split())[:150])}"


@register.filter
def section(place: Citation | Source | Statement) -> str:
    """The path of headings without the document's title, which stands above it already."""
    first, *rest = place.section.split(" > ")
    return " › ".join(rest if first.startswith(place.title) else [first, *rest])


@register.filter
def stands(statement: Statement) -> str:
    """From when on a statement is in force, and whom to ask about it."""
    return " · ".join(standing.standing(statement))


@register.filter
def road(turn: Turn) -> str:
    if turn.road == "exhaustive":
        return _("Every document")
    return _("Thinking") if turn.road == "thinking" else _("Fast")


@register.filter
def phase(turn: Turn) -> str:
    """What is going on just now."""
    return {
        "reading": _("Reading the attached files"),
        "searching": _("Searching the documents"),
        "thinking": _("Thinking it over"),
        "working": _("Working"),
        "checking": _("Checking every document"),
        "writing": _("Writing"),
    }[turn.phase]


@register.filter
def route_reason(turn: Turn) -> str:
    """Why this road was taken; empty when there is nothing to say."""
    if turn.escalated is not None:
        known = weaknesses()
        return known.get(turn.escalated, turn.escalated) if not turn.kept else ""
    if turn.road == "thinking" and turn.route_reason not in ("", "asked"):
        return _why_routed().get(turn.route_reason, _("the question needs several steps"))
    return ""


def _why_routed() -> dict[str, str]:
    """What the words of `agents.router` mean to people."""
    return {
        "clarified": _("you answered a question"),
        "comparison": _("the question compares several things"),
        "change": _("the question asks what changed"),
        "gathering": _("the answer has to be gathered in several places"),
        "calculation": _("something has to be calculated"),
        "conditions": _("several conditions have to be weighed"),
        "several_parts": _("the question has several parts"),
        "chain": _("one thing has to be found by way of another"),
    }


@register.filter
def limit_text(turn: Turn) -> str:
    return {
        "steps": _("The limit of steps was reached; this is the best answer so far."),
        "seconds": _("The time limit was reached; this is the best answer so far."),
        "cost": _("The cost limit was reached; this is the best answer so far."),
        "tokens": _("The length limit was reached; this is the best answer so far."),
    }.get(turn.limit, _("A limit was reached; this is the best answer so far."))


@register.filter
def check_limit_text(turn: Turn) -> str:
    """Why a check of every document ended early."""
    return {
        "seconds": _("The time limit of one check was reached. “Check the rest” goes on from here."),
        "cost": _("The cost limit of one check was reached. “Check the rest” goes on from here."),
    }.get(turn.limit, _("The token limit of one check was reached. “Check the rest” goes on from here."))


@register.filter
def coverage(survey: Survey) -> str:
    """How many documents have been looked at, in the language of the page."""
    values = {"checked": survey.checked, "total": survey.total, "unreadable": survey.unreadable}
    said = _("%(checked)s of %(total)s documents checked") % values
    return said + (_(", %(unreadable)s could not be read") % values if survey.unreadable else "")


@register.filter
def failure(failed: Failed) -> str:
    """What went wrong and what to do, in the language of the page."""
    return failed.message_zh if (get_language() or "").startswith("zh") else failed.message_en


@register.filter
def step_text(step: Step) -> str:
    """What a step does or did, in one line."""
    values = {
        "query": _short(step.arguments.get("query")),
        "text": _short(step.arguments.get("text")),
        "title": step.title or _("a document"),
        "section": _short(step.arguments.get("section")),
        "page": _short(step.arguments.get("page")),
    }
    match step.name:
        case "search_knowledge":
            return _("Searched “%(query)s”") % values
        case "read_document" if values["section"]:
            return _("Read %(title)s, section %(section)s") % values
        case "read_document" if values["page"]:
            return _("Read %(title)s, page %(page)s") % values
        case "read_document":
            return _("Read %(title)s") % values
        case "find_in_documents":
            return _("Looked for the words “%(text)s”") % values
        case "list_documents":
            return _("Looked through the list of documents")
        case "query_tables" if step.arguments.get("sql"):
            return _("Asked tables for their rows")
        case "query_tables":
            return _("Looked through the list of tables")
        case "compare_documents":
            return _("Compared %(title)s with another version or document") % values
        case "ask_person":
            return _("Asked you back")
        case "run_python":
            return _("Calculated")
        case "plan":
            return _("Made a plan")
    if step.name.startswith(PREFIX):
        return _("Asked another system (%(tool)s)") % {"tool": step.name.removeprefix(PREFIX)}
    return step.name


@register.filter
def step_result(step: Step) -> str:
    """What came of a step."""
    if step.error:
        return step.error
    if (
        step.name in ("search_knowledge", "find_in_documents", "list_documents", "query_tables")
        and step.state == "done"
    ):
        return ngettext("%(count)s found", "%(count)s found", step.found) % {"count": step.found}
    if step.name == "run_python":
        return step.summary[:200]
    return ""


def _short(value: object) -> str:
    text = "" if value is None else " ".join(str(value).split())
    return text if len(text) <= 80 else text[:79] + "…"
