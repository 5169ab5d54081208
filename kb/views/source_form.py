"""The form of a new source: what its kind wants to know."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kb.models import Collection
from kb.sources import KINDS


class SourceForm(forms.Form):
    """A new source: its name and collection, how often it is looked at, and what its kind wants to know."""

    name = forms.CharField(label=_("Name"), max_length=200, error_messages={"required": _("Give the source a name.")})
    collection = forms.ChoiceField(label=_("Collection"))
    every_minutes = forms.ChoiceField(
        label=_("How often"),
        initial="1440",
        choices=[
            ("15", _("every 15 minutes")),
            ("60", _("every hour")),
            ("360", _("every 6 hours")),
            ("1440", _("every day")),
            ("10080", _("every week")),
            ("0", _("only when asked")),
        ],
    )

    def __init__(self, kind: str, collections: Iterable[Collection], data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.label = KINDS[kind].label
        choice = self.fields["collection"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [(str(one.pk), one.name) for one in collections]
        for field in KINDS[kind].fields:
            widget = forms.PasswordInput(attrs={"autocomplete": "new-password"}) if field.secret else forms.TextInput()
            self.fields[field.name] = forms.CharField(
                label=field.label, help_text=field.hint, required=field.required, max_length=2000, widget=widget
            )
