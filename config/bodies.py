"""How large a request's body may be, whoever sends it. Django reads the whole body before it knows who asks."""

from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

MEGABYTE = 1_000_000
STRANGERS_LIMIT = 1 * MEGABYTE
"""For requests that bring neither a session nor a key: enough to sign in."""
TOO_LARGE = "The request is too large. Send fewer or smaller files at a time. / 请求过大，请分批上传或减小文件。"


class TooLarge(Exception):
    """More came than the request may hold."""


def limit_for(headers: dict[bytes, bytes]) -> int:
    """Bytes that a request with these headers may send: a largest file and its form, or several smaller ones."""
    known = headers.get(b"authorization") or settings.SESSION_COOKIE_NAME.encode() in headers.get(b"cookie", b"")
    return 2 * settings.MAX_UPLOAD_MB * MEGABYTE if known else STRANGERS_LIMIT


async def bounded(application: Application, scope: Scope, receive: Receive, send: Send) -> None:
    """Run `application` with a body of bounded size; answer 413 for more, as soon as it is known."""
    headers = dict(scope["headers"])
    limit = limit_for(headers)
    received, answered = 0, False
    declared = headers.get(b"content-length", b"0")
    if not declared.isdigit() or int(declared) > limit:
        await refuse(send)
        return

    async def counted() -> dict[str, Any]:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise TooLarge
        return message

    async def noted(message: Any) -> None:
        nonlocal answered
        answered = True
        await send(message)

    try:
        await application(scope, counted, noted)
    except TooLarge:
        if not answered:
            await refuse(send)


async def refuse(send: Send, status: int = 413, sentence: str = TOO_LARGE) -> None:
    """An answer in one sentence; the connection is closed, since the rest of the body is not wanted."""
    body = f"{sentence}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
