"""Ready documents for tests of search, put straight into the tables and through the real indexing."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.contrib.auth.models import Group

from kb import embedding
from kb.access import acting_as_system
from kb.indexing import index_version
from kb.models import Collection, Document, DocumentVersion, Passage, Scope, State


def shelve(
    collection: Collection,
    title: str,
    *texts: str,
    groups: Sequence[str] = (),
    vectors: bool = False,
    **version: Any,
) -> Document:
    """A ready document with a passage for each text; with `groups`, only they may read it."""
    with acting_as_system():
        scope = collection.scopes.get(is_default=True)
        if groups:
            scope = Scope.objects.create(collection=collection, is_default=False)
            scope.groups.set([Group.objects.get_or_create(name=name)[0] for name in groups])
        document = Document.objects.create(collection=collection, scope=scope, title=title, filename=f"{title}.md")
    revise(document, *texts, vectors=vectors, **version)
    return document


def revise(
    document: Document,
    *texts: str,
    vectors: bool = False,
    effective_from: date | None = None,
    effective_to: date | None = None,
    headings: Sequence[str] = (),
    context: str = "",
) -> DocumentVersion:
    """A further version of a document, ready and current."""
    with acting_as_system():
        version = DocumentVersion.objects.create(
            document=document,
            scope_id=document.scope_id,
            number=document.versions.count() + 1,
            filename=document.filename,
            sha256="0" * 64,
            size=1,
            effective_from=effective_from,
            effective_to=effective_to,
        )
        start = 0
        for ordinal, text in enumerate(texts):
            Passage.objects.create(
                version=version,
                document=document,
                collection_id=document.collection_id,
                scope_id=document.scope_id,
                ordinal=ordinal,
                start=start,
                end=start + len(text),
                text=text,
                context=context,
                heading_path=list(headings),
            )
            start += len(text) + 1
    index_version(version.pk, embed=embedding.embed_documents if vectors else None)
    with acting_as_system():
        version.state = State.READY
        version.save()
        document.current_version = document.latest_version = version
        document.save()
    return version
