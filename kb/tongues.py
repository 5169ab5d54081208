"""The languages of documents."""

import hashlib
from collections.abc import Sequence

from django.core.cache import cache
from django.db.models import Count

from kb.access import current_actor, documents_for

SECONDS = 300
"""How long a count of languages is good for: it decides what is worth asking, not what is found."""


def languages(collections: Sequence[int] | None = None) -> dict[str, float]:
    """The share of each language among the documents that the current person may read and that have an answering
    version; of some collections where these are given."""
    # By what may be read, so that nobody is told of documents that they may not see.
    asked = f"{current_actor().scopes} {sorted(collections) if collections is not None else ''}"
    key = f"languages:{hashlib.sha256(asked.encode()).hexdigest()}"
    found: dict[str, float] | None = cache.get(key)
    if found is None:
        documents = documents_for().filter(current_version__isnull=False)
        if collections is not None:
            documents = documents.filter(collection_id__in=list(collections))
        numbers = dict(documents.order_by().values_list("current_version__language").annotate(Count("pk")))
        total = sum(numbers.values())
        found = {str(language): number / total for language, number in numbers.items()}
        cache.set(key, found, SECONDS)
    return found
