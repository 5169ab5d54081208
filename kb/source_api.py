"""Synchronisation over HTTP: list what you have, send what is asked for, finish."""

from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Field, Router, Schema
from pydantic import AfterValidator

from accounts.api import asker
from accounts.models import Person
from kb.access import acting_as, collections_for
from kb.models import Collection
from kb.sources import push

router = Router(tags=["knowledge"])
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


@router.post("/collections/{collection_id}/sync", response=SyncOut, summary="Compare your list with what is here")
def sync_list(request: HttpRequest, collection_id: int, body: SyncIn) -> Any:
    """Nothing is deleted yet. A list of more than 20,000 documents is sent in several calls with the same `sync`."""
    person = asker(request)
    listed = {entry.external_id: entry.sha256 for entry in body.documents}
    return push.compare(_collection(person, collection_id), listed, by=person, sync=body.sync)


@router.post("/collections/{collection_id}/sync/finish", response=FinishOut, summary="Delete what you did not list")
def sync_finish(request: HttpRequest, collection_id: int, body: FinishIn) -> Any:
    """Only documents that an earlier list named are deleted. 409 where more than half would go and none confirmed."""
    person = asker(request)
    return push.finish(_collection(person, collection_id), body.sync, by=person, confirm=body.confirm)
