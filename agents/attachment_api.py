"""Files for one conversation over HTTP."""

from __future__ import annotations

from typing import Any, BinaryIO, cast
from uuid import UUID

from django.http import Http404, HttpRequest
from django.utils.translation import get_language
from ninja import Field, File, Router, Schema, Status
from ninja.files import UploadedFile

from accounts.api import ASKING, asker
from accounts.models import Person
from agents.models import Conversation
from kb.attached_file import AttachedFile
from kb.attachments import attach, attachments, detach, forget
from kb.errors import DocumentError

router = Router(tags=["questions"])


class ConversationOut(Schema):
    conversation: UUID


class AttachmentOut(Schema):
    """A file that only you see, and only questions of this conversation are answered from."""

    document: int
    version: int
    title: str
    filename: str
    state: str = Field(description="queued parsing embedding indexing ready failed cancelled")
    done: int = Field(description="of `total` units, which are counted anew in each state")
    total: int | None
    error: str = Field(description="what is wrong and what to do; empty where nothing is")


class NotAttachedOut(Schema):
    filename: str
    error: str


class AttachmentsOut(Schema):
    attachments: list[AttachmentOut]
    refused: list[NotAttachedOut] = []


def _own(person: Person, conversation_id: UUID) -> Conversation:
    found = Conversation.objects.filter(pk=conversation_id, person=person).first()
    if found is None:
        raise Http404
    return found


def _sentence(file: AttachedFile) -> str:
    chinese = (get_language() or "en").startswith("zh")
    return (file.error_zh if chinese else file.error_en) or file.error_en


def _attached(conversation: Conversation, person: Person) -> dict[str, Any]:
    return {
        "attachments": [
            {
                "document": file.document,
                "version": file.version,
                "title": file.title,
                "filename": file.filename,
                "state": file.state,
                "done": file.progress_done,
                "total": file.progress_total,
                "error": _sentence(file),
            }
            for file in attachments(conversation.pk, person)
        ]
    }


@router.post(
    "/conversations",
    response={201: ConversationOut},
    auth=ASKING,
    summary="Begin a conversation to attach files to",
)
def begin_conversation(request: HttpRequest) -> Any:
    """It is listed from its first question on. One without any is deleted with its files after a day."""
    conversation = Conversation.objects.create(person=asker(request), listed=False)
    return Status(201, {"conversation": conversation.pk})


@router.delete("/conversations/{conversation_id}", response={204: None}, summary="Delete a conversation")
def delete_conversation(request: HttpRequest, conversation_id: UUID) -> Any:
    """Its questions and answers are gone for good, and what is attached to it."""
    conversation = _own(asker(request), conversation_id)
    conversation.delete()
    forget([conversation_id])
    return Status(204, None)


@router.get("/conversations/{conversation_id}/attachments", response=AttachmentsOut, summary="A conversation's files")
def list_attachments(request: HttpRequest, conversation_id: UUID) -> dict[str, Any]:
    person = asker(request)
    return _attached(_own(person, conversation_id), person)


@router.post(
    "/conversations/{conversation_id}/attachments",
    response={202: AttachmentsOut},
    auth=ASKING,
    summary="Attach files to a conversation",
)
def attach_files(request: HttpRequest, conversation_id: UUID, files: File[list[UploadedFile]]) -> Any:
    """Only you see them, and only questions of this conversation are answered from them; an answer waits until they
    are read. What can be taken is taken; where nothing was, the first reason is the error."""
    person = asker(request)
    conversation = _own(person, conversation_id)
    refused: list[tuple[str, DocumentError]] = []
    for file in files:
        try:
            attach(conversation.pk, file.name or "", cast(BinaryIO, file.file), by=person)
        except DocumentError as error:
            refused.append((file.name or "", error))
    if len(refused) == len(files):
        raise refused[0][1]
    language = get_language() or "en"
    told = [{"filename": name, "error": error.sentence(language)} for name, error in refused]
    return Status(202, _attached(conversation, person) | {"refused": told})


@router.delete(
    "/conversations/{conversation_id}/attachments/{document_id}", response={204: None}, summary="Take a file away"
)
def remove_attachment(request: HttpRequest, conversation_id: UUID, document_id: int) -> Any:
    """The file is deleted. Answers keep their words, and citations of it can no longer be opened."""
    person = asker(request)
    detach(_own(person, conversation_id).pk, document_id, by=person)
    return Status(204, None)
