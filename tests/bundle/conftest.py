"""Fixtures of the bundle tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bundle.builder import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A good bundle folder that a test may damage."""
    return Folder(tmp_path / "hand")
