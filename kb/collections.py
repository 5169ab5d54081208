"""Verbs on collections. Each is atomic, and checks that the person may do it."""

from collections.abc import Iterable

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.utils import IntegrityError

from accounts.audit import Act, record
from accounts.models import Person
from kb.access import acting_as_system, may_write, readable_scopes
from kb.errors import DocumentError
from kb.models import Collection, Document, Scope


def create_collection(
    name: str, *, by: Person, description: str = "", groups: Iterable[Group | str] = (), everyone: bool = False
) -> Collection:
    """A new, empty collection that `groups`, or everyone, may read.

    Raises:
        DocumentError: not_allowed, name_missing, name_too_long, name_taken, would_lose_access,
            unknown_group.
    """
    if not (by.is_active and (by.is_staff or by.is_superuser)):
        raise DocumentError("not_allowed")
    name = _checked_name(name)
    with acting_as_system():
        try:
            with transaction.atomic():
                collection = Collection.objects.create(
                    name=name, description=description.strip(), created_by=by if by.pk is not None else None
                )
        except IntegrityError as error:
            raise DocumentError("name_taken") from error
        scope = Scope.objects.create(collection=collection)
        _open_to(scope, groups, everyone, by)
        record(Act.COLLECTION_CREATED, by, target=collection.pk, name=name, readers=readers_of(scope))
    return collection


def rename_collection(collection: Collection, name: str, *, by: Person, description: str | None = None) -> None:
    """Give a collection another name, and another description unless it is None.

    Raises:
        DocumentError: not_allowed, name_missing, name_too_long, name_taken.
    """
    check_may_write(by, collection)
    changed = {"name": _checked_name(name)}
    if description is not None:
        changed["description"] = description.strip()
    with acting_as_system():
        try:
            with transaction.atomic():
                Collection.objects.filter(pk=collection.pk).update(**changed)
                if name != collection.name:
                    record(Act.COLLECTION_RENAMED, by, target=collection.pk, name=changed["name"], was=collection.name)
        except IntegrityError as error:
            raise DocumentError("name_taken") from error
    for field, value in changed.items():
        setattr(collection, field, value)


def set_groups(
    collection: Collection, groups: Iterable[Group | str] = (), *, by: Person, everyone: bool = False
) -> None:
    """Say who may read a collection; documents that fewer people may read keep their own groups.

    Raises:
        DocumentError: not_allowed, would_lose_access, unknown_group.
    """
    check_may_write(by, collection)
    with acting_as_system():
        scope = Scope.objects.select_for_update().get(collection=collection, is_default=True)
        before = readers_of(scope)
        _open_to(scope, groups, everyone, by)
        if (after := readers_of(scope)) != before:
            act = Act.COLLECTION_READERS_CHANGED
            record(act, by, target=collection.pk, name=collection.name, before=before, after=after)


def delete_collection(collection: Collection, *, by: Person) -> None:
    """Delete a collection with all its documents, their versions, and the files nobody else needs.

    Raises:
        DocumentError: not_allowed.
    """
    from kb.documents import erase

    check_may_write(by, collection)
    with acting_as_system():
        if not Collection.objects.select_for_update(no_key=True).filter(pk=collection.pk).exists():
            return
        documents = dict(Document.objects.filter(collection=collection).values_list("pk", "title"))
        erase(list(documents))
        titles = documents.values()
        record(Act.COLLECTION_DELETED, by, target=collection.pk, name=collection.name, documents=titles)
        Scope.objects.filter(collection=collection).delete()
        Collection.objects.filter(pk=collection.pk).delete()


def check_may_write(by: Person, collection: Collection) -> None:
    """Raises DocumentError("not_allowed") unless `by` looks after `collection`."""
    if not may_write(by, collection):
        raise DocumentError("not_allowed")


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise DocumentError("name_missing")
    if len(name) > 200:
        raise DocumentError("name_too_long")
    return name


def _open_to(scope: Scope, groups: Iterable[Group | str], everyone: bool, by: Person) -> None:
    scope.everyone = everyone
    scope.save(update_fields=["everyone"])
    scope.groups.set(named_groups(groups))
    check_still_reads(by, scope)


def readers_of(scope: Scope) -> list[str]:
    """Who may read, in words for the audit: `*` is everyone, otherwise the names of groups."""
    return ["*"] if scope.everyone else list(scope.groups.order_by("name").values_list("name", flat=True))


def named_groups(groups: Iterable[Group | str]) -> list[Group]:
    """Groups given as themselves or by name.

    Raises:
        DocumentError: unknown_group.
    """
    groups = list(groups)
    found = [group for group in groups if isinstance(group, Group)]
    names = {group for group in groups if isinstance(group, str)}
    found.extend(Group.objects.filter(name__in=names))
    if missing := names - {group.name for group in found}:
        raise DocumentError("unknown_group", names=", ".join(sorted(missing)))
    return found


def check_still_reads(by: Person, scope: Scope) -> None:
    """Raises DocumentError("would_lose_access") when `by` may not read `scope`; undoes the surrounding transaction."""
    if not readable_scopes(by).filter(pk=scope.pk).exists():
        raise DocumentError("would_lose_access")
