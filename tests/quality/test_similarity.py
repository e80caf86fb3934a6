"""Likeness of samples against plain computations."""

from __future__ import annotations

import numpy as np
import pytest

from isograph.quality import assess_quality
from isograph.quality.model import Check
from isograph.quality.similarity import (
    cluster_order,
    compare_samples,
    connectivity_z,
    median_with_others,
    near_identical,
)
from tests.quality.cohort import cohort, study, with_counts


def values(seed: int = 0, n_genes: int = 60, n: int = 9) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(5.0, 2.0, (n_genes, 1)) + rng.normal(0.0, 1.0, (n_genes, n))


def test_correlation_is_pearsons() -> None:
    x = values()
    assert compare_samples(x).r == pytest.approx(np.corrcoef(x.T), abs=1e-12)


def test_centred_correlation_is_that_of_genes_without_their_mean() -> None:
    x = values()
    centred = x - x.mean(axis=1, keepdims=True)
    size = np.sqrt((centred**2).sum(axis=0))
    expected = centred.T @ centred / np.outer(size, size)
    assert compare_samples(x).centred == pytest.approx(expected, abs=1e-10)


def test_distance_is_the_median_root_mean_square_difference() -> None:
    x = values(n=6)
    gaps = np.sqrt(((x[:, :, None] - x[:, None, :]) ** 2).mean(axis=0))
    expected = [np.median(np.delete(gaps[i], i)) for i in range(6)]
    assert compare_samples(x).distance == pytest.approx(expected, abs=1e-9)


def test_components_are_those_of_a_singular_value_decomposition() -> None:
    x = values()
    found = compare_samples(x).components
    centred = x - x.mean(axis=1, keepdims=True)
    _, s, vt = np.linalg.svd(centred, full_matrices=False)
    assert found.shares == pytest.approx((s**2 / (s**2).sum())[:5])
    expected = vt[:5] * s[:5, None]
    assert np.abs(found.scores) == pytest.approx(np.abs(expected), abs=1e-9)
    largest = np.abs(found.scores).argmax(axis=1)
    assert (found.scores[np.arange(5), largest] > 0).all()
    assert found.names == ("PC1", "PC2", "PC3", "PC4", "PC5")


def test_connectivity_is_oldhams() -> None:
    r = np.corrcoef(values().T)
    a = ((1 + r) / 2) ** 2
    np.fill_diagonal(a, 0)
    k = a.sum(axis=1)
    assert connectivity_z(r) == pytest.approx((k - k.mean()) / k.std(ddof=1))


def test_the_median_leaves_the_sample_itself_out() -> None:
    r = np.array([[1.0, 0.1, 0.2], [0.1, 1.0, 0.4], [0.2, 0.4, 1.0]])
    assert median_with_others(r) == pytest.approx([0.15, 0.25, 0.3])


def test_clustering_puts_groups_together() -> None:
    rng = np.random.default_rng(1)
    group = np.array([0, 1] * 6)
    x = rng.normal(size=(200, 2))[:, group] + 0.3 * rng.normal(size=(200, 12))
    ordered = group[cluster_order(np.corrcoef(x.T))]
    assert np.count_nonzero(np.diff(ordered)) == 1


def test_a_copy_and_a_second_run_of_one_sample_are_told_as_such() -> None:
    bundle = cohort(5, n_genes=1500)
    counts = bundle.matrices["gene_counts"] * 50
    counts[:, 3] = counts[:, 2]
    counts[:, 11] = np.random.default_rng(0).poisson(counts[:, 10])
    quality = assess_quality(with_counts(bundle, counts), study=study())
    pairs = quality.tables["similar_pairs"].to_pandas()
    assert pairs[["sample_1", "sample_2"]].to_numpy().tolist() == [
        ["S002", "S003"],
        ["S010", "S011"],
    ]
    assert pairs["identical"].tolist() == [True, False]
    flags = {f.sample_id: f.reason for f in quality.flags if f.check == Check.DUPLICATE}
    assert set(flags) == {"S002", "S003", "S010", "S011"}
    assert "very values of S003" in flags["S002"]
    assert "nearly identical" in flags["S010"]
    assert "S011" in flags["S010"]


def test_where_all_samples_agree_no_pair_is_called_a_copy() -> None:
    x = values(n=8)
    x = x[:, :1] + 1e-3 * x
    r = compare_samples(x).r
    assert r.min() > 0.999
    assert len(near_identical(r, x).pairs) == 0


def test_a_hundred_equal_samples_are_no_hang() -> None:
    x = np.repeat(values(n=1), 100, axis=1)
    found = near_identical(compare_samples(x).r, x)
    assert len(found.pairs) == 1000
    assert found.identical.all()
