"""How many reads a quantifier was given, from the JSON file that it leaves beside its results."""

from __future__ import annotations

import json
from pathlib import Path


def read_processed(path: Path, key: str) -> int | None:
    """The number under `key`; None where the file is absent, damaged or holds no such number.

    It is a courtesy to checks: a bundle does not depend on it.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    value = content.get(key) if isinstance(content, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
