"""Every step against R WGCNA on 360 genes × 80 samples (tests/reference/wgcna)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from isograph.backends.wgcna.adjacency import NetworkType, adjacency_matrix
from isograph.backends.wgcna.blockwise import find_network
from isograph.backends.wgcna.correlation import CorrelationKind, prepare
from isograph.backends.wgcna.dynamic_hybrid import cut_tree_hybrid
from isograph.backends.wgcna.eigengenes import (
    intramodular_connectivity,
    module_eigengenes,
    module_membership,
)
from isograph.backends.wgcna.merging import merge_close_modules
from isograph.backends.wgcna.parameters import NetworkParameters
from isograph.backends.wgcna.soft_threshold import soft_threshold_table
from isograph.backends.wgcna.tom import topological_overlap
from isograph.backends.wgcna.tree import average_tree
from tests.backends.wgcna.reference import (
    SMALL,
    TYPES,
    cut_options,
    module_columns,
    same_partition,
    small_values,
    table,
)

FloatArray = npt.NDArray[np.float64]

each_type = pytest.mark.parametrize("network", TYPES)


@pytest.fixture(scope="module")
def values() -> FloatArray:
    return small_values()


def weights(values: FloatArray, network: NetworkType) -> npt.NDArray[np.floating]:
    return adjacency_matrix(prepare(values), power=6, network=network)


def labels_of(network: NetworkType) -> npt.NDArray[np.int64]:
    found = table(SMALL, f"small.dynamic_hybrid.{network}")["ds2_pam1_min30"]
    return found.to_numpy() - 1


@each_type
@pytest.mark.parametrize("kind", ["pearson", "bicor"])
def test_soft_threshold_table(
    values: FloatArray, network: NetworkType, kind: CorrelationKind
) -> None:
    ours = soft_threshold_table(prepare(values, kind=kind), network=network)
    theirs = table(SMALL, f"small.soft_threshold.{network}.{kind}", index=False)
    for column, fitted in {
        "Power": ours.power,
        "SFT.R.sq": ours.r_squared,
        "slope": ours.slope,
        "truncated.R.sq": ours.truncated_r_squared,
        "mean.k.": ours.mean_k,
        "median.k.": ours.median_k,
        "max.k.": ours.max_k,
    }.items():
        np.testing.assert_allclose(fitted, theirs[column], rtol=0, atol=1e-9, err_msg=column)


@each_type
def test_adjacency_and_overlap(values: FloatArray, network: NetworkType) -> None:
    ours = weights(values, network)
    theirs = table(SMALL, f"small.adjacency_rows.{network}")
    np.testing.assert_allclose(ours[::18], theirs, rtol=1e-8, atol=1e-12)
    theirs = table(SMALL, f"small.tom_rows.{network}")
    np.testing.assert_allclose(topological_overlap(ours)[::18], theirs, rtol=1e-8, atol=1e-12)


@each_type
def test_tree_is_that_of_hclust(values: FloatArray, network: NetworkType) -> None:
    tree = average_tree(topological_overlap(weights(values, network)))
    theirs = table(SMALL, f"small.hclust.{network}", index=False)
    np.testing.assert_allclose(tree.height, theirs["height"], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(tree.merge, theirs[["merge1", "merge2"]])
    order = table(SMALL, f"small.hclust_order.{network}", index=False)["order"]
    np.testing.assert_array_equal(tree.order + 1, order)


@each_type
def test_tree_cut(values: FloatArray, network: NetworkType) -> None:
    overlap = topological_overlap(weights(values, network))
    tree = average_tree(overlap)
    theirs = table(SMALL, f"small.dynamic_hybrid.{network}")
    assert theirs.shape[1] == 20
    wrong = [
        column
        for column in theirs
        if not same_partition(
            cut_tree_hybrid(tree, overlap, **cut_options(column)), theirs[column].to_numpy()
        )
    ]
    assert wrong == []


@each_type
def test_eigengenes_and_variance_explained(values: FloatArray, network: NetworkType) -> None:
    theirs = table(SMALL, f"small.eigengenes.{network}")
    ours = module_eigengenes(values, labels_of(network))
    np.testing.assert_allclose(ours.values, module_columns(theirs), rtol=0, atol=1e-10)
    explained = table(SMALL, f"small.var_explained.{network}", index=False).to_numpy().ravel()
    first = explained.size - len(ours.values)
    np.testing.assert_allclose(ours.variance_explained, explained[first:], rtol=0, atol=1e-10)


def test_membership(values: FloatArray) -> None:
    theirs = table(SMALL, "small.kme.unsigned").drop(columns="kME0")
    eigengenes = module_eigengenes(values, labels_of("unsigned")).values
    np.testing.assert_allclose(module_membership(values, eigengenes), theirs, rtol=0, atol=1e-10)


@each_type
def test_connectivity(values: FloatArray, network: NetworkType) -> None:
    theirs = table(SMALL, f"small.connectivity.{network}")
    ours = intramodular_connectivity(weights(values, network), labels_of(network))
    np.testing.assert_allclose(ours.total, theirs["kTotal"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(ours.within, theirs["kWithin"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(ours.outside, theirs["kOut"], rtol=0, atol=1e-10)


@each_type
@pytest.mark.parametrize("height", [0.15, 0.25])
def test_merging(values: FloatArray, network: NetworkType, height: float) -> None:
    theirs = table(SMALL, f"small.merged.{network}")
    ours = merge_close_modules(values, theirs["before"].to_numpy() - 1, cut_height=height)
    assert same_partition(ours, theirs[f"merge{height}"].to_numpy())


@each_type
def test_whole_sequence(values: FloatArray, network: NetworkType) -> None:
    found = find_network(values, parameters=NetworkParameters(network=network, power=6))
    theirs = table(SMALL, f"small.blockwise_modules.{network}")["label"].to_numpy()
    assert same_partition(found.labels, theirs)
    reference = module_columns(table(SMALL, f"small.blockwise_eigengenes.{network}"))
    r = np.abs(found.eigengenes.values @ reference.T)
    assert r.max(axis=0).min() >= 0.999999
    assert r.max(axis=1).min() >= 0.999999
