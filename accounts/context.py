"""What every page's frame needs."""

from django.conf import settings
from django.http import HttpRequest


def frame(request: HttpRequest) -> dict[str, object]:
    """The company's name, the languages to choose from, and whether the sidebar was folded."""
    return {
        "company": settings.COMPANY_NAME,
        "languages": settings.LANGUAGES,
        "sidebar_folded": request.COOKIES.get("sidebar") == "folded",
    }
