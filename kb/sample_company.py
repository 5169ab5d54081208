"""The sample company of `samples/company.json`: groups, people, collections, and documents with all versions."""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import orjson
from django.contrib.auth.models import Group
from django.db import transaction

from accounts.models import Person
from kb.access import acting_as_system
from kb.collections import create_collection
from kb.documents import About, add, replace_document
from kb.models import Collection, Document, DocumentVersion
from kb.operators import operator


@dataclass(slots=True)
class Loaded:
    """What was new: the passwords of accounts by user name, and the versions that are to be read."""

    passwords: dict[str, str] = field(default_factory=dict)
    versions: list[int] = field(default_factory=list)


def load(folder: Path, password: str = "", keep: Callable[[str, str], None] = lambda name, password: None) -> Loaded:
    """Make what is not there yet; what is there stays as it is, so loading twice changes nothing.

    Args:
        folder: holds `company.json` and `documents/`.
        password: for all new accounts; each gets one of its own when it is empty.
        keep: hears of each new account's user name and password before the account is there for good, so that no
            interruption leaves an account whose password nobody knows.

    Raises:
        FileNotFoundError: when a file is missing.
    """
    company = orjson.loads((folder / "company.json").read_bytes())
    loaded = Loaded()
    groups = {group["key"]: _group(group["name"]) for group in company["groups"]}
    people = {person["username"]: _person(person, groups, password, keep, loaded) for person in company["people"]}
    collections = {row["key"]: _collection(row, groups) for row in company["collections"]}
    for document in company["documents"]:
        _document(document, collections[document["collection"]], people, folder / "documents", loaded)
    return loaded


def _group(name: Mapping[str, str]) -> Group:
    return Group.objects.get_or_create(name=f"{name['en']} {name['zh']}".strip())[0]


def _person(
    row: Mapping[str, Any],
    groups: Mapping[str, Group],
    password: str,
    keep: Callable[[str, str], None],
    loaded: Loaded,
) -> Person:
    found = Person.objects.filter(username=row["username"]).first()
    if found is not None:
        return found
    password = password or secrets.token_urlsafe(12)
    with transaction.atomic():
        person = Person.objects.create_user(
            row["username"],
            row["email"],
            password,
            display_name=" ".join(filter(None, (row["name"], row["name_zh"]))),
            language=row["language"],
            is_staff=row["admin"],
            is_superuser=row["admin"],
        )
        person.groups.set([groups[key] for key in row["groups"]])
        keep(person.username, password)
    loaded.passwords[person.username] = password
    return person


def _collection(row: Mapping[str, Any], groups: Mapping[str, Group]) -> Collection:
    with acting_as_system():
        found = Collection.objects.filter(name=row["name"]).first()
    return found or create_collection(
        row["name"],
        by=operator(None),
        description=row["description"],
        groups=[groups[key] for key in row["groups"]],
        everyone=row["everyone"],
    )


def _document(
    row: Mapping[str, Any], collection: Collection, people: Mapping[str, Person], files: Path, loaded: Loaded
) -> None:
    with acting_as_system():
        document = Document.objects.filter(collection=collection, external_id=row["id"]).first()
        known = set(DocumentVersion.objects.filter(document=document).values_list("sha256", flat=True))
    for version in row["versions"]:
        path = files / version["file"]
        if hashlib.sha256(path.read_bytes()).hexdigest() in known:
            continue
        first, last = _day(version["effective_from"]), _day(version["effective_to"])
        with path.open("rb") as file:
            if document is None:
                about = About(row["title"], row["id"], first, last, tuple(row["tags"]))
                upload = add(collection, path.name, file, about, by=operator(None))
                document, new = upload.document, upload.version
                with acting_as_system():
                    Document.objects.filter(pk=document.pk).update(owner=people[row["owner"]])
            else:
                new = replace_document(
                    document, path.name, file, by=operator(None), effective_from=first, effective_to=last
                )
        loaded.versions.append(new.pk)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
