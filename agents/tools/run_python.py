"""Calculating, in a sandbox that has no files, no network, and little time and memory."""

from __future__ import annotations

import asyncio
import atexit
import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any

from pydantic import Field
from pydantic_monty import CollectString, Monty, MontyCrashedError, MontyError, ResourceLimits

from agents.deps import Deps
from agents.tools import Result, ToolError

LIMITS: ResourceLimits = {
    "max_feed_duration_secs": 5.0,
    "max_memory": 64_000_000,
    "max_recursion_depth": 300,
    "max_total_sleep_secs": 0.1,
}
WORKERS = 2
WAIT_SECONDS = 20.0
OUTPUT_BYTES = 200_000
SHOWN = 6_000


async def run_python(
    deps: Deps,
    code: Annotated[str, Field(min_length=1, max_length=20_000, description="Python. Put the values into the code.")],
) -> Result:
    """Run a few lines of Python for sums, dates, sorting and comparing. Gives the last expression and what was printed.

    There are math, datetime, json, re and decimal, no files, no network and no other packages."""
    value, output = await asyncio.to_thread(_run, code)
    result = _plain(value)
    return Result({"result": result, "output": output}, [], (output or str(result))[:300])


def _run(code: str) -> tuple[Any, str]:
    printed = CollectString(max_bytes=OUTPUT_BYTES)
    try:
        with _sandbox().checkout(limits=LIMITS) as session:
            value = session.feed_run(code, print_callback=printed)
    except MontyCrashedError as error:
        raise ToolError("The code was stopped: it took too long or too much memory. Make it simpler.") from error
    except MontyError as error:
        message = error.display("type-msg") if hasattr(error, "display") else str(error)
        raise ToolError(f"The code failed. {message[:500]}") from error
    except TimeoutError as error:
        raise ToolError("The sandbox is busy. Try again, or calculate less.") from error
    return value, _shortened(printed.output)


@lru_cache(maxsize=1)
def _sandbox() -> Monty:
    """This process' pool of sandbox workers."""
    pool = Monty(
        min_processes=1, max_processes=WORKERS, checkout_timeout=WAIT_SECONDS, request_timeout=WAIT_SECONDS
    ).__enter__()
    atexit.register(pool.__exit__, None, None, None)
    return pool


def _plain(value: Any) -> Any:
    """A value of the sandbox as JSON; what has no such form is shown as Python writes it."""
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, (Decimal, date, datetime, time, timedelta)):
        return str(value)
    if isinstance(value, (list, tuple)) and len(value) <= 200:
        return [_plain(item) for item in value]
    if isinstance(value, dict) and len(value) <= 200:
        return {str(key): _plain(item) for key, item in value.items()}
    return _shortened(value if isinstance(value, str) else repr(value))


def _shortened(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)} characters)"
