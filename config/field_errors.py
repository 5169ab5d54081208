"""What is wrong with a field of a request, in the asker's language."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# By the type of pydantic's error, or what it begins with; the values are those of its context.
SENTENCES: dict[str, str | Promise] = {
    "missing": gettext_lazy("it is missing"),
    "string_too_short": gettext_lazy("it must have at least %(min_length)s characters"),
    "string_too_long": gettext_lazy("it may have at most %(max_length)s characters"),
    "string": gettext_lazy("it must be a text"),
    "too_short": gettext_lazy("it must have at least %(min_length)s entries"),
    "too_long": gettext_lazy("it may have at most %(max_length)s entries"),
    "greater_than_equal": gettext_lazy("it must be %(ge)s or more"),
    "less_than_equal": gettext_lazy("it may be at most %(le)s"),
    "int": gettext_lazy("it must be a whole number"),
    "bool": gettext_lazy("it must be true or false"),
    "list": gettext_lazy("it must be a list"),
    "date": gettext_lazy("it must be a day like 2026-01-31"),
    "uuid": gettext_lazy("it must be a UUID"),
    "literal_error": gettext_lazy("it must be one of: %(expected)s"),
    "enum": gettext_lazy("it must be one of: %(expected)s"),
    "model_attributes_type": gettext_lazy("it must be a JSON object"),
    "model_type": gettext_lazy("it must be a JSON object"),
    "dict_type": gettext_lazy("it must be a JSON object"),
}


def sentence(kind: str, values: Mapping[str, Any]) -> str:
    """What an error of pydantic's type `kind` means for whoever sent the request."""
    known = SENTENCES.get(kind) or SENTENCES.get(kind.split("_")[0]) or _("it has a value that is not possible here")
    shown = {name: str(value).replace(" or ", ", ").replace("'", "") for name, value in values.items()}
    return str(known) % shown
