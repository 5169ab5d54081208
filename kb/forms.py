"""Forms about collections and documents."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django import forms
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from kb.filters import LANGUAGES, TYPES, DocumentType, Language
from kb.models import Collection
from kb.models_index import EmbeddingGeneration

if TYPE_CHECKING:
    from django.http import QueryDict
    from django_stubs_ext import StrOrPromise

COMMAS = "[,，、;；\\n]"
"""Whichever comma people type."""
TYPE_LABELS: "dict[DocumentType, StrOrPromise]" = {
    "pdf": "PDF",
    "word": "Word",
    "presentation": _("presentation"),
    "spreadsheet": _("spreadsheet"),
    "text": _("plain text"),
    "markdown": "Markdown",
    "html": "HTML",
    "mail": _("mail"),
    "image": _("image"),
    "epub": "EPUB",
    "data": _("JSON or XML"),
}
METHODS = [("fused", _("words and meaning")), ("lexical", _("words alone")), ("dense", _("meaning alone"))]
LANGUAGE_LABELS: "dict[Language, StrOrPromise]" = {
    "zh": _("Chinese"),
    "en": _("English"),
    "ja": _("Japanese"),
    "ko": _("Korean"),
}


class CollectionForm(forms.Form):
    """A new collection, and who may read it."""

    name = forms.CharField(
        label=_("Name"),
        max_length=200,
        error_messages={"required": _("Give the collection a name.")},
    )
    description = forms.CharField(
        label=_("What is in it"), required=False, widget=forms.Textarea(attrs={"rows": 2, "maxlength": 2000})
    )
    everyone = forms.BooleanField(label=_("Everyone who can sign in"), required=False)
    groups = forms.ModelMultipleChoiceField(
        label=_("Groups"), queryset=Group.objects.order_by("name"), required=False, widget=forms.CheckboxSelectMultiple
    )


def _day(label: "StrOrPromise") -> forms.DateField:
    return forms.DateField(
        label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class DatesForm(forms.Form):
    """The first and the last day on which a version is valid."""

    effective_from = _day(_("Valid from"))
    effective_to = _day(_("Valid until"))


class VersionForm(DatesForm):
    """A new version of a document."""

    file = forms.FileField(
        label=_("File"), error_messages={"required": _("Choose a file first.")}, allow_empty_file=True
    )


class SearchForm(forms.Form):
    """A search to try: the question, how it is answered, and what it is narrowed to."""

    q = forms.CharField(
        label=_("Question or words"),
        max_length=2000,
        widget=forms.TextInput(attrs={"type": "search", "autofocus": True}),
    )
    method = forms.ChoiceField(
        label=_("Method"),
        required=False,
        choices=METHODS,
    )
    collection = forms.ChoiceField(label=_("Collection"), required=False)
    type = forms.ChoiceField(
        label=_("Type"), required=False, choices=[("", _("any")), *((name, TYPE_LABELS[name]) for name in TYPES)]
    )
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("any")), *((name, LANGUAGE_LABELS[name]) for name in LANGUAGES)],
    )
    tags = forms.CharField(label=_("Tags"), required=False, max_length=500)
    dated_from = _day(_("Not older than"))
    dated_to = _day(_("Not newer than"))
    as_of = _day(_("As of"))

    def __init__(self, collections: Sequence[Collection], data: "QueryDict | None") -> None:
        super().__init__(data)
        shelf = self.fields["collection"]
        assert isinstance(shelf, forms.ChoiceField)
        shelf.choices = [("", _("all")), *((str(one.pk), one.name) for one in collections)]

    @property
    def has_filters(self) -> bool:
        """Whether anything beside the question was chosen."""
        return any(self[name].value() for name in self.fields if name != "q" and self[name].value() != "fused")

    def clean_tags(self) -> list[str]:
        """As in `DescriptionForm`."""
        return [tag for one in re.split(COMMAS, self.cleaned_data["tags"]) if (tag := one.strip())]


class DescriptionForm(forms.Form):
    """What is said about a document. The verb says what is wrong with it."""

    title = forms.CharField(label=_("Title"), required=False, widget=forms.TextInput(attrs={"maxlength": 500}))
    tags = forms.CharField(label=_("Tags"), required=False)
    owner = forms.CharField(
        label=_("Owner"), required=False, widget=forms.TextInput(attrs={"list": "people", "autocomplete": "off"})
    )
    review_on = _day(_("Review on"))
    readers = forms.ChoiceField(
        choices=[("collection", _("Everyone who may read its collection")), ("groups", _("Only these groups:"))],
        widget=forms.RadioSelect,
    )
    groups = forms.ModelMultipleChoiceField(
        queryset=Group.objects.order_by("name"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def clean_tags(self) -> list[str]:
        """Tags stand between commas, whichever comma people type."""
        return re.split(COMMAS, self.cleaned_data["tags"])


class EvaluationForm(forms.Form):
    """How the questions of a set are asked."""

    method = forms.ChoiceField(label=_("Method"), choices=METHODS, required=False)
    mode = forms.ChoiceField(
        label=_("Answers"),
        required=False,
        choices=[
            ("", _("none: documents alone")),
            ("auto", _("Auto")),
            ("fast", _("Fast")),
            ("thinking", _("Thinking")),
        ],
    )
    generation = forms.ModelChoiceField(
        label=_("Embedding model"),
        queryset=EmbeddingGeneration.objects.order_by("pk"),
        required=False,
        empty_label=_("the one that answers"),
    )
