"""Reading the environment: a wrong value stops the start with a sentence that says what to change."""

import os
from collections.abc import Mapping

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}


def envtext(name: str, default: str = "", env: Mapping[str, str] = os.environ) -> str:
    """The variable's text without surrounding white space; empty counts as not set."""
    return env.get(name, "").strip() or default


def envbool(name: str, default: bool, env: Mapping[str, str] = os.environ) -> bool:
    """True for 1/true/yes/on, False for 0/false/no/off.

    Raises:
        ImproperlyConfigured: for any other word.
    """
    text = envtext(name, env=env).lower()
    if not text:
        return default
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} is {text!r}. Set it to true or false.")


def envint(name: str, default: int, minimum: int, maximum: int, env: Mapping[str, str] = os.environ) -> int:
    """A whole number from `minimum` to `maximum`, both included.

    Raises:
        ImproperlyConfigured: if it is no whole number or outside the range.
    """
    text = envtext(name, env=env)
    if not text:
        return default
    try:
        number = int(text)
    except ValueError:
        number = minimum - 1
    if not minimum <= number <= maximum:
        raise ImproperlyConfigured(f"{name} is {text!r}. Set it to a whole number from {minimum} to {maximum}.")
    return number


def envfloat(name: str, default: float, minimum: float, maximum: float, env: Mapping[str, str] = os.environ) -> float:
    """A number from `minimum` to `maximum`, both included.

    Raises:
        ImproperlyConfigured: if it is no number or outside the range.
    """
    text = envtext(name, env=env)
    try:
        number = float(text or default)
    except ValueError:
        number = minimum - 1
    if not minimum <= number <= maximum:
        raise ImproperlyConfigured(f"{name} is {text!r}. Set it to a number from {minimum:g} to {maximum:g}.")
    return number


def envchoice(name: str, default: str, choices: tuple[str, ...], env: Mapping[str, str] = os.environ) -> str:
    """One of a few words.

    Raises:
        ImproperlyConfigured: for any other word.
    """
    text = envtext(name, default, env)
    if text not in choices:
        raise ImproperlyConfigured(f"{name} is {text!r}. Set it to one of: {', '.join(choices)}.")
    return text


def envlist(name: str, default: str = "", env: Mapping[str, str] = os.environ) -> list[str]:
    """Words separated by commas."""
    return [word.strip() for word in envtext(name, default, env).split(",") if word.strip()]
