"""Numbers to tables: ids, names, order and schema of everything a fit writes."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from isograph import schemas
from isograph.communities.fates import ASSIGNED, FATE_MEANINGS
from isograph.communities.partition import Partition
from isograph.features.model import FeatureSet
from isograph.files import to_arrow
from isograph.modules.eigengenes import Eigengenes
from isograph.modules.stability import Stability
from isograph.network.association import Association
from isograph.results.model import AXIS_WEIGHTS

EDGES_PER_GENE = 30
ROLE_NAMES = ("switch_only", "abundance_only", "coupled", "discordant", "inactive")
_TOP_GENES = 5


def module_names(n_modules: int) -> npt.NDArray[np.str_]:
    """`M000`, `M001`, …; four digits past a thousand, shape (n_modules,)."""
    width = 3 if n_modules <= 1000 else 4
    return np.array([f"M{number:0{width}d}" for number in range(n_modules)], dtype=str)


def modules(
    features: FeatureSet,
    partition: Partition,
    confidence: Stability,
    roles: pd.DataFrame,
    module_ids: npt.NDArray[np.str_],
) -> pa.Table:
    """Assigned genes, sorted by gene. `kme` is the r of the gene's stronger channel."""
    genes = np.flatnonzero(partition.labels >= 0)
    frame = pd.DataFrame(
        {
            "gene_id": features.gene_ids[genes],
            "module_id": module_ids[partition.labels[genes]],
            "membership": confidence.membership[genes],
        }
    )
    return to_arrow(frame.assign(kme=frame["gene_id"].map(_kme(roles))), schemas.MODULES)


def _kme(roles: pd.DataFrame) -> pd.Series:
    """r with the eigengene of each gene's stronger channel, by gene."""
    switch = roles["switch_r"].fillna(0.0).to_numpy(dtype=float)
    abundance = roles["abundance_r"].fillna(0.0).to_numpy(dtype=float)
    stronger = np.where(np.abs(switch) >= np.abs(abundance), switch, abundance)
    return pd.Series(stronger, index=roles["gene_id"].to_numpy())


def edges(features: FeatureSet, association: Association, partition: Partition) -> pa.Table:
    """The strongest gene edges, at most `EDGES_PER_GENE` a gene, sorted by source, then target."""
    graph = partition.graph
    graph = graph.subset(
        strongest_matching(
            graph.source, graph.target, graph.weight, k=EDGES_PER_GENE, n_nodes=graph.n_genes
        )
    )
    first, second = association.i[graph.pair], association.j[graph.pair]
    # features are sorted by gene, so the first of the pair belongs to the source
    ids = features.meta["feature_id"].to_numpy(dtype=object)
    types = features.meta["feature_type"].to_numpy(dtype=object)
    frame = pd.DataFrame(
        {
            "source": features.gene_ids[graph.source],
            "target": features.gene_ids[graph.target],
            "weight": graph.weight,
            "source_feature_id": ids[first],
            "target_feature_id": ids[second],
            "source_feature_type": types[first],
            "target_feature_type": types[second],
            "r": association.r[graph.pair],
            "pvalue": graph.pvalue,
        }
    )
    return to_arrow(frame, schemas.EDGES)


def strongest_matching(
    source: npt.NDArray[np.int64],
    target: npt.NDArray[np.int64],
    weight: npt.NDArray[np.float64],
    *,
    k: int,
    n_nodes: int,
) -> npt.NDArray[np.bool_]:
    """Edges taken from the strongest down while both ends have fewer than k (greedy b-matching).

    Works in rounds: an edge that is among the strongest left at both of its ends, as many as each
    has room for, is taken whatever the others are (locally dominant edges, Preis 1999).

    Args:
        source, target: ends, shape (n_edges,), sorted; ties go to earlier edges.
        weight: shape (n_edges,).
        k: edges a node, at most.
        n_nodes: number of nodes.

    Returns:
        Shape (n_edges,).
    """
    taken = np.zeros(len(source), dtype=bool)
    room = np.full(n_nodes, k)
    left = np.lexsort((np.arange(len(source)), -weight))
    while len(left):
        ends = np.concatenate([source[left], target[left]])
        order = np.lexsort((np.tile(np.arange(len(left)), 2), ends))  # by falling weight
        place = np.empty(len(ends), dtype=np.int64)
        place[order] = np.arange(len(ends)) - np.searchsorted(ends[order], ends[order])
        fits = place < room[ends]
        both = fits[: len(left)] & fits[len(left) :]
        taken[left[both]] = True
        room -= np.bincount(ends[np.tile(both, 2)], minlength=n_nodes)
        open_ends = room[ends] > 0
        left = left[~both & open_ends[: len(left)] & open_ends[len(left) :]]
    return taken


def traits(frame: pd.DataFrame) -> pa.Table:
    """Module–trait tests."""
    return to_arrow(frame, schemas.TRAITS)


def roles(frame: pd.DataFrame) -> pa.Table:
    """Channel roles, sorted by module, then gene."""
    return to_arrow(frame, schemas.ROLES)


