"""`wgcna`: a weighted correlation network over switch axes and abundances, cut into modules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from isograph.backends.protocol import Backend, BackendRecord, Found, MainParameter, Task
from isograph.backends.wgcna import dendrogram
from isograph.backends.wgcna.blockwise import Network, find_network
from isograph.backends.wgcna.orientation import orient_features
from isograph.backends.wgcna.parameters import NetworkParameters
from isograph.backends.wgcna.settings import WgcnaSettings
from isograph.backends.wgcna.soft_threshold import SoftThresholdTable
from isograph.communities.given import given_partition
from isograph.communities.partition import Partition
from isograph.config import CalibratedSettings, Settings
from isograph.features.model import FeatureSet
from isograph.machine import one_thread
from isograph.network.association import Association, edge_pvalue, exact_correlations
from isograph.network.significance import critical_correlation, edge_pvalue_threshold
from isograph.progress import Steps
from isograph.results.tables import module_names

RECORD = BackendRecord(
    name="wgcna",
    summary="Weighted correlation network analysis: soft threshold, topological overlap, dynamic "
    "hybrid tree cut, merging of close modules; R's WGCNA without R.",
    assumes="Connectivity is roughly scale-free, and every branch of the tree that is dense and "
    "long enough is a module.",
    limits="No module is tested against chance: low powers, few samples and, without "
    "winsorising, single outlying samples make modules of noise. Modules of fewer than "
    "min_module_size features are lost. Time grows with the cube of the features of a block.",
    reference="Zhang & Horvath (2005), Stat Appl Genet Mol Biol 4:17; Langfelder & Horvath "
    "(2008), BMC Bioinformatics 9:559",
    calibrated=False,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_FEWEST_FEATURES = 3
_FEWEST_GENES = 2


def find(task: Task, steps: Steps) -> Found:
    """Modules of the network of all features, as modules of genes."""
    assert isinstance(task.settings, WgcnaSettings)
    features, settings = task.features, task.settings
    if features.n_features < _FEWEST_FEATURES:
        none = np.full(len(features.gene_ids), -1, dtype=np.int64)
        association = _association(features, np.empty(0, dtype=np.int64), none[:0], np.empty(0))
        return Found(given_partition(features, association, none, named_beforehand=False))
    parameters = settings.parameters(features.n_features)
    network = _network(features, settings, parameters, steps)
    with steps.step("genes") as note, one_thread():
        labels = gene_labels(features, network)
        association = _association(
            features, network.edges.source, network.edges.target, network.edges.weight
        )
        partition = given_partition(
            features, association, _without_gaps(labels), named_beforehand=False
        )
        record = calibration_record(features, settings, parameters, network, partition)
        partition = replace(partition, association=replace(association, calibration=record))
        note.result = f"{partition.n_modules} modules, {int((partition.labels >= 0).sum()):,} genes"
    return Found(partition, {dendrogram.FILE: _dendrogram(features, network, labels, partition)})


def _network(
    features: FeatureSet, settings: WgcnaSettings, parameters: NetworkParameters, steps: Steps
) -> Network:
    """The network of the features, with the signs that the settings ask for."""
    values = np.where(features.observed, features.values, np.nan)
    turnable = features.is_switch if settings.orientation == "aligned" else None
    if turnable is None or not turnable.any():
        return find_network(values, parameters=parameters, steps=steps)
    if settings.network == "unsigned":
        return find_network(values, parameters=parameters, turnable=turnable, steps=steps)
    with steps.step("orientation") as note:
        signs = orient_features(values, parameters=parameters, turnable=turnable).signs
        note.result = f"{int((signs < 0).sum()):,} of {int(turnable.sum()):,} switch axes turned"
    return find_network(values * signs[:, None], parameters=parameters, steps=steps)


def gene_labels(features: FeatureSet, network: Network) -> Ints:
    """Module of each gene: that of its feature with the largest |kME| in the feature's own module.

    A gene in a module that keeps no other one is in none.

    Returns:
        Numbers of the network's modules, −1 for none, shape (n_genes,).
    """
    placed = np.flatnonzero(network.labels >= 0)
    strength = np.abs(network.kme[placed, network.labels[placed]])
    order = placed[np.lexsort((placed, -strength))]
    genes, first = np.unique(features.gene_of[order], return_index=True)
    labels = np.full(len(features.gene_ids), -1, dtype=np.int64)
    labels[genes] = network.labels[order[first]]
    size = np.bincount(labels[genes], minlength=network.n_modules)
    kept = np.append(size, 0)[labels] >= _FEWEST_GENES
    return np.where(kept, labels, -1)


def _without_gaps(labels: Ints) -> Ints:
    """Numbers that occur counted from 0, −1 as it is."""
    known = labels >= 0
    counted = np.full_like(labels, -1)
    counted[known] = np.unique(labels[known], return_inverse=True)[1]
    return counted


def _association(features: FeatureSet, i: Ints, j: Ints, overlap: Floats) -> Association:
    """The network's edges between different genes, with the data's own r and p."""
    between = features.gene_of[i] != features.gene_of[j]
    i, j, overlap = i[between], j[between], overlap[between]
    r = exact_correlations(features.values, i, j)
    pair_p = edge_pvalue_threshold(
        n_features=features.n_features,
        false_edges_per_feature=CalibratedSettings().false_edges_per_feature,
    )
    return Association(
        i=i,
        j=j,
        r=r,
        weight=overlap,
        pvalue=edge_pvalue(features, i, j, r),
        pair_p=pair_p,
        floor=critical_correlation(pair_p, features.df_residual),
    )


def calibration_record(
    features: FeatureSet,
    settings: WgcnaSettings,
    parameters: NetworkParameters,
    network: Network,
    partition: Partition,
) -> dict[str, Any]:
    """What was decided on the way, for `calibration.json`."""
    association = partition.association
    largest = max(len(block.members) for block in network.blocks)
    return {
        "degrees_of_freedom": features.df_residual,
        "n_features": features.n_features,
        "network": settings.network,
        "correlation": settings.correlation,
        "orientation": settings.orientation,
        "power": network.power.power,
        "power_rule": network.power.rule,
        "power_r_squared": network.power.r_squared,
        "min_r_squared": settings.min_r_squared,
        "soft_threshold": table_rows(network.table),
        "min_module_size": parameters.min_module_size,
        "detect_cut_height": settings.detect_cut_height,
        "merge_cut_height": settings.merge_cut_height,
        "blocks": [len(block.members) for block in network.blocks],
        "matrix_type": "float32" if largest > settings.single_above else "float64",
        "highest_merge": max(float(block.tree.height[-1]) for block in network.blocks),
        "n_cut_modules": sum(int(block.labels.max(initial=-1)) + 1 for block in network.blocks),
        "n_network_modules": network.n_modules,
        "n_grey_features": int((network.labels < 0).sum()),
        "n_grey_genes": int((partition.labels < 0).sum()),
        "edge_weight": "topological overlap",
        "neighbours": settings.neighbours,
        "neighbour_rule": "union",
        "least_edge_weight": float(association.weight.min()) if len(association) else None,
        "edge_pvalue_threshold": association.pair_p,
        "edge_r_threshold": association.floor,
        "n_feature_edges": len(association),
        "n_feature_edges_within_threshold": int((association.pvalue <= association.pair_p).sum()),
    }


def table_rows(table: SoftThresholdTable) -> list[dict[str, float]]:
    """The soft-threshold table, a row a power; R² carries the sign of −slope."""
    columns = {
        "power": table.power,
        "scale_free_r_squared": table.signed_r_squared,
        "slope": table.slope,
        "truncated_r_squared": table.truncated_r_squared,
        "mean_k": table.mean_k,
        "median_k": table.median_k,
        "max_k": table.max_k,
    }
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _dendrogram(
    features: FeatureSet, network: Network, labels: Ints, partition: Partition
) -> bytes:
    """The trees with the features' modules, named as the genes' modules are."""
    names = np.full(network.n_modules, "", dtype="<U8")
    known = np.flatnonzero(labels >= 0)
    ids = module_names(partition.n_modules)
    names[labels[known]] = ids[partition.labels[known]]
    of_feature = np.append(names, "")[network.labels]
    feature_ids = features.meta["feature_id"].to_numpy(dtype=str)
    return dendrogram.to_bytes(
        [dendrogram.dendrogram_of(block, feature_ids, of_feature) for block in network.blocks]
    )


def _powers(settings: Settings) -> tuple[float, ...]:
    """Powers to compare; a signed network needs about twice those of an unsigned one."""
    assert isinstance(settings, WgcnaSettings)
    times = 2.0 if settings.network == "signed" else 1.0
    return tuple(times * power for power in (3.0, 4.0, 6.0, 8.0, 10.0, 12.0))


BACKEND = Backend(
    record=RECORD, settings=WgcnaSettings, find=find, main=MainParameter("power", _powers)
)
