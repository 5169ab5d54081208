"""Showing what will be done."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agents.deps import Deps
from agents.tools import Result

Step = Annotated[str, Field(max_length=300)]


async def plan(
    deps: Deps,
    steps: Annotated[list[Step], Field(min_length=1, max_length=12, description="The steps, in order.")],
) -> Result:
    """Show the person the plan, or a changed one. Use it first when a question needs several steps."""
    return Result({"ok": True}, [], "; ".join(steps)[:300], len(steps))
