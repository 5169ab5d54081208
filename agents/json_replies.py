"""What models are asked to answer as JSON, read from what they wrote. Pure."""

from __future__ import annotations

import json
from typing import Any


def object_in(reply: str) -> dict[str, Any]:
    """The JSON object in a reply, whatever is written around it; empty where there is none that can be read."""
    try:
        data = json.loads(reply[reply.index("{") : reply.rindex("}") + 1])
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
