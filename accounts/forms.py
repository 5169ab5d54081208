"""Forms about people's own things."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import KeyScope


class LanguageForm(forms.Form):
    language = forms.ChoiceField(choices=settings.LANGUAGES)


class ApiKeyForm(forms.Form):
    name = forms.CharField(
        label=_("What is the key for?"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Give the key a name, so that you know later which program uses it.")},
    )
    scope = forms.TypedChoiceField(
        label=_("What may it do?"), choices=KeyScope.choices, coerce=KeyScope, initial=KeyScope.READ
    )
