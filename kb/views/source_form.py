"""The form of a source: what its kind wants to know."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kb.models import Collection
from kb.models_sources import Source
from kb.sources import KINDS


class SourceForm(forms.Form):
    """A source: its name and collection, how often it is looked at, and what its kind wants to know."""

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

    def __init__(
        self,
        kind: str,
        collections: Iterable[Collection],
        data: Mapping[str, Any] | None = None,
        source: Source | None = None,
    ) -> None:
        """With a `source`, the form changes it: it begins with what the source has, but for the secret."""
        super().__init__(data, initial=_initial(source) if source else None)
        self.label = KINDS[kind].label
        choice = self.fields["collection"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [(str(one.pk), one.name) for one in collections]
        for field in KINDS[kind].fields:
            hint, required = field.hint, field.required
            if source and field.secret:
                required = False
                hint = _("Kept encrypted and shown to nobody again. Empty: the one that is kept stays.")
            widget = forms.PasswordInput(attrs={"autocomplete": "new-password"}) if field.secret else forms.TextInput()
            self.fields[field.name] = forms.CharField(
                label=field.label, help_text=hint, required=required, max_length=2000, widget=widget
            )


def _initial(source: Source) -> dict[str, Any]:
    return {
        **source.settings,
        "name": source.name,
        "collection": str(source.collection_id),
        "every_minutes": str(source.every_minutes),
    }
