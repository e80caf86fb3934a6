"""Every step against R WGCNA on 3,600 mouse liver genes × 134 samples, with missing values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
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
from isograph.backends.wgcna.tree import Tree, average_tree
from tests.backends.wgcna.reference import cut_options, module_columns, same_partition, table
from tests.shared_data import shared_path

POWER = {"unsigned": 6, "signed": 12}
each_type = pytest.mark.parametrize("network", ["unsigned", "signed"])


@dataclass(frozen=True)
class Liver:
    folder: Path
    values: npt.NDArray[np.float64]

    def table(self, name: str, *, index: bool = True) -> pd.DataFrame:
        return table(self.folder, f"liver_f2_female.{name}", index=index)


@dataclass(frozen=True)
class Built:
    network: NetworkType
    weights: npt.NDArray[np.floating]
    overlap: npt.NDArray[np.floating]
    tree: Tree


@pytest.fixture(scope="module")
def liver() -> Liver:
    path = shared_path("data", "real", "liver_f2_female", "gene_expression.parquet")
    values = pd.read_parquet(path).set_index("gene_id").drop(columns="F2_221").to_numpy()
    return Liver(shared_path("reference", "wgcna"), values)


@pytest.fixture(scope="module", params=["unsigned", "signed"])
def built(request: pytest.FixtureRequest, liver: Liver) -> Built:
    network: NetworkType = request.param
    weights = adjacency_matrix(prepare(liver.values), power=POWER[network], network=network)
    overlap = topological_overlap(weights)
    return Built(network, weights, overlap, average_tree(overlap))


@pytest.mark.slow
@each_type
@pytest.mark.parametrize("kind", ["pearson", "bicor"])
def test_soft_threshold_table(liver: Liver, network: NetworkType, kind: CorrelationKind) -> None:
    ours = soft_threshold_table(prepare(liver.values, kind=kind), network=network)
    theirs = liver.table(f"soft_threshold.{network}.{kind}", index=False)
    fitted = [ours.power, ours.r_squared, ours.slope, ours.truncated_r_squared]
    fitted += [ours.mean_k, ours.median_k, ours.max_k]
    np.testing.assert_allclose(np.column_stack(fitted), theirs, rtol=0, atol=1e-9)


def test_tree_is_that_of_hclust(liver: Liver, built: Built) -> None:
    theirs = liver.table(f"hclust.{built.network}", index=False)
    np.testing.assert_allclose(built.tree.height, theirs["height"], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(built.tree.merge, theirs[["merge1", "merge2"]])
    order = liver.table(f"hclust_order.{built.network}", index=False)["order"]
    np.testing.assert_array_equal(built.tree.order + 1, order)


def test_tree_cut(liver: Liver, built: Built) -> None:
    theirs = liver.table(f"dynamic_hybrid.{built.network}")
    assert theirs.shape[1] == 20
    wrong = [
        column
        for column in theirs
        if not same_partition(
            cut_tree_hybrid(built.tree, built.overlap, **cut_options(column)),
            theirs[column].to_numpy(),
        )
    ]
    assert wrong == []


def test_float32_cuts_the_same_modules(liver: Liver, built: Built) -> None:
    single = adjacency_matrix(
        prepare(liver.values), power=POWER[built.network], network=built.network, single=True
    )
    overlap = topological_overlap(single)
    assert overlap.dtype == np.float32
    np.testing.assert_allclose(overlap, built.overlap, rtol=0, atol=1e-6)
    theirs = liver.table(f"dynamic_hybrid.{built.network}")["ds2_pam1_min30"].to_numpy()
    ours = cut_tree_hybrid(average_tree(overlap), overlap, deep_split=2, min_size=30)
    assert same_partition(ours, theirs)


def test_eigengenes_membership_and_connectivity(liver: Liver, built: Built) -> None:
    labels = liver.table(f"dynamic_hybrid.{built.network}")["ds2_pam1_min30"].to_numpy() - 1
    ours = module_eigengenes(liver.values, labels)
    theirs = module_columns(liver.table(f"eigengenes.{built.network}"))
    np.testing.assert_allclose(ours.values, theirs, rtol=0, atol=1e-10)
    explained = liver.table(f"var_explained.{built.network}", index=False).to_numpy().ravel()
    first = explained.size - len(theirs)
    np.testing.assert_allclose(ours.variance_explained, explained[first:], rtol=0, atol=1e-10)
    kme = liver.table(f"kme.{built.network}")[[f"kME{i + 1}" for i in range(len(theirs))]]
    mine = module_membership(liver.values, ours.values)
    np.testing.assert_allclose(mine, kme, rtol=0, atol=1e-10)
    k = intramodular_connectivity(built.weights, labels)
    reference = liver.table(f"connectivity.{built.network}")
    np.testing.assert_allclose(k.total, reference["kTotal"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(k.within, reference["kWithin"], rtol=0, atol=1e-9)


@each_type
@pytest.mark.parametrize("height", [0.15, 0.25])
def test_merging(liver: Liver, network: NetworkType, height: float) -> None:
    theirs = liver.table(f"merged.{network}")
    ours = merge_close_modules(liver.values, theirs["before"].to_numpy() - 1, cut_height=height)
    assert same_partition(ours, theirs[f"merge{height}"].to_numpy())


@each_type
def test_whole_sequence(liver: Liver, network: NetworkType) -> None:
    parameters = NetworkParameters(network=network, power=POWER[network])
    found = find_network(liver.values, parameters=parameters)
    theirs = liver.table(f"blockwise_modules.{network}")["label"].to_numpy()
    assert same_partition(found.labels, theirs)
    reference = module_columns(liver.table(f"blockwise_eigengenes.{network}"))
    r = np.abs(found.eigengenes.values @ reference.T)
    assert r.max(axis=0).min() >= 0.999999
