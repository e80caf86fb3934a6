"""Genes that follow a second module: which are told, and which are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import isograph
from isograph.communities.partition import Partition, find_modules
from isograph.config import CommunitySettings
from isograph.features.model import FeatureSet
from isograph.modules.eigengenes import module_eigengenes
from isograph.modules.overlaps import module_overlaps
from isograph.network.association import Association
from isograph.results.model import Fit
from tests.network.synthetic import associate, feature_set, followers, orthonormal

N = 120
COLUMNS = ["gene_id", "module_id", "r", "pvalue"]


def overlaps_of(features: FeatureSet, *, least_r: float = 0.2) -> tuple[pd.DataFrame, Partition]:
    association: Association = associate(features)
    partition = find_modules(features, association, CommunitySettings())
    frame = module_overlaps(
        features,
        partition,
        module_eigengenes(features, association, partition),
        module_ids=np.array([f"M{i}" for i in range(partition.n_modules)]),
        fwer=0.05,
        least_r=least_r,
    )
    return frame, partition


def modules(rng: np.random.Generator, factors: np.ndarray, *, size: int = 15) -> np.ndarray:
    return np.vstack([followers(rng, factor, size, loading=0.8) for factor in factors])


def test_a_gene_of_two_modules_is_told_with_its_second() -> None:
    rng = np.random.default_rng(0)
    factors = orthonormal(rng, 3, N)
    rows = modules(rng, factors)
    rows[0] = factors[0] + 0.7 * factors[1] + 0.5 * rng.normal(size=N)
    rows[20] = factors[1] - 0.7 * factors[2] + 0.5 * rng.normal(size=N)
    frame, partition = overlaps_of(feature_set(rows))
    assert partition.n_modules == 3
    of = {f"G{gene:05d}": f"M{partition.labels[other]}" for gene, other in ((0, 20), (20, 40))}
    assert frame.columns.tolist() == COLUMNS
    assert dict(zip(frame["gene_id"], frame["module_id"], strict=True)) == of
    assert (frame["r"].abs() > 0.5).all()
    assert (frame["pvalue"] < 1e-6).all()


@pytest.mark.parametrize("seed", range(5))
def test_independent_modules_do_not_overlap(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = np.vstack([modules(rng, orthonormal(rng, 5, N)), rng.normal(size=(50, N))])
    assert len(overlaps_of(feature_set(rows))[0]) == 0


def test_modules_that_correlate_do_not_overlap_for_that() -> None:
    rng = np.random.default_rng(1)
    one, two, shared = orthonormal(rng, 3, N)
    factors = np.stack([one + 0.6 * shared, two + 0.6 * shared])
    rows = modules(rng, factors / factors.std(axis=1, keepdims=True), size=30)
    frame, partition = overlaps_of(feature_set(rows))
    assert partition.n_modules == 2
    assert len(frame) <= 1


@pytest.mark.parametrize("size", [2, 3])
def test_the_partner_of_a_gene_in_two_modules_is_not_told(size: int) -> None:
    """One gene's second factor is part of a small module's eigengene; the others lack it."""
    false = true = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        factors = orthonormal(rng, 2, N)
        small = followers(rng, factors[1], size, loading=0.95, signs=False)
        small[0] += 0.6 * factors[0]
        rows = np.vstack([modules(rng, factors[:1]), small, rng.normal(size=(20, N))])
        told = set(overlaps_of(feature_set(rows))[0]["gene_id"])
        true += "G00015" in told
        false += len(told - {"G00015"})
    assert true >= 5
    assert false == 0


def test_weak_links_are_not_worth_telling() -> None:
    rng = np.random.default_rng(2)
    factors = orthonormal(rng, 2, N)
    rows = modules(rng, factors)
    rows[0] = factors[0] + 0.7 * factors[1] + 0.5 * rng.normal(size=N)
    features = feature_set(rows)
    assert len(overlaps_of(features)[0]) == 1
    assert len(overlaps_of(features, least_r=0.95)[0]) == 0


@pytest.mark.parametrize("n_modules", [0, 1])
def test_fewer_than_two_modules_cannot_overlap(n_modules: int) -> None:
    rng = np.random.default_rng(3)
    rows = np.vstack([*modules(rng, orthonormal(rng, 3, N))[None, : 15 * n_modules]])
    rows = np.vstack([rows, rng.normal(size=(30, N))])
    frame, partition = overlaps_of(feature_set(rows))
    assert partition.n_modules == n_modules
    assert len(frame) == 0
    assert frame.columns.tolist() == COLUMNS


def test_a_gene_of_several_features_is_told_once_by_its_best() -> None:
    rng = np.random.default_rng(4)
    factors = orthonormal(rng, 2, N)
    both = factors[0] + 0.7 * factors[1]
    rows = np.vstack(
        [
            both + 0.8 * rng.normal(size=N),
            both + 0.3 * rng.normal(size=N),
            modules(rng, factors),
        ]
    )
    features = feature_set(rows, genes=[0, 0, *range(1, 31)])
    frame, _ = overlaps_of(features)
    assert frame["gene_id"].tolist() == ["G00000"]
    assert abs(frame["r"].iloc[0]) > 0.6


@pytest.mark.parametrize("seed", [3, 4])
def test_where_a_third_of_genes_has_two_modules_nearly_all_and_hardly_others_are_told(
    seed: int,
) -> None:
    bundle = isograph.simulate("overlap-p0.30", seed=seed)
    fit = isograph.fit(bundle)
    first = bundle.tables["truth_module"][COLUMNS[:2]]
    second = bundle.tables["truth_module_overlap"][COLUMNS[:2]]
    planted = _pairs(second) | _pairs(first.dropna())
    told = fit.tables["module_overlaps"].to_pandas()
    named = _named(fit, first)
    found = _pairs(told.assign(module_id=told["module_id"].map(named)))
    cover = found | _pairs(fit.modules.assign(module_id=fit.modules["module_id"].map(named)))
    assert len(_pairs(second) & cover) >= 0.9 * len(second)
    assert len(found - planted) <= 0.05 * len(found)


def _pairs(frame: pd.DataFrame) -> set[tuple[str, str]]:
    return set(zip(frame["gene_id"], frame["module_id"], strict=True))


def _named(fit: Fit, truth: pd.DataFrame) -> pd.Series:
    """The planted module that most genes of each found one come from."""
    both = fit.modules[COLUMNS[:2]].merge(truth, on="gene_id", suffixes=("", "_planted"))
    return both.groupby("module_id")["module_id_planted"].agg(lambda names: names.mode().iloc[0])
