"""Whom to ask about documents."""

from collections.abc import Collection

from kb.access import current_actor
from kb.models import Document


def owners(documents: Collection[int]) -> dict[int, str]:
    """The names of the owners of documents that the current person may read and that have one."""
    current_actor()
    found = Document.objects.filter(pk__in=documents, owner__isnull=False).select_related("owner")
    return {document.pk: str(document.owner) for document in found.only("owner")}


def addresses(documents: Collection[int]) -> dict[int, str]:
    """The e-mail addresses of those owners, where they have one and may still sign in."""
    current_actor()
    found = Document.objects.filter(pk__in=documents, owner__is_active=True).exclude(owner__email="")
    return dict(found.values_list("pk", "owner__email"))
