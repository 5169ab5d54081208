"""Nobody fills the disk with one request."""

from typing import Any

import pytest
from django.test import override_settings

from config.bodies import STRANGERS_LIMIT, bounded


class Client:
    """Sends a body in pieces and keeps what comes back."""

    def __init__(self, pieces: list[bytes], **headers: str) -> None:
        self.pieces = list(pieces)
        self.sent: list[dict[str, Any]] = []
        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        self.scope = {"type": "http", "path": "/", "headers": raw}

    async def receive(self) -> dict[str, Any]:
        body = self.pieces.pop(0) if self.pieces else b""
        return {"type": "http.request", "body": body, "more_body": bool(self.pieces)}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    async def ask(self) -> int:
        await bounded(reads_everything, self.scope, self.receive, self.send)
        return int(self.sent[0]["status"])


async def reads_everything(scope: Any, receive: Any, send: Any) -> None:
    while (await receive())["more_body"]:
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def test_a_small_body_passes() -> None:
    assert await Client([b"x" * 1000], content_length="1000").ask() == 200
    assert await Client([]).ask() == 200


@pytest.mark.parametrize("length", [str(STRANGERS_LIMIT + 1), "-1", "many"])
async def test_a_stranger_is_refused_by_the_declared_length(length: str) -> None:
    client = Client([b"x"], content_length=length)
    assert await client.ask() == 413
    assert client.pieces == [b"x"], "nothing of the body was read"


async def test_a_stranger_is_refused_by_what_really_comes() -> None:
    client = Client([b"x" * 600_000] * 5)
    assert await client.ask() == 413
    assert len(client.pieces) == 3


@override_settings(MAX_UPLOAD_MB=1)
async def test_people_and_programs_may_upload() -> None:
    for headers in ({"cookie": "a=b; sessionid=c"}, {"authorization": "Bearer x"}):
        assert await Client([b"x" * 900_000] * 2, **headers).ask() == 200
        assert await Client([b"x" * 900_000] * 3, **headers).ask() == 413
