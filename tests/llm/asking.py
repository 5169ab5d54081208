"""Short ways to ask a chat model and look at what came."""

from contextlib import aclosing
from typing import Any

import pytest

from llm.clients import ChatModel
from llm.errors import ModelError
from llm.messages import ToolSpec
from llm.streams import Delta, Text

HI = [{"role": "user", "content": "Hi"}]
SEARCH = ToolSpec("search_knowledge", "Find passages.", {"type": "object", "properties": {}})


async def collect(model: ChatModel, *, thinking: bool = False, **options: Any) -> list[Delta]:
    async with aclosing(model.stream(HI, thinking=thinking, **options)) as deltas:
        return [delta async for delta in deltas]


async def failure(model: ChatModel, **options: Any) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await collect(model, **options)
    return caught.value


def answer(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, Text))
