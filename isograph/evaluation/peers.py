"""Yardsticks: two simple methods, and what somebody who is told the planted factors would find.

Plain nearest neighbours and a correlation network as in WGCNA get the features that the backends
get, and nothing else of ours: short, without significance, no more than what their names say. The
one who is told the factors shows how much the data can say at all at 1% of false genes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from isograph.backends import study_features
from isograph.bundle.model import Bundle
from isograph.communities.detection import leiden
from isograph.communities.profile import closest_profile
from isograph.errors import Problem, StudyError
from isograph.features.model import FeatureSet
from isograph.machine import one_thread
from isograph.network.significance import false_discovery_line
from isograph.simulation import FixtureInfo
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
MOST_FEATURES_TOLD = 100_000
TOLD_FDR = 0.01
_WITHOUT_LATENTS = ("core_v1", "multiplex_v1", "scale_v1")


@dataclass(frozen=True)
class Peer:
    """A yardstick.

    Attributes:
        labels: (data set, features) → module of each gene, −1 for none, shape (n_genes,).
        most_features: that it takes.
        told: it reads the planted factors, so the data set must have them.
    """

    labels: Callable[[Bundle, FeatureSet], Ints]
    most_features: int
    told: bool = False


def is_peer(backend: str) -> bool:
    """Whether a name stands for one of these methods and not for a backend."""
    return backend in PEERS


def peer_takes(name: str, info: FixtureInfo) -> bool:
    """Whether a fixture, with two features a gene, is small enough and says what a peer needs."""
    peer = PEERS[name]
    if peer.told and (info.suite in _WITHOUT_LATENTS or info.n_modules == 0):
        return False
    return 2 * info.n_genes <= peer.most_features


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
    peer = PEERS[name]
    features = study_features(bundle, study=study)
    if features.n_features > peer.most_features:
        what = f"{features.n_features:,} features, {peer.most_features:,} at most"
        raise StudyError("too large for a simple peer", [Problem(name, what)])
    with one_thread():
        labels = peer.labels(bundle, features)
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


def _knn(bundle: Bundle, features: FeatureSet) -> Ints:
    """Leiden on each feature's strongest partners (union of both sides), by gene."""
    r = _correlations(features)
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


def _correlation_wgcna(bundle: Bundle, features: FeatureSet) -> Ints:
    """Unsigned network, topological overlap, average linkage, one height for the whole tree.

    Adjacency is |r|⁶; TOM is that of Zhang & Horvath (2005), Stat. Appl. Genet. Mol. Biol. 4:17,
    equation 4. The height, 1 − TOM of 0.99, is fixed: on noise nothing merges below it, and where
    modules are plain any height from 0.9 to 0.99 finds them; weak modules stay above it. A gene
    goes with its best connected feature.
    """
    if features.n_features < 2:
        return np.full(len(features.gene_ids), -1)
    adjacency = _correlations(features) ** POWER
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


def _told_factors(bundle: Bundle, features: FeatureSet) -> Ints:
    """Each gene to the planted factor that its best feature follows most closely.

    At 1% of false genes among all (Benjamini–Hochberg over genes, Bonferroni over a gene's features
    and the factors): no method can know the factors better, so none can assign more at this level,
    but by using what modules say about one another.
    """
    latents = bundle.tables["truth_latents"]
    wide = latents.pivot(index="module_id", columns="sample_id", values="latent")
    factors = wide[list(features.sample_ids)].to_numpy(dtype=np.float64)
    factors = factors - factors.mean(axis=1, keepdims=True)
    factors /= np.sqrt(np.mean(np.square(factors), axis=1, keepdims=True))
    p, choice = closest_profile(features, np.arange(features.n_features), factors)
    n_own = np.bincount(features.gene_of)
    p = np.minimum(p * n_own[features.gene_of] * len(factors), 1.0)
    order = np.lexsort((p, features.gene_of))
    best = order[np.unique(features.gene_of[order], return_index=True)[1]]
    line = false_discovery_line(p[best], level=TOLD_FDR)
    return np.where(p[best] <= line, choice[best], -1)


PEERS: Mapping[str, Peer] = MappingProxyType(
    {
        "peer:knn": Peer(_knn, MOST_FEATURES_KNN),
        "peer:correlation_wgcna": Peer(_correlation_wgcna, MOST_FEATURES_WGCNA),
        "peer:told_factors": Peer(_told_factors, MOST_FEATURES_TOLD, told=True),
    }
)
"""By name."""
