"""Signs for features whose sign is a convention, so that a signed network can be used on them.

A switch axis may point either way. A signed network would put the features of one module that
happen to point one way and those that point the other way into two modules. Here the unsigned
network, which knows no signs, finds the groups first; then each feature is turned so that it
correlates positively with its group's first singular vector, and groups are turned towards each
other. What comes out is the same whatever signs went in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from isograph.backends.wgcna.blockwise import block_labels, cut_blocks
from isograph.backends.wgcna.correlation import prepare
from isograph.backends.wgcna.parameters import NetworkParameters
from isograph.backends.wgcna.preclustering import leading_vector
from isograph.backends.wgcna.soft_threshold import choose_power, soft_threshold_table
from isograph.machine import one_thread
from isograph.progress import Steps

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Orientation:
    """Signs that make features of one group point the same way.

    Attributes:
        signs: +1 or −1; features times signs are oriented; shape (n_features,).
        labels: groups of the unsigned network, −1 for none, shape (n_features,).
    """

    signs: npt.NDArray[np.int8]
    labels: IntArray


def orient_features(
    values: npt.ArrayLike,
    *,
    parameters: NetworkParameters | None = None,
    steps: Steps | None = None,
) -> Orientation:
    """Choose signs from the features' own unsigned network.

    The groups are the modules of the tree cut: later steps (who stays, what is merged) depend on
    signs of eigengenes and are left out. The power is chosen for the unsigned network, whatever
    `parameters` say about theirs.

    Args:
        values: features × samples, NaN where missing.
        parameters: of the network that the signs are for; type and power are not used.
        steps: where to show progress.

    Returns:
        The signs; features that are turned round in `values` get the other sign, all else equal.

    Raises:
        InputError: as `blockwise.find_network`.
    """
    chosen = replace(
        parameters or NetworkParameters(), network="unsigned", power=None, signed_overlap=False
    )
    with one_thread():
        correlator = prepare(values, kind=chosen.correlation)
        table = soft_threshold_table(correlator, network="unsigned", powers=chosen.powers)
        power = choose_power(
            table,
            network="unsigned",
            n_samples=correlator.unit.shape[1],
            min_r_squared=chosen.min_r_squared,
        )
        found = cut_blocks(correlator, parameters=chosen, power=power.power, steps=steps or Steps())
        labels = block_labels(found, correlator.n_features)
        signs = group_signs(correlator.unit, labels)
    return Orientation(signs=signs, labels=labels)


def group_signs(unit: FloatArray, labels: IntArray) -> npt.NDArray[np.int8]:
    """Signs that turn each feature towards the first singular vector of its group.

    A feature of no group follows the group vector that it correlates with most, by |r|. Vectors
    are turned towards each other along the maximum spanning tree of their |r|, from the largest
    group on. With no group at all there is one vector, that of all features.

    Args:
        unit: rows of mean 0 and length 1, missing values 0; shape (n_features, n_samples).
        labels: groups 0 … n − 1, −1 for none, shape (n_features,).

    Returns:
        +1 or −1 (+1 where the correlation is 0), shape (n_features,).
    """
    n_groups = int(labels.max(initial=-1)) + 1
    if n_groups:
        vectors = np.array([leading_vector(unit[labels == group]) for group in range(n_groups)])
        sizes = np.bincount(labels[labels >= 0], minlength=n_groups)
    else:
        vectors, sizes = leading_vector(unit)[None], np.array([len(unit)])
    vectors *= _towards_each_other(vectors @ vectors.T, int(np.argmax(sizes)))[:, None]
    r = unit @ vectors.T
    follows = np.where(labels >= 0, labels, np.argmax(np.abs(r), axis=1))
    signs: npt.NDArray[np.int8] = np.where(r[np.arange(len(r)), follows] < 0, -1, 1).astype(np.int8)
    return signs


def _towards_each_other(r: FloatArray, start: int) -> FloatArray:
    """Signs of vectors along the maximum spanning tree of |r| (Prim 1957), shape (n,)."""
    n = len(r)
    signs = np.ones(n)
    inside = np.zeros(n, dtype=bool)
    inside[start] = True
    for _ in range(n - 1):
        open_pairs = np.where(inside[:, None] & ~inside[None, :], np.abs(r), -1.0)
        known, new = np.unravel_index(int(np.argmax(open_pairs)), r.shape)
        signs[new] = signs[known] * (1.0 if r[known, new] >= 0 else -1.0)
        inside[new] = True
    return signs
