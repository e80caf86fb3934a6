"""A folder that is no fit is named for what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

import isograph
from isograph.bundle import save_bundle
from isograph.errors import OutputError
from isograph.results import read_fit


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as error:
        read_fit(tmp_path / "nope")
    assert "there is no such folder" in str(error.value)
    assert len(error.value.problems) == 1


def test_a_bundle(tmp_path: Path) -> None:
    save_bundle(isograph.simulate("toy_v1", seed=1), tmp_path / "toy")
    with pytest.raises(OutputError, match="is a data set bundle") as error:
        read_fit(tmp_path / "toy")
    assert len(error.value.problems) == 1
