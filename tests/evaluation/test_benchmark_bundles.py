"""Folders of bundles: scored where there is a truth, counted where there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import isograph
from isograph.bundle import Bundle
from isograph.errors import IsographError, Problems
from isograph.evaluation.cells import Cell, CellResult, Progress
from isograph.evaluation.datasets import bundle_files_hash, bundle_sets
from isograph.evaluation.history import read_history
from isograph.evaluation.measure import run_cell
from isograph.evaluation.plan import selection_name
from isograph.evaluation.plots import benchmark_picture
from isograph.evaluation.reports import benchmark_report
from isograph.evaluation.summary import summarise

BLIND = "no truth"


def without_truth(bundle: Bundle) -> Bundle:
    tables = {kind: t for kind, t in bundle.tables.items() if not kind.startswith("truth")}
    return replace(bundle, tables=tables)


@pytest.fixture(scope="module")
def toy_switches() -> Bundle:
    return isograph.simulate("toy_multiplex_v1", seed=3)


@pytest.fixture
def folder(toy_switches: Bundle, tmp_path: Path) -> Path:
    place = tmp_path / "cohorts"
    isograph.save_bundle(toy_switches, place / "toy_v1")
    isograph.save_bundle(without_truth(toy_switches), place / BLIND)
    (place / "notes").mkdir()
    return place


def ran(folder: Path, **more: Any) -> dict[str, CellResult]:
    return {r.cell.dataset: r for r in isograph.benchmark(bundles=folder, **more)}


def test_every_folder_with_a_manifest_is_a_cell_and_truth_is_scored(folder: Path) -> None:
    found = ran(folder)
    assert list(found) == [BLIND, "toy_v1"]
    scored = found["toy_v1"]
    assert scored.metrics["ari"] == 1.0
    assert scored.bundle_content_hash == isograph.load_bundle(folder / "toy_v1").content_hash
    assert (scored.cell.seed, scored.cell.is_fixture) == (0, False)


def test_without_a_truth_scores_are_null_and_modules_are_counted(folder: Path) -> None:
    found = ran(folder)
    blind, scored = found[BLIND].metrics, found["toy_v1"].metrics
    for name in ("ari", "recovery", "coverage", "background_fraction", "n_truth_modules"):
        assert blind[name] is None
    for name in ("n_modules", "n_assigned", "n_genes", "n_samples", "n_edges", "giant_fraction"):
        assert blind[name] == scored[name] is not None
    assert set(blind) == set(scored)
    rows = summarise(list(found.values()))
    assert [row["background_pooled"] for row in rows] == [None, 0.0]
    assert [row["n_modules"] for row in rows] == [2.0, 2.0]
    assert benchmark_picture(rows).startswith(b"\x89PNG")


def test_a_bundle_is_no_fixture_whatever_it_is_called(folder: Path) -> None:
    report = benchmark_report(
        list(ran(folder).values()), suite="cohorts", backend="calibrated", stage="x"
    )
    assert [row["suite"] for row in report["summary"]] == [None, None]
    assert report["suites"] == report["scenarios"] == report["published"] == []
    assert [row["dataset"] for row in report["inputs"]] == [BLIND, "toy_v1"]


def test_a_folder_that_is_a_bundle_is_one_cell(folder: Path) -> None:
    assert list(ran(folder / "toy_v1")) == ["toy_v1"]


def test_an_edited_bundle_is_run_again_and_the_others_are_not(
    folder: Path, toy_switches: Bundle, tmp_path: Path
) -> None:
    planned: dict[str, Any] = {"cache": tmp_path / "cells", "history": tmp_path / "h.jsonl"}
    ran(folder, **planned)
    isograph.save_bundle(isograph.simulate("toy_v1", seed=5), folder / "toy_v1", overwrite=True)
    seen: list[Progress] = []
    ran(folder, **planned, report=seen.append)
    assert {p.result.cell.dataset: p.cached for p in seen} == {BLIND: True, "toy_v1": False}
    assert (tmp_path / "cells" / "cohorts-calibrated" / "toy_v1" / "cell.json").exists()
    lines = read_history(tmp_path / "h.jsonl")
    assert [line["dataset"] for line in lines] == [BLIND, "toy_v1", "toy_v1"]
    assert {line["suite"] for line in lines} == {None}
    moved = folder.rename(tmp_path / "elsewhere")
    seen.clear()
    ran(moved, **planned, stage="cohorts-calibrated", report=seen.append)
    assert all(p.cached for p in seen)


def test_a_broken_bundle_is_a_failed_cell_and_the_others_run(folder: Path) -> None:
    (folder / BLIND / "samples.parquet").unlink()
    torn = folder / "torn" / "manifest.json"
    torn.parent.mkdir()
    torn.write_text('{"dataset')
    found = ran(folder, peers=["peer:knn"])
    errors = {name: found[name].error for name in found}
    assert "samples.parquet: is missing" in str(errors[BLIND])
    assert "torn" in str(errors["torn"])
    assert errors["toy_v1"] is None


def test_peers_take_what_is_small_enough_and_tells_what_they_need(
    folder: Path, tmp_path: Path
) -> None:
    isograph.save_bundle(isograph.simulate("no_harm-nothing", seed=3), folder / "factors")
    sets = {s.name: s for s in bundle_sets(folder, Problems())}
    assert sets["toy_v1"].n_genes == sets[BLIND].n_genes == 40
    assert all(one.fits_peer("peer:knn") for one in sets.values())
    assert [n for n, one in sets.items() if one.fits_peer("peer:told_factors")] == ["factors"]
    assert not replace(sets["factors"], n_genes=4001).fits_peer("peer:knn")


def test_what_is_for_fixtures_is_refused_with_bundles(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(IsographError) as caught:
        isograph.benchmark(
            bundles=folder,
            datasets=["toy_v1"],
            suites=["core_v1"],
            scenarios=["batch_effects"],
            large=True,
            seeds=(1, 2),
        )
    assert "datasets, suites, scenarios, large, seeds: is for fixtures" in str(caught.value)
    with pytest.raises(IsographError, match="holds no bundle"):
        isograph.benchmark(bundles=folder / "notes")
    with pytest.raises(IsographError, match="there is no such folder"):
        isograph.benchmark(bundles=tmp_path / "nowhere")


def test_a_half_written_bundle_is_not_looked_at(folder: Path) -> None:
    (folder / BLIND).rename(folder / ".new.tmp")
    assert [one.name for one in bundle_sets(folder, Problems())] == ["toy_v1"]


def test_the_hash_follows_every_file_and_the_manifest(folder: Path) -> None:
    place = folder / "toy_v1"
    before = bundle_files_hash(place)
    assert bundle_files_hash(place) == before
    hashes = {before}
    for name in ("samples.parquet", "manifest.json"):
        with (place / name).open("ab") as file:
            file.write(b"\n")
        hashes.add(bundle_files_hash(place))
    (place / "samples.parquet").unlink()
    assert len(hashes | {bundle_files_hash(place)}) == 4


def test_a_bundle_that_changes_while_it_waits_is_refused(folder: Path) -> None:
    cell = Cell("toy_v1", 0, "calibrated", (), "of former files", folder / "toy_v1")
    with pytest.raises(IsographError, match="was changed while the benchmark ran"):
        run_cell(cell)


def test_the_stage_is_named_after_the_folder(tmp_path: Path) -> None:
    found = selection_name(suites=None, scenarios=None, datasets=None, bundles=tmp_path / "my data")
    assert found == "my-data"
