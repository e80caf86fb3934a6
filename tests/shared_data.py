"""The one place where tests find the reference data that stands beside a checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def shared_path(*parts: str) -> Path:
    """Path below the shared data folder; skips the test, saying why, where it is absent.

    The folder is `../shared` beside the checkout, or wherever `ISOGRAPH_SHARED` says.
    """
    beside = Path(__file__).resolve().parents[2] / "shared"
    root = Path(os.environ.get("ISOGRAPH_SHARED", beside))
    path = root.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"reference data {'/'.join(parts)} is not on this machine")
    return path
