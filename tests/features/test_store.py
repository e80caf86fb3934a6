"""Features on disk and back."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from isograph.bundle.model import Bundle
from isograph.config import FeatureSettings
from isograph.errors import OutputError
from isograph.features import FeatureSet, build_features, read_features, write_features
from tests.features.counts import gene_bundle, sample_table, study

pytestmark = pytest.mark.filterwarnings("error")

SETTINGS = FeatureSettings()


def assert_identical(first: FeatureSet, second: FeatureSet) -> None:
    """Every field of the two feature sets, exactly."""
    np.testing.assert_array_equal(first.values, second.values)
    np.testing.assert_array_equal(first.observed, second.observed)
    assert first.sample_ids.tolist() == second.sample_ids.tolist()
    for name in ("meta", "samples", "genes"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))
    for field in fields(first.design):
        left, right = getattr(first.design, field.name), getattr(second.design, field.name)
        assert np.array_equal(left, right), field.name
    assert [trait.as_record() for trait in first.traits] == [
        trait.as_record() for trait in second.traits
    ]
    for left, right in zip(first.traits, second.traits, strict=True):
        pd.testing.assert_series_equal(left.values, right.values)
    assert dict(first.record) == dict(second.record)
    assert first.content_hash == second.content_hash


def round_trip(features: FeatureSet, folder: Path) -> FeatureSet:
    return read_features(write_features(features, folder))


def test_features_come_back_as_they_were(cohort: Bundle, tmp_path: Path) -> None:
    features = build_features(cohort, study=study(), settings=SETTINGS)
    assert not features.observed.all()
    assert_identical(features, round_trip(features, tmp_path / "features"))


def test_design_traits_and_dropped_samples_come_back(cohort: Bundle, tmp_path: Path) -> None:
    age = cohort.samples["age"].where(cohort.samples.index != 7)
    site = pd.array([1, 2, 3, None, 2] * 10, dtype="Int64")
    samples = cohort.samples.assign(age=age, site=site, smoker=np.arange(50) % 3 == 0)
    features = build_features(
        replace(cohort, samples=samples),
        study=study(
            covariates="~ age + batch",
            drop_missing=True,
            categorical=("site",),
            traits=("site", "Dx", "smoker"),
        ),
        settings=FeatureSettings(min_count=5, normalisation="tmm"),
    )
    back = round_trip(features, tmp_path / "features")
    assert features.n_samples == 49
    assert [trait.name for trait in back.traits] == ["site", "Dx", "smoker"]
    assert back.design.rank == 2
    assert_identical(features, back)


def test_abundance_only_features_come_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(12, 20))
    values[rng.random((12, 20)) < 0.1] = np.nan
    samples = sample_table(20, group=["a", "b"] * 10)
    bundle = gene_bundle(gene_expression=values, samples=samples)
    features = build_features(bundle, study=study(), settings=SETTINGS)
    assert_identical(features, round_trip(features, tmp_path / "features"))


def test_many_axes_come_back_in_their_order(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    bundle = gene_bundle(psi=rng.beta(3, 3, (24, 20)), psi_genes=["A"] * 12 + ["B"] * 12)
    features = build_features(bundle, study=study(), settings=SETTINGS)
    assert features.meta["axis"].tolist() == [*range(1, 13), *range(1, 13)]
    assert_identical(features, round_trip(features, tmp_path / "features"))


def test_the_same_features_give_the_same_bytes(cohort: Bundle, tmp_path: Path) -> None:
    for name in ("first", "second"):
        features = build_features(cohort, study=study(), settings=SETTINGS)
        write_features(features, tmp_path / name)
    first = {path.name: path.read_bytes() for path in (tmp_path / "first").iterdir()}
    second = {path.name: path.read_bytes() for path in (tmp_path / "second").iterdir()}
    assert sorted(first) == [
        "axis_weights.parquet",
        "feature_scores.parquet",
        "features.json",
        "gene_filter.parquet",
        "samples.parquet",
    ]
    assert first == second


def test_writing_replaces_what_was_there(cohort: Bundle, tmp_path: Path) -> None:
    folder = tmp_path / "features"
    folder.mkdir()
    (folder / "old.txt").write_text("old")
    write_features(build_features(cohort, study=study(), settings=SETTINGS), folder)
    assert not (folder / "old.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["features"]


@pytest.mark.parametrize(
    "name", ["feature_scores.parquet", "gene_filter.parquet", "samples.parquet", "features.json"]
)
@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_a_damaged_file_is_named(cohort: Bundle, tmp_path: Path, name: str, damage: str) -> None:
    features = build_features(cohort, study=study(), settings=SETTINGS)
    path = write_features(features, tmp_path / "features") / name
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(OutputError, match="features"):
        read_features(tmp_path / "features")


def test_a_folder_that_is_not_there_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        read_features(tmp_path / "nothing")


def test_weights_of_axes_come_back(cohort: Bundle, tmp_path: Path) -> None:
    features = build_features(cohort, study=study(), settings=SETTINGS)
    again = read_features(write_features(features, tmp_path / "features"))
    assert features.axis_weights is not None
    assert again.axis_weights is not None
    pd.testing.assert_frame_equal(
        again.axis_weights, features.axis_weights.reset_index(drop=True), check_dtype=False
    )
    (tmp_path / "features" / "axis_weights.parquet").unlink()
    assert read_features(tmp_path / "features").axis_weights is None, "a former version's folder"
