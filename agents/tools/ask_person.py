"""Asking the person back, once."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agents.deps import Deps
from agents.tools import Result, ToolError

Choice = Annotated[str, Field(min_length=1, max_length=120)]


async def ask_person(
    deps: Deps,
    question: Annotated[str, Field(min_length=3, max_length=500, description="One question, in their language.")],
    options: Annotated[list[Choice] | None, Field(max_length=5, description="Answers to choose from.")] = None,
) -> Result:
    """Ask the person one question and end; their answer is the next message. Only where the question can mean very
    different things and the sources do not tell which: otherwise answer, and say what you took it to mean."""
    if deps.asked_back:
        raise ToolError("The person has just answered a question of yours. Answer now with what you know.")
    return Result({"ok": True}, [], question)
