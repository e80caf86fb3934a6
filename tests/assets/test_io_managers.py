"""Storing assets: the old or the new, never half of either."""

from pathlib import Path

import dagster as dg
import numpy as np
import pytest

import isograph
from isograph.backends import study_features
from isograph.bundle import save as bundle_save
from isograph.results import folder as fit_folder
from isograph.simulation import simulate
from isograph_assets.io_managers import (
    BundleIOManager,
    FeaturesIOManager,
    FitIOManager,
    MetricsIOManager,
    Report,
    ReportIOManager,
)


class Killed(Exception):
    """Stands for whatever ends a writer early."""


def test_a_bundle_comes_back_as_it_was_stored(tmp_path: Path) -> None:
    manager = BundleIOManager(folder=str(tmp_path))
    bundle = simulate("toy_v1")
    manager.write(bundle, manager.place("toy_v1", None))
    assert manager.read(manager.place("toy_v1", None)).content_hash == bundle.content_hash


def test_features_come_back_as_they_were_stored(tmp_path: Path) -> None:
    manager = FeaturesIOManager(folder=str(tmp_path))
    features = study_features(simulate("toy_v1"))
    manager.write(features, manager.place("toy_v1", None))
    back = manager.read(manager.place("toy_v1", None))
    assert back.content_hash == features.content_hash
    np.testing.assert_array_equal(back.values, features.values)


def test_a_killed_bundle_writer_leaves_the_old_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = BundleIOManager(folder=str(tmp_path))
    path = manager.place("study", None)
    manager.write(simulate("toy_v1"), path)
    before = manager.read(path).content_hash

    def killed(*arguments: object, **options: object) -> None:
        raise Killed

    monkeypatch.setattr(bundle_save, "write_matrix", killed)
    with pytest.raises(Killed):
        manager.write(simulate("toy_v1", seed=99), path)
    assert manager.read(path).content_hash == before
    assert [entry.name for entry in path.parent.iterdir()] == ["study"]


def test_a_killed_fit_writer_leaves_the_old_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = FitIOManager(folder=str(tmp_path))
    path = manager.place("toy_v1", "calibrated")
    manager.write(isograph.fit(simulate("toy_v1")), path)
    before = manager.read(path).content_hash

    def killed(*arguments: object, **options: object) -> None:
        raise Killed

    monkeypatch.setattr(fit_folder, "write_json", killed)
    with pytest.raises(Killed):
        manager.write(isograph.fit(simulate("toy_v1", seed=99)), path)
    assert manager.read(path).content_hash == before
    assert [entry.name for entry in path.parent.iterdir()] == ["calibrated"]


def test_metrics_load_as_a_dictionary_however_many_there_are(tmp_path: Path) -> None:
    manager = MetricsIOManager(folder=str(tmp_path))
    partitions = dg.StaticPartitionsDefinition(["calibrated|a", "calibrated|b"])
    seen: list[dict[str, object]] = []

    @dg.asset(partitions_def=partitions, io_manager_def=manager)
    def metrics(context: dg.AssetExecutionContext) -> dict[str, object]:
        return {"key": context.partition_key}

    @dg.asset(io_manager_def=manager)
    def report(metrics: dict[str, dict[str, object]]) -> None:
        seen.append(metrics)

    with dg.DagsterInstance.ephemeral() as instance:
        for key in partitions.get_partition_keys():
            dg.materialize([metrics], partition_key=key, instance=instance)
            dg.materialize([metrics, report], selection=[report], instance=instance)
    assert [sorted(found) for found in seen] == [
        ["calibrated|a"],
        ["calibrated|a", "calibrated|b"],
    ]


def test_a_report_stands_beside_its_picture(tmp_path: Path) -> None:
    manager = ReportIOManager(folder=str(tmp_path))
    context = dg.build_output_context(asset_key=dg.AssetKey("board"))
    manager.handle_output(context, Report({"schema_version": "1"}, {"": b"png"}))
    assert (tmp_path / "reports" / "board.png").read_bytes() == b"png"
    back = manager.load_input(dg.build_input_context(asset_key=dg.AssetKey("board")))
    assert back.document == {"schema_version": "1"}
