"""What other parts of the application show beside a document: each registers a page of its own. Pure."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class Panel:
    """A page about a document; `url` is the name of an address that takes the document's number."""

    name: str
    title: "StrOrPromise"
    url: str


panels: list[Panel] = []


def add_panel(panel: Panel) -> None:
    """Show a link to the page on every document; for `AppConfig.ready`."""
    if panel not in panels:
        panels.append(panel)
