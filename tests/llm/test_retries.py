"""How often, how long, how fast."""

import time

from llm.errors import ModelError, Wait
from llm.profiles import Endpoint
from llm.retries import Limiter, Retries, limiter_for


def waits(wait: Wait, retry_after: float | None = None, seconds: float = 1000) -> list[float]:
    retries = Retries(time.monotonic() + seconds)
    error = ModelError("overloaded", wait=wait, retry_after=retry_after)
    found = []
    while (pause := retries.wait(error)) is not None:
        found.append(pause)
    return found


def test_waits_double_up_to_a_ceiling_with_jitter() -> None:
    for found, expected in ((waits("brief"), [0.5, 1, 2, 4]), (waits("long"), [5, 10, 20]), (waits("once"), [0.5])):
        assert len(found) == len(expected)
        assert all(0.75 * most <= pause <= most for pause, most in zip(found, expected, strict=True))
    assert not waits("never")


def test_retry_after_is_obeyed_up_to_two_minutes() -> None:
    assert min(waits("brief", retry_after=7)) >= 7
    assert not waits("brief", retry_after=121)


def test_no_wait_reaches_beyond_the_deadline() -> None:
    assert not waits("long", seconds=1)


def test_a_seconds_worth_may_start_at_once_and_the_rest_is_spaced() -> None:
    limiter = Limiter(600)
    places = [limiter.reserve() for _ in range(15)]
    assert max(places[:10]) == 0
    assert 0.3 < places[-1] <= 0.5


def test_without_a_limit_nobody_waits_until_the_server_says_so() -> None:
    limiter = Limiter()
    assert not any(limiter.reserve() for _ in range(1000))
    limiter.pause(2)
    assert 1.5 < limiter.reserve() <= 2
    assert 1.5 < limiter.reserve() <= 2


def test_roles_share_the_limiter_of_their_key_and_model() -> None:
    assert limiter_for(Endpoint("u", "k"), "m", 600) is limiter_for(Endpoint("u", "k"), "m", 600)
    assert limiter_for(Endpoint("u", "k"), "m", 600) is not limiter_for(Endpoint("u", "other"), "m", 600)
    assert limiter_for(Endpoint("u", "k"), "m", 600) is not limiter_for(Endpoint("u", "k"), "n", 600)
