"""Old runs, stale cells and torn writes are pruned; what tells of results on disk stays."""

from __future__ import annotations

import os
import time
from pathlib import Path

import dagster as dg
import pytest

from isograph.evaluation.cells import code_version
from isograph.files import write_json, write_text
from isograph_assets import prune as pruning
from isograph_assets.prune import Stale, find_stale, latest_runs, main, prune
from tests.assets.conftest import Pipeline

TOY = "toy_v1"
LATER = 40 * 86400.0


def stale_later(pipeline: Pipeline, *, days: float = 30.0) -> Stale:
    return find_stale(pipeline.instance, pipeline.artifacts, days=days, now=time.time() + LATER)


def test_the_run_of_the_latest_materialization_stays(pipeline: Pipeline) -> None:
    first = pipeline.run("all_fixtures", TOY)
    second = pipeline.run("all_fixtures", TOY)
    other = pipeline.run("all_fixtures", "toy_multiplex_v1")
    assert latest_runs(pipeline.instance) == {second.run_id, other.run_id}
    stale = stale_later(pipeline)
    assert stale.runs == (first.run_id,)
    prune(pipeline.instance, stale)
    assert not pipeline.instance.has_run(first.run_id)
    (made,) = pipeline.instance.fetch_materializations(
        dg.AssetKey("fixture_bundle"), limit=1
    ).records
    assert made.partition_key == "toy_multiplex_v1"
    assert latest_runs(pipeline.instance) == {second.run_id, other.run_id}


def test_a_failed_run_goes_and_a_recent_one_stays(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = pipeline.run("fixture_fits", "calibrated|toy_v1")
    assert not failed.success
    assert stale_later(pipeline).runs == (failed.run_id,)
    assert stale_later(pipeline, days=50.0).runs == ()


def test_records_of_failed_runs_go_once_they_are_old(pipeline: Pipeline) -> None:
    page = pipeline.artifacts.root / "failures" / "2026-01-01-a-b.md"
    write_text(page, "# failed")
    assert stale_later(pipeline, days=50.0).records == ()
    stale = stale_later(pipeline)
    assert stale.records == (page,)
    prune(pipeline.instance, stale)
    assert not page.exists()


def cell(folder: Path, code: str) -> Path:
    write_json(folder / "cell.json", {"code_version": code})
    (folder / "fit").mkdir()
    (folder / "fit" / "modules.parquet").write_bytes(b"")
    return folder


def test_cells_of_other_code_go_with_their_fits(pipeline: Pipeline) -> None:
    root = pipeline.artifacts.root / "benchmarks" / "stage"
    old, now = cell(root / "a", "of another code"), cell(root / "b", code_version())
    seed = cell(root / "a" / "seed-9", code_version())
    stale = stale_later(pipeline)
    assert stale.cells == (old,)
    prune(pipeline.instance, stale)
    assert not (old / "cell.json").exists()
    assert not (old / "fit").exists()
    assert (seed / "cell.json").exists()
    assert (now / "fit" / "modules.parquet").exists()


def test_torn_writes_go_once_nobody_can_be_at_them(pipeline: Pipeline) -> None:
    torn = pipeline.artifacts.root / "fits" / ".calibrated.x1.tmp"
    torn.mkdir(parents=True)
    now = time.time()
    assert find_stale(pipeline.instance, pipeline.artifacts, days=0, now=now + 60).torn == ()
    stale = stale_later(pipeline)
    assert stale.torn == (torn,)
    prune(pipeline.instance, stale)
    assert not torn.exists()


def test_the_command_says_what_would_go_and_then_does_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ISOGRAPH_ARTIFACTS", str(tmp_path / "artifacts"))
    old = cell(tmp_path / "artifacts" / "benchmarks" / "stage" / "a", "of another code")
    long_ago = time.time() - LATER
    os.utime(old / "cell.json", (long_ago, long_ago))
    assert main(["--dry-run"]) == 0
    assert "1 benchmark cell would go" in capsys.readouterr().out
    assert (old / "cell.json").exists()
    assert main([]) == 0
    assert "1 benchmark cell gone" in capsys.readouterr().out
    assert not old.exists()
    assert (tmp_path / "artifacts" / "benchmarks").is_dir()


def test_compacting_gives_space_back(tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "history.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (x BLOB)")
        database.executemany("INSERT INTO t VALUES (?)", [(b"0" * 1000,)] * 5000)
        database.execute("DELETE FROM t")
    database.close()
    assert pruning.compact(tmp_path) > 1.0