def eigengenes(
    features: FeatureSet, found: Eigengenes, module_ids: npt.NDArray[np.str_]
) -> pa.Table:
    """One row a module, one column a sample."""
    frame = pd.DataFrame(found.values, columns=list(features.sample_ids))
    frame.insert(0, "variance_explained", found.variance_explained)
    frame.insert(0, "module_id", module_ids)
    return to_arrow(frame, schemas.eigengenes(list(features.sample_ids)))


def eigengene_loadings(
    features: FeatureSet, found: Eigengenes, module_ids: npt.NDArray[np.str_]
) -> pa.Table:
    """Features behind each eigengene, sorted by module, then feature."""
    meta = features.meta.iloc[found.rows]
    frame = pd.DataFrame(
        {
            "module_id": module_ids[found.module],
            "gene_id": meta["gene_id"].to_numpy(dtype=object),
            "feature_id": meta["feature_id"].to_numpy(dtype=object),
            "loading": found.loading,
        }
    )
    frame = frame.sort_values(["module_id", "feature_id"], kind="stable", ignore_index=True)
    return to_arrow(frame, schemas.EIGENGENE_LOADINGS)


def axis_weights(features: FeatureSet, found: Mapping[str, pa.Table]) -> dict[str, bytes]:
    """What the switch axes behind eigengenes and broad factors are made of, as a file.

    Args:
        features: with `axis_weights`; without them there is no file.
        found: tables of the fit.

    Returns:
        `axis_weights.parquet`, or nothing.
    """
    if features.axis_weights is None:
        return {}
    names = ("eigengene_loadings", "programme_loadings")
    used = pd.unique(pd.concat([found[name]["feature_id"].to_pandas() for name in names]))
    weights = features.axis_weights
    # recorded shares have one row each and no prior: all stay, as the nodes of `isograph preserve`
    kept = weights["feature_id"].isin(used) | weights["prior"].isna()
    rows = weights[kept].sort_values(["feature_id", "transcript_id"])
    stream = io.BytesIO()
    pq.write_table(to_arrow(rows, schemas.AXIS_WEIGHTS), stream, compression="zstd")
    return {AXIS_WEIGHTS: stream.getvalue()}


def summary(
    partition: Partition,
    confidence: Stability,
    roles_frame: pd.DataFrame,
    module_ids: npt.NDArray[np.str_],
) -> pa.Table:
    """One row a module."""
    counts = pd.crosstab(roles_frame["module_id"], roles_frame["module_role"])
    counts = counts.reindex(index=module_ids, columns=list(ROLE_NAMES), fill_value=0)
    frame = pd.DataFrame({f"n_{role}": counts[role].to_numpy() for role in ROLE_NAMES})
    frame["module_id"] = module_ids
    frame["n_genes"] = counts.to_numpy().sum(axis=1)
    frame["n_edges"] = partition.n_edges
    frame["pvalue"] = partition.pvalue
    frame["qvalue"] = partition.qvalue
    frame["stability"] = confidence.stability
    frame["top_genes"] = _top_genes(roles_frame).reindex(module_ids).to_numpy()
    return to_arrow(frame, schemas.SUMMARY)


def _top_genes(roles_frame: pd.DataFrame) -> pd.Series:
    """The few genes closest to each eigengene, comma-separated, by module."""
    frame = roles_frame.assign(strength=_kme(roles_frame).abs().to_numpy())
    frame = frame.sort_values(["module_id", "strength", "gene_id"], ascending=[True, False, True])
    return (
        frame.groupby("module_id").head(_TOP_GENES).groupby("module_id")["gene_id"].agg(", ".join)
    )


def overlaps(frame: pd.DataFrame) -> pa.Table:
    """Further modules of genes."""
    return to_arrow(frame, schemas.OVERLAPS)


def programmes(features: FeatureSet, frame: pd.DataFrame) -> pa.Table:
    """Broad factors, one row each, one column a sample."""
    return to_arrow(frame, schemas.programmes(list(features.sample_ids)))


def programme_loadings(frame: pd.DataFrame) -> pa.Table:
    """Features that load on each programme."""
    return to_arrow(frame, schemas.PROGRAMME_LOADINGS)


def fates(features: FeatureSet, partition: Partition) -> pa.Table:
    """Every gene of the bundle: in a module or not, why, and the number behind it."""
    frame = features.genes.set_index("gene_id")[["fate", "value", "meaning"]].copy()
    ids = features.gene_ids
    frame.loc[ids, "fate"] = partition.fate
    value = partition.fate_value.copy()
    assigned = partition.fate == ASSIGNED
    value[assigned] = partition.pvalue[partition.labels[assigned]]
    frame.loc[ids, "value"] = value
    frame.loc[ids, "meaning"] = pd.Series(partition.fate).map(FATE_MEANINGS).to_numpy()
    return to_arrow(frame.sort_index().reset_index(), schemas.FATES)
