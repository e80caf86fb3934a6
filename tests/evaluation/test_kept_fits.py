"""The fit of a cell as the specification wants it: a snapshot and its log, beside the whole fit."""

from __future__ import annotations

from pathlib import Path

import pytest

import isograph
from isograph.evaluation.cache import write_cell
from isograph.evaluation.cells import Cell
from isograph.evaluation.kept import forget_cell, forget_fit, is_kept, keep_fit
from isograph.evaluation.measure import run_cell
from isograph.evaluation.snapshots import read_snapshot
from isograph.results import Fit, read_fit


@pytest.fixture
def kept(realistic_fit: Fit, tmp_path: Path) -> Path:
    keep_fit(realistic_fit, tmp_path / "cell", dataset="a b", recovery=0.5, seconds=2.0)
    return tmp_path / "cell"


def test_the_folder_of_the_cell_is_a_snapshot_with_a_log(kept: Path, realistic_fit: Fit) -> None:
    read = read_snapshot(kept)
    assert (read.name, read.recovery, read.runtime_seconds) == ("a-b", 0.5, 2.0)
    assert read.fit_hash == realistic_fit.content_hash
    assert read.table_hashes == read.recorded
    assert (kept / "run.log").read_text() == "\n".join(realistic_fit.log) + "\n"
    assert read_fit(kept / "fit").content_hash == realistic_fit.content_hash
    assert not [path for path in kept.iterdir() if path.name.startswith(".")]
    assert is_kept(kept)


def test_a_second_fit_replaces_the_first(kept: Path, realistic_fit: Fit) -> None:
    keep_fit(realistic_fit, kept, dataset="a", recovery=0.25, seconds=2.0)
    assert read_snapshot(kept).recovery == 0.25


def test_a_fit_goes_without_its_cell_and_a_cell_with_its_fit(kept: Path) -> None:
    write_cell(kept, run_cell(Cell("toy_v1", 7, "peer:knn")))
    seed = kept / "seed-8" / "cell.json"
    seed.parent.mkdir()
    seed.write_text("{}")
    forget_fit(kept)
    assert {path.name for path in kept.iterdir()} == {"cell.json", "seed-8"}
    assert not is_kept(kept)
    forget_cell(kept)
    assert [path.name for path in kept.iterdir()] == ["seed-8"]
    assert seed.exists()


def test_a_cell_that_is_run_again_without_its_fit_has_no_old_one(tmp_path: Path) -> None:
    planned = {"datasets": ["toy_v1"], "cache": tmp_path, "stage": "s"}
    isograph.benchmark(**planned, keep_fits=True)
    assert is_kept(tmp_path / "s" / "toy_v1")
    isograph.benchmark(**planned)
    assert is_kept(tmp_path / "s" / "toy_v1")
    isograph.benchmark(**planned, fresh=True)
    assert [path.name for path in (tmp_path / "s" / "toy_v1").iterdir()] == ["cell.json"]
    (again,) = isograph.benchmark(**planned, keep_fits=True)
    assert read_snapshot(tmp_path / "s" / "toy_v1").recovery == again.metrics["recovery"]
