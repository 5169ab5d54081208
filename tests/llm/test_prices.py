"""What tokens cost."""

import pytest

from llm.errors import ConfigurationError
from llm.prices import Price, cost, parse_prices
from llm.streams import Usage


def test_a_price_counts_for_dated_versions_and_the_longest_name_wins() -> None:
    prices = parse_prices("qwen3-max=1.2/6, qwen3=1/1,")
    assert prices["qwen3-max"] == Price(1.2, 6)
    usage = Usage(1_000_000, 500_000)
    assert cost(usage, "qwen3-max-2026-01-23", prices) == pytest.approx(4.2)
    assert cost(usage, "qwen3", prices) == pytest.approx(1.5)
    assert cost(usage, "qwen30", prices) == 0
    assert parse_prices("") == {}


@pytest.mark.parametrize("text", ["qwen", "qwen=1", "=1/2", "qwen=1/x", "qwen=-1/2"])
def test_what_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(ConfigurationError, match="MODEL_PRICES has"):
        parse_prices(text)
