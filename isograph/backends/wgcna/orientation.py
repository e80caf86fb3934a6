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
from isograph.backends.wgcna.signs import BoolArray, IntArray, group_signs
from isograph.backends.wgcna.soft_threshold import choose_power, soft_threshold_table
from isograph.machine import one_thread
from isograph.progress import Steps


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
    turnable: BoolArray | None = None,
    steps: Steps | None = None,
) -> Orientation:
    """Choose signs from the features' own unsigned network.

    The groups are the modules of the tree cut: later steps (who stays, what is merged) depend on
    signs of eigengenes and are left out. The power is chosen for the unsigned network, whatever
    `parameters` say about theirs.

    Args:
        values: features × samples, NaN where missing.
        parameters: of the network that the signs are for; type and power are not used.
        turnable: features whose sign is a convention, shape (n_features,); None for all. The
            others stay as they are, and the rest is turned towards them.
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
        signs = group_signs(correlator.unit, labels, turnable=turnable)
    return Orientation(signs=signs, labels=labels)
