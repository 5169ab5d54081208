"""When and how often a request is repeated, and how fast requests may start.

Only our own rules apply: the client library also repeats what cannot succeed, such as an unpaid account. A request is
repeated only while nothing of its reply has been given away.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from threading import Lock

from llm.errors import ModelError, Wait
from llm.profiles import Endpoint

LONGEST_RETRY_AFTER = 120.0


@dataclass(frozen=True, slots=True)
class Patience:
    """`tries` repeats; the wait before each doubles from `first` up to `most` seconds, less up to a quarter."""

    tries: int
    first: float = 0.0
    most: float = 0.0


PATIENCE: dict[Wait, Patience] = {
    "never": Patience(0),
    "once": Patience(1, 0.5, 0.5),
    "limited": Patience(2, 0.5, 2),
    "brief": Patience(4, 0.5, 8),
    "long": Patience(3, 5, 30),
}
"""`brief`: requests per second and overload. `long`: tokens per minute, which recover within about a minute."""


@dataclass(slots=True)
class Retries:
    """The repeats of one request, until `deadline` (a value of `time.monotonic()`)."""

    deadline: float
    factor: float = 1.0
    """On every wait."""
    used: int = 0

    def wait(self, error: ModelError) -> float | None:
        """Seconds to wait before the next try after `error`, or None if it has to be raised."""
        patience = PATIENCE[error.wait]
        if self.used >= patience.tries or (error.retry_after or 0) > LONGEST_RETRY_AFTER:
            return None
        seconds = min(patience.first * 2**self.used, patience.most) * random.uniform(0.75, 1)  # noqa: S311 - jitter
        seconds = max(seconds, error.retry_after or 0) * self.factor
        self.used += 1
        return seconds if time.monotonic() + seconds < self.deadline else None


@dataclass(slots=True)
class Limiter:
    """Spaces the starts of requests out evenly; a second's worth may start at once. Thread-safe.

    A key's limit counts all processes; each process has a limiter of its own.
    """

    per_minute: int | None = None
    _next: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def reserve(self) -> float:
        """Take the next place; seconds until it."""
        now = time.monotonic()
        with self._lock:
            start = max(self._next, now - 1.0 if self.per_minute else now)
            if self.per_minute:
                self._next = start + 60 / self.per_minute
            return max(0.0, start - now)

    def pause(self, seconds: float) -> None:
        """Nobody starts for some seconds: the server has said that there were too many."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)


_limiters: dict[tuple[Endpoint, str, int | None], Limiter] = {}
_limiters_lock = Lock()


def limiter_for(endpoint: Endpoint, model: str, per_minute: int | None) -> Limiter:
    """The one limiter of this process for a server, key and model: services count each model for itself."""
    with _limiters_lock:
        return _limiters.setdefault((endpoint, model, per_minute), Limiter(per_minute))
