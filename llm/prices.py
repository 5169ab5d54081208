"""What tokens cost, as the installation's own table says: servers do not tell, and prices change. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from llm.errors import ConfigurationError
from llm.streams import Usage

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """For a million tokens, in the currency in which the limits are given."""

    prompt: float
    completion: float


def parse_prices(text: str) -> dict[str, Price]:
    """`MODEL=PROMPT/COMPLETION`, several separated by commas.

    Raises:
        ConfigurationError: when it cannot be read.
    """
    prices: dict[str, Price] = {}
    for row in filter(None, (part.strip() for part in text.split(","))):
        name, _, amounts = row.rpartition("=")
        try:
            prompt, completion = (float(amount) for amount in amounts.split("/"))
        except ValueError:
            prompt = completion = -1
        if not name or min(prompt, completion) < 0:
            raise ConfigurationError(
                f"MODEL_PRICES has {row!r}. Write MODEL=PROMPT/COMPLETION, prices of a million tokens, as in "
                "qwen3-max=1.2/6."
            )
        prices[name.strip()] = Price(prompt, completion)
    return prices


def price_of(model: str, prices: Mapping[str, Price]) -> Price | None:
    """The price of a model; it counts for the dated versions of the model too."""
    named = [name for name in prices if model == name or model.startswith(f"{name}-")]
    return prices[max(named, key=len)] if named else None


def cost(usage: Usage, model: str, prices: Mapping[str, Price]) -> float:
    """What one reply cost; 0 for a model that has no price."""
    if (price := price_of(model, prices)) is None:
        return 0.0
    return (usage.prompt_tokens * price.prompt + usage.completion_tokens * price.completion) / MILLION
