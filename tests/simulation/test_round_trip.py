from pathlib import Path

import pytest

from isograph.bundle import load_bundle, save_bundle
from isograph.simulation import simulate

FIXTURES = ("toy_v1", "realistic_v1", "nonlinear_v1", "medium_multiplex_v1")


@pytest.mark.parametrize("name", FIXTURES)
def test_a_fixture_comes_back_from_disk_as_it_was(name: str, tmp_path: Path) -> None:
    made = simulate(name)
    loaded = load_bundle(save_bundle(made, tmp_path / name))
    assert loaded.content_hash == made.content_hash
    assert (loaded.name, loaded.suite) == (made.name, made.suite)
    assert loaded.provenance == made.provenance
    assert loaded.has_truth


@pytest.mark.parametrize("name", FIXTURES)
def test_a_fixture_is_written_with_the_same_bytes_each_time(name: str, tmp_path: Path) -> None:
    folders = [save_bundle(simulate(name), tmp_path / side) for side in ("left", "right")]
    left, right = (
        {path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders
    )
    assert left == right
    assert len(left) == 12
