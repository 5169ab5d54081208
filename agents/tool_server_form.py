"""The form of a server of tools."""

from __future__ import annotations

from django import forms
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _


class ToolServerForm(forms.Form):
    """Where a server is, what opens it, and who may use it. The verb says what is wrong with the address."""

    name = forms.CharField(label=_("Name"), max_length=60, error_messages={"required": _("Give the server a name.")})
    url = forms.CharField(
        label=_("Address"),
        max_length=1000,
        widget=forms.TextInput(attrs={"inputmode": "url", "placeholder": "https://example.com/mcp"}),
        error_messages={"required": _("Give the server's address.")},
    )
    secret = forms.CharField(
        label=_("Secret"),
        required=False,
        max_length=4000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Kept encrypted and shown to nobody again. Empty: the one that is kept stays."),
    )
    header = forms.CharField(
        label=_("Header of the secret"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": "Authorization"}),
    )
    everyone = forms.BooleanField(label=_("Everyone who can sign in"), required=False)
    groups = forms.ModelMultipleChoiceField(
        label=_("Groups"), queryset=Group.objects.order_by("name"), required=False, widget=forms.CheckboxSelectMultiple
    )
