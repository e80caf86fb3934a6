"""Snapshots of fits: what stands in them, when they are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

import isograph
from isograph.bundle.model import Bundle
from isograph.errors import OutputError
from isograph.evaluation.cache import write_cell
from isograph.evaluation.cells import Cell
from isograph.evaluation.measure import run_cell
from isograph.evaluation.snapshots import read_snapshot, save_snapshot, snapshot_of
from isograph.evaluation.stored_fits import open_fit
from isograph.files import hash_table
from isograph.results import Fit


@pytest.fixture(scope="module")
def folder(realistic_fit: Fit, realistic: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Snapshot of `realistic_fit`, scored."""
    place = tmp_path_factory.mktemp("snapshots")
    return isograph.save_snapshot(realistic_fit, "first", place, bundle=realistic)


def test_a_snapshot_has_the_files_of_the_contract(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {
        "manifest.json",
        "metrics.json",
        "module_summary.tsv",
        "switch_features.parquet",
        "run_config.yaml",
        "modules.parquet",
        "eigengenes.parquet",
        "module_gene_roles.parquet",
    }


def test_the_manifest_says_what_it_is_of(folder: Path, realistic_fit: Fit) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["name"], manifest["dataset"]) == ("first", "realistic_v1")
    assert (manifest["backend"], manifest["version"]) == (
        "calibrated",
        realistic_fit.config["isograph_version"],
    )
    hashes = manifest["content_hashes"]
    assert hashes["fit"] == realistic_fit.content_hash
    assert hashes["bundle"] == realistic_fit.config["bundle"]["content_hash"]
    for name, expected in hashes["tables"].items():
        assert hash_table(pq.read_table(folder / f"{name}.parquet")) == expected


def test_metrics_count_and_score_the_modules(
    folder: Path, realistic_fit: Fit, realistic: Bundle
) -> None:
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["n_modules"] == len(realistic_fit.summary)
    assert metrics["n_edges"] == len(realistic_fit.edges)
    assert metrics["recovery"] == isograph.score_fit(realistic, realistic_fit).recovery
    assert metrics["runtime_seconds"] == realistic_fit.seconds > 0


def test_the_summary_counts_genes(folder: Path, realistic_fit: Fit) -> None:
    lines = (folder / "module_summary.tsv").read_text().splitlines()
    expected = realistic_fit.summary[["module_id", "n_genes"]].astype(str)
    assert lines[0] == "module_id\tn_genes"
    assert lines[1:] == ["\t".join(row) for row in expected.itertuples(index=False)]


def test_features_are_sorted_by_gene_type_and_id(folder: Path, realistic_fit: Fit) -> None:
    columns = ["gene_id", "feature_type", "feature_id"]
    kept = pq.read_table(folder / "switch_features.parquet").to_pandas()
    assert list(kept.columns) == list(realistic_fit.feature_scores.columns)
    assert kept[columns].equals(kept[columns].sort_values(columns, ignore_index=True))
    ours = kept.set_index("feature_id").sort_index()
    assert ours.equals(realistic_fit.feature_scores.set_index("feature_id").sort_index())


def test_the_configuration_is_that_of_the_run(folder: Path, realistic_fit: Fit) -> None:
    config = yaml.safe_load((folder / "run_config.yaml").read_text())
    assert config["settings"] == realistic_fit.config["settings"]
    assert config["seed"] == realistic_fit.config["seed"]


def test_the_same_fit_gives_the_same_bytes_but_for_seconds(
    folder: Path, realistic: Bundle, tmp_path: Path
) -> None:
    again = save_snapshot(isograph.fit(realistic), "first", tmp_path, bundle=realistic)
    for path in folder.iterdir():
        if path.name == "metrics.json":
            both = [json.loads((f / path.name).read_text()) for f in (folder, again)]
            assert both[0] | {"runtime_seconds": 0} == both[1] | {"runtime_seconds": 0}
        else:
            assert path.read_bytes() == (again / path.name).read_bytes(), path.name


def test_what_was_written_is_read(folder: Path, realistic_fit: Fit) -> None:
    read, ours = read_snapshot(folder), snapshot_of(realistic_fit, "first")
    assert read.table_hashes == ours.table_hashes == dict(read.recorded)
    assert read.manifest == ours.manifest
    assert read.module_sizes.to_dict() == ours.module_sizes.to_dict()


def test_without_truth_or_bundle_there_is_no_recovery(
    realistic_fit: Fit, realistic: Bundle, tmp_path: Path
) -> None:
    assert read_snapshot(save_snapshot(realistic_fit, "a", tmp_path)).recovery is None
    kinds = {k: t for k, t in realistic.tables.items() if not k.startswith("truth")}
    blind = replace(realistic, tables=kinds)
    fit = isograph.fit(blind)
    assert read_snapshot(save_snapshot(fit, "b", tmp_path, bundle=blind)).recovery is None


def test_a_given_recovery_is_kept(realistic_fit: Fit, tmp_path: Path) -> None:
    folder = save_snapshot(realistic_fit, "a", tmp_path, recovery=0.25, runtime_seconds=7.0)
    assert read_snapshot(folder).metrics["recovery"] == 0.25
    assert read_snapshot(folder).metrics["runtime_seconds"] == 7.0


