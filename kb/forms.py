"""Forms about collections and documents."""

from django import forms
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _


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


class VersionForm(forms.Form):
    """A new version of a document."""

    file = forms.FileField(
        label=_("File"), error_messages={"required": _("Choose a file first.")}, allow_empty_file=True
    )
    effective_from = forms.DateField(
        label=_("Valid from"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
