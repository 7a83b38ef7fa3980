"""An entry as one line of text, the same whoever writes it down: a digest of such lines means something."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any


def as_line(entry: Mapping[str, Any]) -> str:
    """An exported entry as JSON, without the line's end."""
    return json.dumps(dict(entry), ensure_ascii=False, default=_plain)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
