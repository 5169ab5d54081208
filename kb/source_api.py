"""Synchronisation over HTTP (list what you have, send what is asked for, finish), and sources for administrators."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest
from django.utils.translation import get_language
from ninja import Field, Router, Schema, Status
from pydantic import AfterValidator

from accounts.api import ADMINISTRATION, WRITING, Problem, asker
from accounts.models import Person
from kb.access import acting_as, collections_for
from kb.models import Collection
from kb.models_sources import Source, SourceChange, SourceRun
from kb.sources import push, verbs

router = Router(tags=["knowledge"], auth=ADMINISTRATION)
Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
Line = Annotated[str, AfterValidator(lambda text: text.replace("\0", ""))]


class ListedIn(Schema):
    external_id: Annotated[Line, Field(min_length=1, max_length=500, description="Your own name for the document.")]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="Of the file's bytes, in hexadecimal.")]


class SyncIn(Schema):
    documents: Annotated[list[ListedIn], Field(max_length=20_000)]
    sync: Id | None = Field(default=None, description="Adds to the list that was begun with this number.")


class SyncOut(Schema):
    sync: int = Field(description="Send it back to add to the list, and to finish.")
    send: list[str] = Field(description="Upload these, each with its `external_id`.")
    unchanged: int
    would_delete: list[str] = Field(description="Listed before and not now: `finish` deletes them.")


class FinishIn(Schema):
    sync: Id
    confirm: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="How many deletions you expect; needed where more than half would go."
    )


class FinishOut(Schema):
    deleted: int
    missing: list[str] = Field(description="Listed, but not sent.")


def _collection(person: Person, pk: int) -> Collection:
    with acting_as(person):
        found = collections_for().filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@router.post(
    "/collections/{collection_id}/sync", response=SyncOut, auth=WRITING, summary="Compare your list with what is here"
)
def sync_list(request: HttpRequest, collection_id: int, body: SyncIn) -> Any:
    """Nothing is deleted yet. A list of more than 20,000 documents is sent in several calls with the same `sync`."""
    person = asker(request)
    listed = {entry.external_id: entry.sha256 for entry in body.documents}
    return push.compare(_collection(person, collection_id), listed, by=person, sync=body.sync)


@router.post(
    "/collections/{collection_id}/sync/finish", response=FinishOut, auth=WRITING, summary="Delete what you did not list"
)
def sync_finish(request: HttpRequest, collection_id: int, body: FinishIn) -> Any:
    """Only documents that an earlier list named are deleted. 409 where more than half would go and none confirmed."""
    person = asker(request)
    return push.finish(_collection(person, collection_id), body.sync, by=person, confirm=body.confirm)


class SourceIn(Schema):
    collection: Id
    kind: Literal["url", "sitemap", "folder", "s3", "git"]
    name: Annotated[Line, Field(min_length=1, max_length=200)]
    settings: dict[str, Annotated[Line, Field(max_length=2000)]] = Field(description="What the kind wants to know.")
    every_minutes: Literal[0, 15, 60, 360, 1440, 10080] = Field(default=1440, description="0: only when asked.")


class SourceChangeIn(Schema):
    """Fields that are not sent stay."""

    collection: Id | None = None
    name: Annotated[Line, Field(min_length=1, max_length=200)] | None = None
    settings: dict[str, Annotated[Line, Field(max_length=2000)]] | None = Field(
        default=None, description="Those that are sent are changed; a secret that is not sent stays on the same server."
    )
    every_minutes: Literal[0, 15, 60, 360, 1440, 10080] | None = None


class LookOut(Schema):
    id: int
    outcome: str = Field(description="running done failed asking")
    started_at: datetime
    ended_at: datetime | None
    added: int
    changed: int
    unchanged: int
    deleted: int
    failed: int


class ChangeOut(Schema):
    kind: str = Field(description="added changed deleted failed")
    key: str
    document: int | None
    error: str


class SourceOut(Schema):
    id: int
    collection: int
    kind: str
    name: str
    settings: dict[str, str]
    every_minutes: int
    state: str = Field(description="active paused asking")
    error: Problem | None
    next_run_at: datetime | None
    last_look: LookOut | None


class SourceLogOut(SourceOut):
    changes: list[ChangeOut] = Field(description="What the last look changed.")


def _administrator(request: HttpRequest) -> Person:
    """Who asks; for others than administrators there are no sources."""
    person = asker(request)
    if not person.is_superuser:
        raise Http404
    return person


def _one(person: Person, pk: int) -> Source:
    source = verbs.source_for(pk, by=person)
    if source is None:
        raise Http404
    return source


def _shown(source: Source, last: SourceRun | None) -> dict[str, Any]:
    names = ("id", "kind", "name", "settings", "every_minutes", "state", "next_run_at")
    error = {"code": source.error_code, "message": _sentence(source)} if source.error_code else None
    return {name: getattr(source, name) for name in names} | {
        "collection": source.collection_id,
        "error": error,
        "last_look": last,
    }


def _sentence(said: Source | SourceChange) -> str:
    return said.error_zh if (get_language() or "en").startswith("zh") else said.error_en


@router.get("/sources", response=list[SourceOut], summary="The sources, for administrators")
def list_sources(request: HttpRequest) -> Any:
    return [_shown(source, last) for source, last in verbs.sources_for(by=_administrator(request))]


@router.post("/sources", response={201: SourceOut}, summary="A new source")
def create_source(request: HttpRequest, body: SourceIn) -> Any:
    person = _administrator(request)
    collection = _collection(person, body.collection)
    made = verbs.create_source(
        collection, body.kind, body.name, body.settings, by=person, every_minutes=body.every_minutes
    )
    return Status(201, _shown(made, None))


@router.get("/sources/{source_id}", response=SourceLogOut, summary="A source and its last look")
def get_source(request: HttpRequest, source_id: Id) -> Any:
    person = _administrator(request)
    source = _one(person, source_id)
    log = verbs.log_of(source, by=person)
    changes = [
        {"kind": change.kind, "key": change.key, "document": change.document_id, "error": _sentence(change)}
        for change in log.changes
    ]
    return _shown(source, log.run) | {"changes": changes}


@router.patch("/sources/{source_id}", response=SourceOut, summary="Change a source")
def change_source(request: HttpRequest, source_id: Id, body: SourceChangeIn) -> Any:
    """Another collection takes the source's documents with it. Other settings mean that everything is read anew."""
    person = _administrator(request)
    source = _one(person, source_id)
    changed = verbs.change_source(
        source,
        by=person,
        name=source.name if body.name is None else body.name,
        collection=source.collection if body.collection is None else _collection(person, body.collection),
        settings=source.settings | (body.settings or {}),
        every_minutes=source.every_minutes if body.every_minutes is None else body.every_minutes,
    )
    return _shown(changed, verbs.log_of(changed, by=person).run)


@router.delete("/sources/{source_id}", response={204: None}, summary="Forget a source; its documents stay")
def delete_source(request: HttpRequest, source_id: Id, documents: bool = False) -> Any:
    """`?documents=true` deletes its documents as well."""
    person = _administrator(request)
    verbs.delete_source(_one(person, source_id), by=person, with_documents=documents)
    return Status(204, None)


Action = Literal["look", "pause", "resume", "delete_gone", "keep_gone"]


@router.post("/sources/{source_id}/{action}", response=SourceOut, summary="Look now, pause, go on, or answer")
def act_on_source(request: HttpRequest, source_id: Id, action: Action) -> Any:
    person = _administrator(request)
    source = _one(person, source_id)
    match action:
        case "look":
            verbs.look_now(source, by=person)
        case "pause":
            verbs.pause(source, by=person)
        case "resume":
            verbs.resume(source, by=person)
        case "delete_gone" | "keep_gone":
            verbs.answer(source, delete=action == "delete_gone", by=person)
    return _shown(_one(person, source_id), verbs.log_of(source, by=person).run)
