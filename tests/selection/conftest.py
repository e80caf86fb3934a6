"""Stability selections that several tests look at; made once."""

from __future__ import annotations

import pytest

from isograph.bundle.model import Bundle
from isograph.selection import StabilitySelection, select_by_stability

PAIRS = 3


@pytest.fixture(scope="session")
def selected(toy: Bundle) -> StabilitySelection:
    """Of 40 genes × 64 samples by `calibrated`, its own grid."""
    return select_by_stability(toy, n_pairs=PAIRS)
