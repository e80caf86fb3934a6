"""A sample of the damage that `scripts/fuzz_import.py` does ten thousand times."""

from __future__ import annotations

import pytest

from tests.importers.fuzzing import REFUSED, SAME, fuzz


@pytest.mark.slow
def test_damaged_inputs_are_refused_or_read_as_if_they_were_whole() -> None:
    pytest.importorskip("anndata")
    tally = fuzz(420, seed=[7])
    assert tally.wrong == []
    outcomes = {outcome for *_, outcome in tally.outcomes}
    assert {REFUSED, SAME} <= outcomes, "damage of both kinds was done"
