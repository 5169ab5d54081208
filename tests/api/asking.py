"""Short ways to ask a served API, and to read its streams."""

from dataclasses import dataclass, field
from typing import Any

import orjson
from asgiref.sync import async_to_sync

from tests.llm.scripted import Script, end, error, text

ANSWER = "Staff are entitled to 15 days of annual leave a year [1]."


@dataclass
class Frame:
    id: int
    event: str
    data: dict[str, Any] = field(default_factory=dict)


def frames(body: str) -> list[Frame]:
    """The frames of an event stream; comments are passed over."""
    found = []
    for block in body.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":"))
        if lines:
            found.append(Frame(int(lines["id"]), lines["event"], orjson.loads(lines["data"])))
    return found


def content_of(response: Any) -> bytes:
    """What a response of Django's test client holds, streamed or not."""
    if not response.streaming:
        return bytes(response.content)

    async def read() -> bytes:
        return b"".join([part async for part in response.streaming_content])

    return async_to_sync(read)() if response.is_async else b"".join(response.streaming_content)


def good() -> Script:
    return text(ANSWER, pieces=6, usage=(120, 12))


def broken() -> Script:
    return error(400, "DataInspectionFailed", "Input data may contain inappropriate content.")


def overloaded() -> Script:
    return error(503, "ModelUnavailable", "The model is overloaded.")


def cut_off() -> Script:
    return text(ANSWER, pieces=6) + end("content_filter")
