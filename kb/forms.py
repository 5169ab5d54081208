"""Forms about collections and documents."""

import re
from typing import TYPE_CHECKING

from django import forms
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


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
        return re.split("[,，、;；\\n]", self.cleaned_data["tags"])
