"""What a search is narrowed to, and the versions that this leaves, as SQL. Pure.

Several values of one filter widen it (either will do); several filters narrow it (each must hold).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, get_args
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db.models import Func, QuerySet, TextField
from django.db.models.functions import Coalesce, TruncDate
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

from kb.errors import DocumentError
from kb.parsing.kinds import KINDS

if TYPE_CHECKING:
    from kb.models import DocumentVersion

DocumentType = Literal[
    "pdf", "word", "presentation", "spreadsheet", "text", "markdown", "html", "mail", "image", "epub", "data"
]
Language = Literal["zh", "en", "ja", "ko"]
TYPES: tuple[DocumentType, ...] = get_args(DocumentType)
LANGUAGES: tuple[Language, ...] = get_args(Language)
_KINDS_OF: dict[DocumentType, tuple[str, ...]] = {
    "pdf": ("pdf",),
    "word": ("docx", "doc", "odt", "rtf"),
    "presentation": ("pptx", "ppt", "odp"),
    "spreadsheet": ("xlsx", "csv"),
    "text": ("text", "code", "subtitles", "tabbed_chat"),
    "markdown": ("markdown",),
    "html": ("html",),
    "mail": ("mail", "msg"),
    "image": ("image",),
    "epub": ("epub",),
    "data": ("json", "xml"),
}


class _Lowered(Func):
    """The tags of a document in small letters, as `lower` writes them in the search."""

    template = "lower(%(expressions)s::text)::text[]"


@dataclass(frozen=True, slots=True)
class Filters:
    """What documents have to be like; None and nothing mean any.

    A version's day is the first on which it is valid, or else the one on which its document was last changed.

    Raises:
        DocumentError: dates_reversed.
    """

    documents: Sequence[int] | None = None
    types: Sequence[DocumentType] = ()
    languages: Sequence[Language] = ()
    tags: Sequence[str] = ()
    dated_from: date | None = None
    dated_to: date | None = None

    def __post_init__(self) -> None:
        if self.dated_from and self.dated_to and self.dated_to < self.dated_from:
            raise DocumentError("dates_reversed")

    @property
    def any(self) -> bool:
        """Whether anything is left out at all."""
        return self.documents is not None or bool(self._conditions())

    def eligible(self) -> str:
        """A query for the `version_id` and `passages` of the versions that fit; parameters are `parameters()`."""
        wanted = self._conditions()
        if self.documents is not None:
            wanted["documents"] = "d.id = any(%(documents)s::bigint[])"
        return _ELIGIBLE + "".join(f" and {condition}" for condition in wanted.values())

    def parameters(self) -> dict[str, Any]:
        """The values for `eligible`."""
        return {
            "documents": None if self.documents is None else list(self.documents),
            "types": [KINDS[kind].media_type for name in self.types for kind in _KINDS_OF[name]],
            "languages": list(self.languages),
            "tags": [tag.strip().casefold() for tag in self.tags],
            "dated_from": self.dated_from,
            "dated_to": self.dated_to,
            "zone": settings.TIME_ZONE,
        }

    def of(self, versions: "QuerySet[DocumentVersion]") -> "QuerySet[DocumentVersion]":
        """Those of these versions that fit; the same conditions for lists of documents."""
        if self.documents is not None:
            versions = versions.filter(document__in=self.documents)
        if self.types:
            versions = versions.filter(media_type__in=self.parameters()["types"])
        if self.languages:
            versions = versions.filter(language__in=self.languages)
        if self.tags:
            lowered = _Lowered("document__tags", output_field=ArrayField(TextField()))
            versions = versions.alias(lowered=lowered).filter(lowered__overlap=self.parameters()["tags"])
        changed = TruncDate("document__updated_at", tzinfo=ZoneInfo(settings.TIME_ZONE))
        day = Coalesce("effective_from", changed)
        if self.dated_from:
            versions = versions.filter(GreaterThanOrEqual(day, self.dated_from))
        if self.dated_to:
            versions = versions.filter(LessThanOrEqual(day, self.dated_to))
        return versions

    def _conditions(self) -> dict[str, str]:
        conditions = {
            "types": "v.media_type = any(%(types)s::text[])",
            "languages": "v.language = any(%(languages)s::text[])",
            "tags": "exists (select from unnest(d.tags) tag where lower(tag) = any(%(tags)s::text[]))",
            "dated_from": f"{_DAY} >= %(dated_from)s::date",
            "dated_to": f"{_DAY} <= %(dated_to)s::date",
        }
        return {name: condition for name, condition in conditions.items() if getattr(self, name)}


ANYTHING = Filters()
_DAY = "coalesce(v.effective_from, (d.updated_at at time zone %(zone)s)::date)"
_ELIGIBLE = """
select i.version_id, i.passages from kb_indexedversion i
join kb_documentversion v on v.id = i.version_id join kb_document d on d.id = v.document_id
where i.scope_id = any(%(scopes)s::bigint[]) and i.valid @> %(day)s::date"""
