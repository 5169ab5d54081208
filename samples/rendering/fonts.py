"""The one font the generator needs: WenQuanYi Micro Hei (Apache-2.0, may be embedded)."""

from __future__ import annotations

import re
from pathlib import Path

CHINESE_FONT = Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")
_HAN = re.compile(r"[\u4e00-\u9fff]")


def is_chinese(text: str) -> bool:
    return _HAN.search(text) is not None
