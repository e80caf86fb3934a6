"""Donors with several samples: who belongs together, and what that does to correlations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from isograph.backends import get_backend, resolve_settings
from isograph.backends.stages import search_modules
from isograph.bundle.model import Bundle
from isograph.config import FeatureSettings
from isograph.errors import StudyError
from isograph.features import FeatureSet, build_features, read_features, write_features
from isograph.features.blocks import Blocks, Unit, block_column, read_blocks, unit_of
from isograph.features.covariates import build_design
from isograph.features.dependence import Dependence
from isograph.features.design import intercept_only
from isograph.features.traits import TraitKind, infer_traits
from isograph.network.significance import correlation_pvalue
from isograph.progress import Steps
from isograph.study import make_study
from tests.features.counts import study
from tests.network.synthetic import feature_set

pytestmark = pytest.mark.filterwarnings("error")

SETTINGS = FeatureSettings()


def blocks_of(sizes: list[int]) -> Blocks:
    return Blocks("donor", np.repeat(np.arange(len(sizes)), sizes))


def rows_with(
    rng: np.random.Generator, blocks: Blocks, correlation: np.ndarray | float, n_rows: int
) -> np.ndarray:
    """Independent rows in which samples of a block correlate so."""
    rho = np.broadcast_to(np.asarray(correlation, dtype=float), (n_rows,))[:, None]
    donor = rng.normal(size=(n_rows, blocks.n_blocks))[:, blocks.codes]
    rows = np.sqrt(rho) * donor + np.sqrt(1 - rho) * rng.normal(size=donor.shape)
    rows -= rows.mean(axis=1, keepdims=True)
    scaled: np.ndarray = rows / np.sqrt(np.mean(rows**2, axis=1, keepdims=True))
    return scaled


def donors(**columns: object) -> pd.DataFrame:
    """Six donors with four samples each."""
    ids = [f"S{i:02d}" for i in range(24)]
    named = {"sample_id": ids, "donor": np.repeat([f"d{i}" for i in range(6)], 4)}
    return pd.DataFrame(named | columns)


# which column


@pytest.mark.parametrize(
    ("asked", "recorded", "known", "expected"),
    [
        (None, {}, ["donor"], None),
        (None, {"block": "donor"}, ["donor"], "donor"),
        ("line", {"block": "donor"}, ["donor", "line"], "line"),
        ("none", {"block": "donor"}, ["donor"], None),
        ("none", {}, ["none"], "none"),
    ],
)
def test_the_study_goes_before_the_bundle(
    asked: str | None, recorded: dict[str, str], known: list[str], expected: str | None
) -> None:
    assert block_column(asked, recorded, known=known) == expected


def test_an_unknown_column_is_refused_with_near_ones() -> None:
    with pytest.raises(StudyError, match=r"(?s)--block none.*block: doner.*mean donor"):
        read_blocks(donors(), "doner")


def test_missing_donors_are_named_with_their_number() -> None:
    frame = donors()
    frame.loc[[3, 4], "donor"] = ["NA", None]
    with pytest.raises(StudyError, match=r"block: donor: no value in some samples.*S03.*S04"):
        read_blocks(frame, "donor")


def test_one_donor_for_all_is_refused() -> None:
    with pytest.raises(StudyError, match="all 24 samples are of d"):
        read_blocks(donors(donor="d"), "donor")


def test_donors_of_one_sample_each_are_no_blocks() -> None:
    assert read_blocks(donors(donor=np.arange(24)), "donor") is None


def test_numbers_may_name_donors() -> None:
    blocks = read_blocks(donors(donor=np.repeat([7.0, 1.0, 30.0], 8)), "donor")
    assert blocks is not None
    assert (blocks.n_blocks, blocks.n_repeated, blocks.sizes.tolist()) == (3, 3, [8, 8, 8])


# what traits are tested between


def test_a_trait_that_varies_in_any_donor_is_tested_within() -> None:
    visit = np.tile([0, 1, 2, 3], 6)
    nearly = np.repeat([0, 1, 2, 3, 4, 5], 4)
    nearly[2] = 5
    frame = donors(visit=visit, sex=np.repeat(["f", "m"], 12), nearly=nearly)
    blocks = read_blocks(frame, "donor")
    assert blocks is not None
    traits = infer_traits(frame, block="donor")
    found = {t.name: unit_of(t, frame["sample_id"].tolist(), blocks) for t in traits}
    assert found == {
        "donor": None,
        "visit": Unit.WITHIN,
        "sex": Unit.BETWEEN,
        "nearly": Unit.WITHIN,
    }


def test_missing_values_do_not_make_a_trait_vary() -> None:
    sex = np.repeat(["f", "m"], 12).astype(object)
    sex[[1, 14]] = None
    frame = donors(sex=sex)
    blocks = read_blocks(frame, "donor")
    assert blocks is not None
    (trait,) = infer_traits(frame, names=["sex"])
    assert unit_of(trait, frame["sample_id"].tolist(), blocks) == Unit.BETWEEN


# degrees of freedom


def test_independent_samples_keep_nearly_all_degrees_of_freedom() -> None:
    blocks = blocks_of([4] * 20)
    dependence = Dependence(blocks, intercept_only(80))
    share = dependence.share(rows_with(np.random.default_rng(1), blocks, 0.0, 400))
    assert share.mean() == pytest.approx(19 / 79, abs=0.01)
    df = dependence.df(share[:200], share[200:])
    assert 70 < np.median(df) <= 78
    assert df.max() <= 78


def test_rows_that_only_donors_differ_in_have_those_of_donors() -> None:
    blocks = blocks_of([4] * 20)
    dependence = Dependence(blocks, intercept_only(80))
    share = dependence.share(rows_with(np.random.default_rng(1), blocks, 1.0, 2))
    np.testing.assert_allclose(share, 1.0)
    assert dependence.df(share[:1], share[1:])[0] == pytest.approx(20 - 2)


def test_rows_within_donors_lose_one_for_each_donor() -> None:
    blocks = blocks_of([4] * 20)
    dependence = Dependence(blocks, intercept_only(80))
    assert dependence.df(np.zeros(1), np.zeros(1))[0] == pytest.approx(60 - 1)


def test_donors_among_the_covariates_leave_samples_independent() -> None:
    frame = donors()
    design, _ = build_design(frame, "~ donor")
    blocks = read_blocks(frame, "donor")
    assert blocks is not None
    dependence = Dependence(blocks, design)
    assert dependence.most == 24 - 2 - 5
    assert dependence.df(np.zeros(1), np.zeros(1))[0] == pytest.approx(24 - 2 - 5)


@pytest.mark.parametrize("sizes", [[4] * 6, [2] * 30, [1] * 20 + [5] * 6, [1, 2, 3, 4, 5, 6, 7, 8]])
@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.7, 0.95])
def test_the_scatter_of_independent_rows_is_as_told(sizes: list[int], correlation: float) -> None:
    blocks = blocks_of(sizes)
    rng = np.random.default_rng(5)
    rows = rows_with(rng, blocks, correlation, 3000)
    dependence = Dependence(blocks, intercept_only(len(blocks.codes)))
    share = dependence.share(rows)
    r = np.mean(rows[:1500] * rows[1500:], axis=1)
    expected = np.mean(1 / (dependence.df(share[:1500], share[1500:]) + 1))
    assert np.mean(r**2) == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize("sizes", [[4] * 20, [4] * 6, [2] * 30, [1] * 30 + [3] * 10])
@pytest.mark.parametrize("some_only", [False, True])
def test_p_of_independent_rows_is_not_too_small(sizes: list[int], some_only: bool) -> None:
    blocks = blocks_of(sizes)
    n = 1200
    correlation = np.where(np.arange(n) < n // 10, 0.9, 0.0) if some_only else np.full(n, 0.5)
    rows = rows_with(np.random.default_rng(2), blocks, correlation, n)
    dependence = Dependence(blocks, intercept_only(len(blocks.codes)))
    share = dependence.share(rows)
    i, j = np.triu_indices(n, 1)
    r = (rows @ rows.T / rows.shape[1])[i, j]
    respecting = correlation_pvalue(r, dependence.df(share[i], share[j]))
    naive = correlation_pvalue(r, dependence.most)
    for level in (1e-2, 1e-3, 1e-4):
        assert np.mean(respecting <= level) <= 1.05 * level
    assert np.mean(naive <= 1e-4) > 1.25e-4


# modules


def modules_of(features: FeatureSet) -> int:
    backend = get_backend("calibrated")
    shared, own = resolve_settings(make_study(bundle="x"), backend)
    found = search_modules(features, backend, own=own, shared=shared, steps=Steps())
    return found.found.partition.n_modules


@pytest.mark.parametrize("some_only", [False, True])
def test_donor_effects_alone_make_no_module(some_only: bool) -> None:
    """20 donors × 4 samples; intra-donor correlation 0.5 in all genes, or 0.9 in a tenth."""
    blocks, n = blocks_of([4] * 20), 400
    correlation = np.where(np.arange(n) < n // 10, 0.9, 0.0) if some_only else np.full(n, 0.5)
    with_modules = np.zeros(2, dtype=int)
    for seed in range(8):
        rows = rows_with(np.random.default_rng([7, seed]), blocks, correlation, n)
        features = feature_set(rows)
        with_modules += [
            modules_of(features) > 0,
            modules_of(replace(features, blocks=blocks)) > 0,
        ]
    assert with_modules[0] >= 6, "the data do not show what blocks are for"
    assert with_modules[1] == 0


@pytest.mark.parametrize("between", [False, True])
def test_modules_are_found_in_spite_of_donor_effects(between: bool) -> None:
    """15 genes follow a treatment, or a genotype, among 285 with donor effects of their own."""
    rng, blocks = np.random.default_rng(3), blocks_of([3] * 30)
    rows = rows_with(rng, blocks, 0.5, 300)
    factor = rows_with(rng, blocks, 1.0 if between else 0.0, 1)
    rows[:15] = 0.9 * factor + np.sqrt(1 - 0.81) * rows[:15]
    features = replace(feature_set(rows), blocks=blocks)
    assert modules_of(features) == 1


# from a bundle and back


@pytest.fixture(scope="module")
def repeated(cohort: Bundle) -> Bundle:
    donor = np.repeat([f"p{i}" for i in range(25)], 2)
    stage = np.tile(["II", "I", "III", "I", "II"], 10)
    return replace(cohort, samples=cohort.samples.assign(donor=donor, stage=stage))


def recorded(bundle: Bundle) -> Bundle:
    levels = '{"stage": ["I", "II", "III"]}'
    return replace(bundle, provenance={"block": "donor", "ordered_levels": levels})


def test_blocks_and_order_of_the_bundle_are_those_of_the_study(repeated: Bundle) -> None:
    from_bundle = build_features(recorded(repeated), study=study(), settings=SETTINGS)
    said = study(block="donor", ordered={"stage": ["I", "II", "III"]})
    from_study = build_features(repeated, study=said, settings=SETTINGS)
    assert from_bundle.record["blocks"] == from_study.record["blocks"]
    assert from_bundle.record["blocks"]["n_blocks"] == 25
    assert from_bundle.record["blocks"]["traits"]["stage"] == "within"
    for features in (from_bundle, from_study):
        (stage,) = [trait for trait in features.traits if trait.name == "stage"]
        assert (stage.kind, stage.levels) == (TraitKind.CONTINUOUS, ("I", "II", "III"))
    np.testing.assert_array_equal(from_bundle.values, from_study.values)


def test_a_study_can_switch_both_off(repeated: Bundle) -> None:
    off = study(block="none", categorical=("stage",))
    features = build_features(recorded(repeated), study=off, settings=SETTINGS)
    assert features.blocks is None
    assert "blocks" not in features.record
    (stage,) = [trait for trait in features.traits if trait.name == "stage"]
    assert stage.kind == TraitKind.MANY_LEVEL


def test_without_blocks_the_record_says_nothing_of_them(cohort: Bundle) -> None:
    record = build_features(cohort, study=study(), settings=SETTINGS).record
    assert not {"block", "blocks", "ordered", "ordered_levels"} & set(record)


def test_stored_features_have_the_same_degrees_of_freedom(repeated: Bundle, tmp_path: Path) -> None:
    features = build_features(recorded(repeated), study=study(), settings=SETTINGS)
    back = read_features(write_features(features, tmp_path / "features"))
    assert back.blocks is not None
    assert features.blocks is not None
    np.testing.assert_array_equal(back.blocks.codes, features.blocks.codes)
    np.testing.assert_array_equal(back.block_share, features.block_share)
    np.testing.assert_array_equal(
        back.df_between(back.values[1:], back.values[:-1]),
        features.df_between(features.values[1:], features.values[:-1]),
    )
    assert dict(back.record) == dict(features.record)
    for left, right in zip(back.traits, features.traits, strict=True):
        assert left.as_record() == right.as_record()
        pd.testing.assert_series_equal(left.values, right.values)


def test_broken_json_of_a_bundle_is_refused(repeated: Bundle) -> None:
    broken = replace(repeated, provenance={"ordered_levels": "{"})
    with pytest.raises(StudyError, match="ordered_levels"):
        build_features(broken, study=study(), settings=SETTINGS)