# --- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "../up", "a b", "x" * 121, "a\n"])
def test_names_that_are_none_are_refused(name: str, realistic_fit: Fit, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is no name"):
        save_snapshot(realistic_fit, name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_everything_wrong_is_said_at_once(realistic_fit: Fit, toy: Bundle, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError) as caught:
        save_snapshot(realistic_fit, "a", tmp_path, bundle=toy, overwrite=True)
    said = str(caught.value)
    assert "notes.txt" in said
    assert "is not the data set of this fit" in said
    assert (tmp_path / "a" / "notes.txt").read_text() == "mine"


def test_a_former_snapshot_is_replaced_only_when_asked(realistic_fit: Fit, tmp_path: Path) -> None:
    save_snapshot(realistic_fit, "a", tmp_path, recovery=0.1)
    with pytest.raises(OutputError, match="exists"):
        save_snapshot(realistic_fit, "a", tmp_path, recovery=0.2)
    assert read_snapshot(tmp_path / "a").recovery == 0.1
    save_snapshot(realistic_fit, "a", tmp_path, recovery=0.2, overwrite=True)
    assert read_snapshot(tmp_path / "a").recovery == 0.2


def test_bundles_and_fits_are_never_replaced(
    realistic_fit: Fit, toy: Bundle, tmp_path: Path
) -> None:
    isograph.save_bundle(toy, tmp_path / "bundle")
    isograph.write_fit(realistic_fit, tmp_path / "fit")
    for name in ("bundle", "fit"):
        before = {path.name for path in (tmp_path / name).iterdir()}
        with pytest.raises(OutputError, match="no snapshot"):
            save_snapshot(realistic_fit, name, tmp_path, overwrite=True)
        assert {path.name for path in (tmp_path / name).iterdir()} == before


def test_an_empty_folder_is_taken_and_a_file_is_not(realistic_fit: Fit, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    save_snapshot(realistic_fit, "empty", tmp_path)
    with pytest.raises(OutputError, match="is not a folder"):
        save_snapshot(realistic_fit, "file", tmp_path)


def test_damaged_files_are_all_named(realistic_fit: Fit, tmp_path: Path) -> None:
    folder = save_snapshot(realistic_fit, "a", tmp_path)
    (folder / "eigengenes.parquet").write_bytes(b"PAR1 half of it")
    (folder / "run_config.yaml").unlink()
    (folder / "metrics.json").write_text("{")
    with pytest.raises(OutputError) as caught:
        read_snapshot(folder)
    assert {p.where for p in caught.value.problems} == {
        "eigengenes.parquet",
        "run_config.yaml",
        "metrics.json",
    }


def test_a_folder_that_is_neither_is_refused(tmp_path: Path, toy: Bundle) -> None:
    with pytest.raises(OutputError, match="no fit and no snapshot"):
        read_snapshot(tmp_path)
    with pytest.raises(OutputError, match="is a data set bundle"):
        read_snapshot(isograph.save_bundle(toy, tmp_path / "bundle"))


# --- fits on disk ------------------------------------------------------------------------------


def test_a_stored_fit_is_scored_by_the_data_set_that_it_names(
    realistic: Bundle, tmp_path: Path
) -> None:
    place = isograph.save_bundle(realistic, tmp_path / "bundle")
    study = isograph.make_study(name="s", bundle=place)
    fit = isograph.fit(isograph.load_bundle(place), study=study)
    stored = open_fit(isograph.write_fit(fit, tmp_path / "fit"))
    assert stored.recovery == isograph.score_fit(realistic, fit).recovery
    assert stored.note == ""
    assert stored.runtime_seconds == pytest.approx(fit.seconds, abs=0.01 * len(fit.steps))


def test_a_data_set_that_is_gone_or_another_leaves_a_note(
    realistic: Bundle, toy: Bundle, tmp_path: Path
) -> None:
    place = isograph.save_bundle(realistic, tmp_path / "bundle")
    study = isograph.make_study(name="s", bundle=place)
    fit = isograph.fit(isograph.load_bundle(place), study=study)
    folder = isograph.write_fit(fit, tmp_path / "fit")
    isograph.save_bundle(toy, place, overwrite=True)
    stored = open_fit(folder)
    assert stored.recovery is None
    assert "no longer the data set" in stored.note
    with pytest.raises(OutputError, match="is not the data set of this fit"):
        open_fit(folder, bundle=place)
    moved = isograph.save_bundle(realistic, tmp_path / "moved")
    assert open_fit(folder, bundle=moved).recovery is not None


def test_a_benchmark_cell_knows_its_recovery_and_seconds(tmp_path: Path) -> None:
    cell = Cell("toy_multiplex_v1", 5, "calibrated")
    result = run_cell(cell, keep=tmp_path)
    write_cell(tmp_path, replace(result, metrics=result.metrics | {"recovery": 0.5}))
    for folder in (tmp_path, tmp_path / "fit"):
        stored = open_fit(folder)
        assert (stored.recovery, stored.runtime_seconds) == (0.5, result.seconds)
    assert read_snapshot(tmp_path / "fit").recovery == 0.5


def test_a_cell_of_something_else_is_not_believed(realistic_fit: Fit, tmp_path: Path) -> None:
    cell = Cell("toy_multiplex_v1", 5, "calibrated")
    write_cell(tmp_path, run_cell(cell))
    isograph.write_fit(realistic_fit, tmp_path / "fit")
    stored = open_fit(tmp_path / "fit")
    assert stored.recovery is None
    assert stored.runtime_seconds is not None
    assert not np.isnan(stored.runtime_seconds)
