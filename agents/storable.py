"""Text that PostgreSQL can keep. Pure.

Models write anything: neither NUL nor half of a surrogate pair can be stored or searched for.
"""

from __future__ import annotations

import re
from typing import Any

_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
REPLACEMENT = "\ufffd"


def cleaned(value: Any) -> Any:
    """JSON data with each character that cannot be stored replaced, in keys too."""
    if isinstance(value, str):
        return _UNSTORABLE.sub(REPLACEMENT, value)
    if isinstance(value, dict):
        return {cleaned(key): cleaned(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [cleaned(item) for item in value]
    return value
