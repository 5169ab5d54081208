"""What templates say about versions."""

from typing import Protocol

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kb.display import Piece
from kb.models import WORKING, DocumentChange, DocumentVersion, State
from kb.models_evaluation import EvaluationRun
from kb.models_sources import Source, SourceChange
from kb.panels import Panel, panels
from kb.parsing.errors import IN_THE_FILE
from kb.sources import KINDS

register = template.Library()


class Read(Protocol):
    """What is being read, or could not be: a version, or an attached file."""

    @property
    def state(self) -> str: ...
    @property
    def progress_done(self) -> int: ...
    @property
    def progress_total(self) -> int | None: ...
    @property
    def progress_unit(self) -> str: ...
    @property
    def error_en(self) -> str: ...
    @property
    def error_zh(self) -> str: ...


@register.simple_tag(takes_context=True)
def page_address(context: template.Context, name: str, number: int) -> str:
    """The address of another page of a list: the query of this one with another number."""
    query = context["request"].GET.copy()
    query[name] = str(number)
    return f"?{query.urlencode()}"


@register.filter
def written(piece: Piece) -> SafeString:
    """A piece of a document's text as HTML."""
    return format_html("<strong>{}</strong>", piece.text) if piece.strong else conditional_escape(piece.text)


@register.filter
def lies_in_the_file(version: DocumentVersion | None) -> bool:
    """Whether the version failed because of its file, so that only another file helps."""
    return version is not None and version.state == State.FAILED and version.error_code in IN_THE_FILE


@register.filter
def working(version: Read | None) -> bool:
    """Whether somebody still works on the version."""
    return version is not None and version.state in WORKING


@register.filter
def progress(version: Read) -> str:
    """What is being done, and how far it is: "reading page 41 of 120"."""
    label = str(State(version.state).label)
    if version.state not in WORKING or not version.progress_done:
        return label
    done, total = version.progress_done, version.progress_total
    unit = _unit(version.progress_unit)
    if not unit:  # characters and the like are counted for machines
        return f"{label}: {min(99, 100 * done // total)} %" if total else label
    if total:
        return _("%(step)s: %(done)s of %(total)s %(unit)s") % {
            "step": label,
            "done": done,
            "total": total,
            "unit": unit,
        }
    return _("%(step)s: %(done)s %(unit)s") % {"step": label, "done": done, "unit": unit}


@register.filter
def error_sentence(version: Read | Source | SourceChange | EvaluationRun) -> str:
    """What went wrong and what to do, in the language of the page."""
    chinese = (get_language() or "").startswith("zh")
    return (version.error_zh if chinese else version.error_en) or version.error_en


@register.simple_tag
def document_panels() -> list[Panel]:
    """Pages that other parts of the application have about a document."""
    return panels


@register.filter
def percent(share: float | None) -> str:
    """A share as people read it: 0.93 as 93 %."""
    return f"{share or 0:.0%}"


@register.filter
def language_label(code: str) -> str:
    """A language of the documents in the language of the page."""
    names = {"en": _("English"), "zh": _("Chinese"), "ja": _("Japanese"), "ko": _("Korean")}
    return names.get(code, _("not recognised"))


@register.filter
def change_label(change: DocumentChange) -> str:
    """What a line of changes is about."""
    return {
        "title": _("Title"),
        "tags": _("Tags"),
        "owner": _("Owner"),
        "review_on": _("Review on"),
        "effective_from": _("Valid from"),
        "effective_to": _("Valid until"),
        "readers": _("Who may read it"),
        "passage": _("Passage"),
        "note": _("Note"),
    }.get(change.field, change.field)


@register.filter
def verdict_label(verdict: str) -> str:
    """How a question fares beside another run."""
    return {"better": _("better"), "worse": _("worse"), "same": _("the same"), "new": _("new")}.get(verdict, verdict)


@register.filter
def kind_of_source(source: Source) -> str:
    """What kind of place a source is."""
    return str(KINDS[source.kind].label) if source.kind in KINDS else _("Sent by other systems")


def _unit(unit: str) -> str:
    return {
        "pages": _("pages"),
        "rows": _("rows"),
        "passages": _("passages"),
        "slides": _("slides"),
        "sheets": _("sheets"),
        "parts": _("parts"),
    }.get(unit, "")
