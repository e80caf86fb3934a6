"""What the single steps promise, without R."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import median_abs_deviation, pearsonr

from isograph.backends.wgcna.adjacency import adjacency, adjacency_matrix
from isograph.backends.wgcna.correlation import (
    CorrelationKind,
    correlation_matrix,
    cross_correlation,
    prepare,
)
from isograph.backends.wgcna.dynamic_hybrid import cut_tree_hybrid
from isograph.backends.wgcna.impute import impute_nearest
from isograph.backends.wgcna.membership import reassign_members, trim_modules
from isograph.backends.wgcna.parameters import NetworkParameters
from isograph.backends.wgcna.preclustering import feature_blocks
from isograph.backends.wgcna.soft_threshold import (
    DEFAULT_POWERS,
    SoftThresholdTable,
    choose_power,
    connectivities,
)
from isograph.backends.wgcna.tom import topological_overlap
from isograph.backends.wgcna.tree import average_tree
from isograph.errors import ConfigError, InputError

FloatArray = npt.NDArray[np.float64]


def modules(rng: np.random.Generator, sizes: tuple[int, ...], noise: int, n: int) -> FloatArray:
    """Features of planted modules one after the other, then noise."""
    parts = [rng.standard_normal(n) + 0.4 * rng.standard_normal((size, n)) for size in sizes]
    return np.vstack([*parts, rng.standard_normal((noise, n))])


def holes(rng: np.random.Generator, values: FloatArray, share: float) -> FloatArray:
    return np.where(rng.random(values.shape) < share, np.nan, values)


def slow_bicor(x: FloatArray, y: FloatArray) -> float:
    """The formula, for two features without missing values."""
    weighted = []
    for v in (x, y):
        mad = median_abs_deviation(v)
        away = v - np.median(v)
        u = away / (9 * (mad or 1.0))
        w = away * (1 - u**2) ** 2 * (np.abs(u) < 1) if mad > 0 else v - v.mean()
        weighted.append(w / np.sqrt((w**2).sum()))
    return float(weighted[0] @ weighted[1])


@pytest.mark.parametrize("kind", ["pearson", "bicor"])
def test_correlation_takes_the_common_samples_of_each_pair(kind: CorrelationKind) -> None:
    rng = np.random.default_rng(1)
    x = holes(rng, modules(rng, (4,), 4, 25), 0.1)
    x[6] = np.where(rng.random(25) < 0.7, 0.5, x[6])
    r = correlation_matrix(x, kind=kind)
    for i in range(len(x)):
        for j in range(i):
            both = ~np.isnan(x[i]) & ~np.isnan(x[j])
            a, b = x[i, both], x[j, both]
            expected = pearsonr(a, b)[0] if kind == "pearson" else slow_bicor(a, b)
            assert r[i, j] == pytest.approx(expected, abs=1e-12)
            assert r[j, i] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("kind", ["pearson", "bicor"])
def test_blocks_and_subsets_are_parts_of_the_matrix(kind: CorrelationKind) -> None:
    rng = np.random.default_rng(2)
    x = holes(rng, modules(rng, (10,), 20, 30), 0.02)
    made = prepare(x, kind=kind)
    r = made.full()
    np.testing.assert_allclose(made.rows(slice(5, 17)), r[5:17], rtol=0, atol=1e-12)
    members = np.array([0, 3, 4, 11, 29])
    part = made.subset(members).full()
    np.testing.assert_allclose(part, r[np.ix_(members, members)], rtol=0, atol=1e-12)
    profile = rng.standard_normal(30)
    crossed = cross_correlation(x, profile, kind=kind)[:, 0]
    whole = correlation_matrix(np.vstack([x, profile]), kind=kind)[-1, :-1]
    np.testing.assert_allclose(crossed, whole, rtol=0, atol=1e-12)


def test_input_is_refused_with_every_reason() -> None:
    x = np.random.default_rng(3).standard_normal((6, 10))
    x[1] = 2.0
    x[2, 0] = np.inf
    x[3, 3:] = np.nan
    with pytest.raises(InputError) as caught:
        prepare(x)
    assert len(caught.value.problems) == 3
    with pytest.raises(InputError, match="features × samples"):
        prepare(np.zeros(4))


@pytest.mark.parametrize("power", [1, 2, 3, 5, 6, 7, 12, 13, 16, 2.5])
def test_adjacency_is_a_power(power: float) -> None:
    r = np.random.default_rng(4).uniform(-1, 1, (5, 5))
    np.testing.assert_allclose(adjacency(r, power=power, network="unsigned"), np.abs(r) ** power)
    np.testing.assert_allclose(adjacency(r, power=power, network="signed"), ((1 + r) / 2) ** power)
    hybrid = adjacency(r.copy(), power=power, network="signed_hybrid")
    np.testing.assert_allclose(hybrid, np.maximum(r, 0) ** power)


def test_connectivity_does_not_depend_on_the_other_powers() -> None:
    made = prepare(np.random.default_rng(5).standard_normal((40, 20)))
    every = connectivities(made, network="signed", powers=DEFAULT_POWERS)
    some = connectivities(made, network="signed", powers=(2.5, 6, 20))
    np.testing.assert_allclose(some[1:], every[[5, 19]], rtol=1e-12)
    expected = adjacency_matrix(made, power=2.5, network="signed").sum(axis=1) - 1
    np.testing.assert_allclose(some[0], expected, rtol=1e-12)


def fits(r_squared: list[float], slope: list[float]) -> SoftThresholdTable:
    n = len(slope)
    nothing = np.zeros(n)
    powers = np.arange(1.0, n + 1)
    return SoftThresholdTable(
        powers, np.array(r_squared), np.array(slope), nothing, nothing, nothing, nothing
    )


def test_power_is_the_smallest_with_a_falling_scale_free_line() -> None:
    table = fits([0.95, 0.5, 0.9, 0.99], [0.8, -1.0, -1.5, -1.6])
    choice = choose_power(table, network="unsigned", n_samples=100)
    assert (choice.power, choice.rule, choice.r_squared) == (3.0, "scale_free", 0.9)


def test_a_fit_reached_only_at_an_extreme_power_does_not_count() -> None:
    table = fits([0.5] * 14 + [0.9] * 6, [-1.0] * 20)
    unsigned = choose_power(table, network="unsigned", n_samples=100)
    assert (unsigned.power, unsigned.rule) == (6.0, "sample_size")
    signed = choose_power(table, network="signed", n_samples=100)
    assert (signed.power, signed.rule) == (15.0, "scale_free")


@pytest.mark.parametrize(
    ("n_samples", "unsigned", "signed"),
    [(19, 9, 18), (20, 8, 16), (30, 8, 16), (31, 7, 14), (40, 7, 14), (41, 6, 12)],
)
def test_without_scale_free_fit_the_number_of_samples_decides(
    n_samples: int, unsigned: int, signed: int
) -> None:
    table = fits([0.1, 0.95], [-1.0, 1.0])
    for network, power in (("unsigned", unsigned), ("signed_hybrid", unsigned), ("signed", signed)):
        choice = choose_power(table, network=network, n_samples=n_samples)
        assert (choice.power, choice.rule) == (power, "sample_size")


def test_overlap_follows_its_formula_for_signed_weights_too() -> None:
    x = np.random.default_rng(6).standard_normal((7, 9))
    a = adjacency_matrix(prepare(x), power=2, network="unsigned", keep_sign=True)
    assert (a < 0).any()
    got = topological_overlap(a.copy())
    np.fill_diagonal(a, 0)
    k = np.abs(a).sum(axis=1)
    for i in range(7):
        for j in range(i):
            shared = abs(a[i, j] + sum(a[i, u] * a[u, j] for u in range(7)))
            expected = shared / (min(k[i], k[j]) + 1 - abs(a[i, j]))
            assert got[i, j] == got[j, i] == pytest.approx(expected, rel=1e-12)
    assert (np.diag(got) == 1).all()


def cut_case() -> FloatArray:
    return modules(np.random.default_rng(7), (50, 40, 30), 80, 60)


def test_cut_finds_planted_modules_in_any_order_of_features() -> None:
    x = cut_case()
    shuffled = np.random.default_rng(8).permutation(len(x))
    results = []
    for rows in (np.arange(len(x)), shuffled):
        overlap = topological_overlap(
            adjacency_matrix(prepare(x[rows]), power=6, network="unsigned")
        )
        labels = np.empty(len(x), dtype=np.int64)
        labels[rows] = cut_tree_hybrid(average_tree(overlap), overlap, min_size=20)
        results.append(labels)
    np.testing.assert_array_equal(results[0], results[1])
    assert [np.unique(results[0][part]).tolist() for part in (slice(50), slice(50, 90))] == [
        [0],
        [1],
    ]


def test_leftovers_go_only_to_modules_of_their_branch_if_asked() -> None:
    x = cut_case()
    overlap = topological_overlap(adjacency_matrix(prepare(x), power=6, network="unsigned"))
    tree = average_tree(overlap)
    without = cut_tree_hybrid(tree, overlap, min_size=20, pam_stage=False)
    free = cut_tree_hybrid(tree, overlap, min_size=20)
    bound = cut_tree_hybrid(tree, overlap, min_size=20, pam_respects_tree=True)
    n = [int((labels >= 0).sum()) for labels in (without, bound, free)]
    assert n[0] <= n[1] <= n[2]
    assert (bound[without >= 0] >= 0).all()


def test_cut_options_out_of_bounds_are_refused_together() -> None:
    overlap = np.eye(3)
    with pytest.raises(ConfigError) as caught:
        cut_tree_hybrid(average_tree(overlap), overlap, deep_split=5, min_size=1)
    assert len(caught.value.problems) == 2


def test_missing_values_come_from_the_nearest_rows() -> None:
    x = np.array([[0.0, 0, 0, 0], [0.1, 0, 0, 1], [5, 5, 5, 9], [0.2, 0, 0, np.nan]])
    x[0, 3] = np.nan
    filled = impute_nearest(x, neighbours=2)
    # row 3: rows 1 and 0 are nearest, row 0 lacks the value itself
    assert filled[3, 3] == 1.0
    np.testing.assert_array_equal(filled[~np.isnan(x)], x[~np.isnan(x)])


def test_a_module_without_a_core_dissolves_and_strangers_leave() -> None:
    rng = np.random.default_rng(9)
    x = modules(rng, (40,), 60, 80)
    labels = np.r_[np.zeros(45, dtype=np.int64), np.ones(30, dtype=np.int64), -np.ones(25, int)]
    new = trim_modules(
        x,
        labels,
        network="unsigned",
        min_size=20,
        min_core_kme=0.5,
        min_core_size=10,
        min_kme_to_stay=0.4,
    )
    assert (new[:40] == 0).all()
    assert (new[40:] == -1).all()


def test_a_member_that_follows_another_module_moves() -> None:
    x = modules(np.random.default_rng(10), (40, 40), 0, 80)
    labels = np.repeat([0, 1], 40)
    labels[5] = 1
    moved = reassign_members(x, labels, network="unsigned", threshold=1e-6)
    np.testing.assert_array_equal(moved, np.repeat([0, 1], 40))
    kept = reassign_members(x, labels, network="unsigned", threshold=0.0)
    np.testing.assert_array_equal(kept, labels)


def test_blocks_hold_correlated_features_together_and_keep_their_size() -> None:
    x = modules(np.random.default_rng(11), (100, 100, 100, 100), 200, 50)
    unit = prepare(x).unit
    block = feature_blocks(unit, max_size=250, sign_free=True)
    assert np.bincount(block).max() <= 250
    for module in range(4):
        assert len(np.unique(block[module * 100 : module * 100 + 100])) == 1
    flipped = unit * np.where(np.arange(len(unit)) % 3, 1, -1)[:, None]
    np.testing.assert_array_equal(block, feature_blocks(flipped, max_size=250, sign_free=True))


def test_a_cluster_larger_than_a_block_is_cut() -> None:
    x = modules(np.random.default_rng(12), (300,), 30, 50)
    block = feature_blocks(prepare(x).unit, max_size=100, sign_free=False)
    assert np.bincount(block).max() <= 100


def test_parameters_out_of_bounds_are_refused_together() -> None:
    with pytest.raises(ConfigError) as caught:
        replace(NetworkParameters(), power=-1.0, deep_split=7, powers=(2, 1), partners=0)
    assert len(caught.value.problems) == 4
