"""Bundles as folders of Salmon samples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from isograph.errors import OutputError
from isograph.exporters.salmon import write_salmon
from isograph.importers.cohort import import_cohort
from isograph.simulation import simulate


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    bundle = simulate("toy_multiplex_v1", seed=2)
    made = import_cohort(write_salmon(bundle, tmp_path / "q"), kind="auto", name="x").bundle
    order = [list(bundle.sample_ids).index(name) for name in made.sample_ids]
    np.testing.assert_array_equal(
        made.matrices["transcript_counts"], bundle.matrices["transcript_counts"][:, order]
    )


@pytest.mark.parametrize("name", ["../x", "a/b", "..", "a\\b"])
def test_a_sample_that_would_leave_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    bundle = simulate("toy_multiplex_v1", seed=2)
    ids = bundle.samples["sample_id"].tolist()
    ids[3] = name
    odd = replace(bundle, samples=bundle.samples.assign(sample_id=ids))
    with pytest.raises(OutputError, match="cannot name a folder"):
        write_salmon(odd, tmp_path / "q")
    assert list(tmp_path.iterdir()) == []
