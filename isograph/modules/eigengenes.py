"""Module eigengenes: the one profile that the module's features share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isograph.communities.factors import strongest_of_channel
from isograph.communities.partition import Partition, profile_rows
from isograph.communities.profile import leading_profile
from isograph.features.model import FeatureSet
from isograph.network.association import Association


@dataclass(frozen=True)
class Eigengenes:
    """Eigengenes of all modules, and the features behind them.

    Attributes:
        values: shape (n_modules, n_samples); mean 0, unit variance, positive with the top driver.
        variance_explained: share of the features' variance, shape (n_modules,).
        rows: feature rows used, all modules one after the other, shape (n_used,).
        module: module of each used row, shape (n_used,), never falling.
        loading: weight of each used row in its eigengene, signed, shape (n_used,).
    """

    values: npt.NDArray[np.float64]
    variance_explained: npt.NDArray[np.float64]
    rows: npt.NDArray[np.int64]
    module: npt.NDArray[np.int64]
    loading: npt.NDArray[np.float64]


def module_eigengenes(
    features: FeatureSet, association: Association, partition: Partition
) -> Eigengenes:
    """First right singular vector of the features that carry each module's edges.

    One feature a gene and channel enters. After a first pass each gene's switch axis is chosen
    again, by |r| with the eigengene, and the vector computed once more (Langfelder & Horvath 2007
    call the vector the module eigengene). Signs of features align themselves in the singular
    vector, so the result does not depend on any sign convention but for its own: positive with
    the feature that has the largest |r|.

    Args:
        features: all features.
        association: feature pairs behind the partition.
        partition: the modules.

    Returns:
        The eigengenes.
    """
    label = partition.labels[features.gene_of]
    used = profile_rows(features, association, partition)
    # a channel that carries edges may do better with another axis of the same gene
    channel = features.gene_of * 2 + features.is_switch
    open_rows = np.flatnonzero(np.isin(channel, channel[used]))
    values = np.zeros((partition.n_modules, features.n_samples))
    explained = np.zeros(partition.n_modules)
    parts: list[npt.NDArray[np.int64]] = []
    loadings: list[npt.NDArray[np.float64]] = []
    carried = _groups(label, used, partition.n_modules)
    open_to = _groups(label, open_rows, partition.n_modules)
    strength = np.zeros(features.n_features)
    for module, (rows, choice) in enumerate(zip(carried, open_to, strict=True)):
        first, _, _ = leading_profile(features.values[rows])
        strength[choice] = np.abs(features.values[choice] @ first)
        rows = strongest_of_channel(features, strength, choice)
        vector, explained[module], loading = leading_profile(features.values[rows])
        top = int(np.argmax(np.round(np.abs(loading), 9)))
        sign = -1.0 if loading[top] < 0 else 1.0
        values[module] = sign * vector
        parts.append(rows)
        loadings.append(sign * loading)
    sizes = [len(part) for part in parts]
    return Eigengenes(
        values=values,
        variance_explained=explained,
        rows=np.concatenate(parts) if parts else np.empty(0, dtype=np.int64),
        module=np.repeat(np.arange(len(parts)), sizes),
        loading=np.concatenate(loadings) if loadings else np.empty(0),
    )


def _groups(
    label: npt.NDArray[np.int64], rows: npt.NDArray[np.int64], n: int
) -> list[npt.NDArray[np.int64]]:
    """`rows` by module, each sorted."""
    rows = rows[label[rows] >= 0]
    order = np.argsort(label[rows], kind="stable")
    starts = np.searchsorted(label[rows][order], np.arange(n))
    return np.split(rows[order], starts[1:]) if n else []
