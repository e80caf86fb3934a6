"""Simple methods to compare with: plain nearest neighbours, and a correlation network as in WGCNA.

Both get the features that the backends get, and nothing else of ours. They are yardsticks: short,
without significance, and no more than what their names say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from isograph.backends import study_features
from isograph.bundle.model import Bundle
from isograph.communities.detection import leiden
from isograph.errors import Problem, StudyError
from isograph.features.model import FeatureSet
from isograph.machine import one_thread
from isograph.study import Study

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NEIGHBOURS = 30
LEAST_KNN = 3
POWER = 6
LEAST_WGCNA = 5
MOST_FEATURES_WGCNA = 5000
MOST_FEATURES_KNN = 8000
CUT_HEIGHT = 0.99


def is_peer(backend: str) -> bool:
    """Whether a name stands for one of these methods and not for a backend."""
    return backend in PEERS


def peer_takes(name: str, *, n_genes: int) -> bool:
    """Whether a data set of so many genes, with two features each, is small enough for a peer."""
    return 2 * n_genes <= PEERS[name][1]


def peer_modules(name: str, bundle: Bundle, *, study: Study) -> pd.DataFrame:
    """Modules of one data set by a simple method.

    Args:
        name: one of `PEERS`.
        bundle: the data set.
        study: settings of the features.

    Returns:
        `gene_id`, `module_id` of assigned genes, one row a gene.

    Raises:
        StudyError: the data set is too large for the method.
    """
    method, most = PEERS[name]
    features = study_features(bundle, study=study)
    if features.n_features > most:
        problem = Problem(name, f"{features.n_features:,} features, {most:,} at most")
        raise StudyError("too large for a simple peer", [problem])
    with one_thread():
        labels = method(_correlations(features), features)
    assigned = labels >= 0
    return pd.DataFrame(
        {"gene_id": features.gene_ids[assigned], "module_id": labels[assigned].astype(str)}
    )


def _correlations(features: FeatureSet) -> Floats:
    """|r| of all pairs, 0 within a gene, shape (n_features, n_features)."""
    size = np.sqrt((features.values**2).sum(axis=1, keepdims=True))
    unit = features.values / np.where(size > 0, size, 1.0)
    r = np.minimum(np.abs(unit @ unit.T), 1.0)
    # axes of one gene are related by construction
    r[features.gene_of[:, None] == features.gene_of[None, :]] = 0.0
    return r


def _knn(r: Floats, features: FeatureSet) -> Ints:
    """Leiden on each feature's strongest partners (union of both sides), by gene."""
    n = features.n_features
    k = min(NEIGHBOURS, n - 1)
    partner = np.argpartition(-r, k - 1, axis=1)[:, :k]
    one, other = np.repeat(np.arange(n), k), partner.ravel()
    weight = r[one, other]
    a, b = features.gene_of[one], features.gene_of[other]
    edges = pd.DataFrame({"a": np.minimum(a, b), "b": np.maximum(a, b), "r": weight})
    edges = edges[(edges["a"] != edges["b"]) & (edges["r"] > 0)]
    edges = edges.groupby(["a", "b"])[["r"]].max().reset_index()
    labels = leiden(
        len(features.gene_ids),
        edges["a"].to_numpy(dtype=np.int64),
        edges["b"].to_numpy(dtype=np.int64),
        edges["r"].to_numpy(dtype=np.float64),
        resolution=1.0,
    )
    return _drop_small(labels, LEAST_KNN)


def _correlation_wgcna(r: Floats, features: FeatureSet) -> Ints:
    """Unsigned network, topological overlap, average linkage, one height for the whole tree.

    Adjacency is |r|⁶; TOM is that of Zhang & Horvath (2005), Stat. Appl. Genet. Mol. Biol. 4:17,
    equation 4. The height, 1 − TOM of 0.99, is fixed: on noise nothing merges below it, and where
    modules are plain any height from 0.9 to 0.99 finds them; weak modules stay above it. A gene
    goes with its best connected feature.
    """
    if features.n_features < 2:
        return np.full(len(features.gene_ids), -1)
    adjacency = r**POWER
    degree = adjacency.sum(axis=1)
    shared = adjacency @ adjacency + adjacency
    overlap = shared / (np.minimum(degree[:, None], degree[None, :]) + 1.0 - adjacency)
    distance = 1.0 - np.clip(0.5 * (overlap + overlap.T), 0.0, 1.0)
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance, checks=False), method="average")
    cluster = fcluster(tree, CUT_HEIGHT, criterion="distance")
    within = (adjacency * (cluster[:, None] == cluster[None, :])).sum(axis=1)
    order = np.lexsort((-within, features.gene_of))
    best = order[np.unique(features.gene_of[order], return_index=True)[1]]
    return _drop_small(cluster[best].astype(np.int64), LEAST_WGCNA)


def _drop_small(labels: Ints, least: int) -> Ints:
    """−1 for members of modules of fewer than `least` genes."""
    size = np.bincount(np.maximum(labels, 0), weights=labels >= 0)
    return np.where((labels >= 0) & (size[np.maximum(labels, 0)] >= least), labels, -1)


_Method = Callable[[Floats, FeatureSet], Ints]

PEERS: Mapping[str, tuple[_Method, int]] = MappingProxyType(
    {
        "peer:knn": (_knn, MOST_FEATURES_KNN),
        "peer:correlation_wgcna": (_correlation_wgcna, MOST_FEATURES_WGCNA),
    }
)
"""By name, the method and the most features it takes."""
