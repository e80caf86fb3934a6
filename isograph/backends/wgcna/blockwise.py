"""From features to modules: the whole sequence of a weighted correlation network analysis.

Zhang & Horvath (2005), Stat Appl Genet Mol Biol 4:17; Langfelder & Horvath (2008), BMC
Bioinformatics 9:559. The order of the steps is that documented for R's `blockwiseModules`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isograph.backends.wgcna.adjacency import adjacency_matrix
from isograph.backends.wgcna.correlation import Correlator, check_values, prepare
from isograph.backends.wgcna.dynamic_hybrid import cut_tree_hybrid, largest_first
from isograph.backends.wgcna.eigengenes import (
    ModuleEigengenes,
    module_eigengenes,
    module_membership,
)
from isograph.backends.wgcna.membership import reassign_members, trim_modules
from isograph.backends.wgcna.merging import merge_close_modules
from isograph.backends.wgcna.parameters import NetworkParameters
from isograph.backends.wgcna.partners import Edges, joined, strongest_partners
from isograph.backends.wgcna.preclustering import feature_blocks
from isograph.backends.wgcna.signs import BoolArray, group_signs
from isograph.backends.wgcna.soft_threshold import (
    PowerChoice,
    SoftThresholdTable,
    choose_power,
    given_power,
    soft_threshold_table,
)
from isograph.backends.wgcna.tom import topological_overlap
from isograph.backends.wgcna.tree import Tree, average_tree
from isograph.errors import InputError, Problems
from isograph.machine import one_thread
from isograph.progress import Steps

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_FEWEST_FEATURES = 3


@dataclass(frozen=True)
class Block:
    """One block of the network.

    Attributes:
        members: features, ascending, shape (n,).
        tree: their dendrogram; leaf i is `members[i]`.
        labels: modules that the tree cut gave, −1 for none, shape (n,).
        edges: strongest partners, in feature numbers.
    """

    members: IntArray
    tree: Tree
    labels: IntArray
    edges: Edges


@dataclass(frozen=True)
class Network:
    """A network and its modules.

    Attributes:
        labels: module of each feature, −1 for none, the largest module 0; shape (n_features,).
        eigengenes: of the modules, in order of label.
        kme: membership in every module, shape (n_features, n_modules).
        power: the soft-threshold power and what decided it.
        table: the fits for all powers.
        edges: strongest partners of each feature, by topological overlap.
        blocks: the blocks, one unless the network is too large.
    """

    labels: IntArray
    eigengenes: ModuleEigengenes
    kme: FloatArray
    power: PowerChoice
    table: SoftThresholdTable
    edges: Edges
    blocks: tuple[Block, ...]

    @property
    def n_modules(self) -> int:
        """Number of modules."""
        return len(self.eigengenes.values)


def find_network(
    values: npt.ArrayLike,
    *,
    parameters: NetworkParameters | None = None,
    turnable: BoolArray | None = None,
    steps: Steps | None = None,
) -> Network:
    """Build a weighted correlation network and find its modules.

    Power, adjacency, topological overlap, tree, hybrid cut; then members that do not follow their
    eigengene leave, members that follow another far better move, close modules are joined.
    Deterministic, whatever the number of threads.

    Args:
        values: features × samples, any scale, NaN where missing.
        parameters: defaults if None.
        turnable: features of an unsigned network whose sign is a convention, shape
            (n_features,): they are turned towards their group (`signs.group_signs`) before
            eigengenes are compared, where signs matter even there. None for none. Other networks
            need `orientation.orient_features` first.
        steps: where to show progress.

    Returns:
        The network.

    Raises:
        InputError: not a matrix, too few features or samples, infinite or constant features.
    """
    chosen, steps = parameters or NetworkParameters(), steps or Steps()
    x = _checked(values)
    with one_thread():
        with steps.step("correlation") as note:
            correlator = prepare(x, kind=chosen.correlation)
            note.result = f"{len(correlator.incomplete):,} features with missing values"
        with steps.step("soft threshold") as note:
            table, power = _power(correlator, chosen, n_samples=x.shape[1])
            note.result = f"β = {power.power:g} ({power.rule}), R² = {power.r_squared:.3f}"
        found = cut_blocks(correlator, parameters=chosen, power=power.power, steps=steps)
        with steps.step("network modules") as note:
            labels = block_labels(found, len(x))
            if turnable is not None and turnable.any():
                x = x * group_signs(correlator.unit, labels, turnable=turnable)[:, None]
            labels = _settled(x, labels, chosen)
            eigengenes = module_eigengenes(x, labels)
            note.result = f"{len(eigengenes.values)} modules, {int((labels >= 0).sum()):,} features"
        with steps.step("membership"):
            kme = module_membership(x, eigengenes.values, kind=chosen.correlation)
    return Network(
        labels=labels,
        eigengenes=eigengenes,
        kme=kme,
        power=power,
        table=table,
        edges=joined([block.edges for block in found]),
        blocks=found,
    )


def cut_blocks(
    correlator: Correlator, *, parameters: NetworkParameters, power: float, steps: Steps
) -> tuple[Block, ...]:
    """Trees and their modules, block after block.

    Args:
        correlator: all features.
        parameters: of the network.
        power: the soft-threshold power.
        steps: where to show progress.

    Returns:
        The blocks, in order of first member.
    """
    block = feature_blocks(
        correlator.unit,
        max_size=parameters.max_block_size,
        sign_free=parameters.network == "unsigned",
    )
    return tuple(
        _cut_block(correlator, np.flatnonzero(block == number), parameters, power, steps)
        for number in range(int(block.max()) + 1)
    )


def block_labels(found: tuple[Block, ...], n_features: int) -> IntArray:
    """Modules of all blocks, numbered through, the largest 0, shape (n_features,)."""
    labels = np.full(n_features, -1, dtype=np.int64)
    first = 0
    for block in found:
        labels[block.members] = np.where(block.labels >= 0, block.labels + first, -1)
        first += int(block.labels.max(initial=-1)) + 1
    return largest_first(labels)


def _checked(values: npt.ArrayLike) -> FloatArray:
    x = check_values(values)
    problems = Problems()
    if len(x) < _FEWEST_FEATURES:
        problems.add("values", f"{len(x)} features", fix=f"at least {_FEWEST_FEATURES}")
    problems.raise_if_any(InputError, "no network of so few features")
    return x


def _power(
    correlator: Correlator, parameters: NetworkParameters, *, n_samples: int
) -> tuple[SoftThresholdTable, PowerChoice]:
    table = soft_threshold_table(correlator, network=parameters.network, powers=parameters.powers)
    if parameters.power is not None:
        return table, given_power(table, parameters.power)
    return table, choose_power(
        table,
        network=parameters.network,
        n_samples=n_samples,
        min_r_squared=parameters.min_r_squared,
    )


def _cut_block(
    correlator: Correlator,
    members: IntArray,
    parameters: NetworkParameters,
    power: float,
    steps: Steps,
) -> Block:
    """Overlap, tree, modules and edges of one block."""
    whole = len(members) == correlator.n_features
    with steps.step("topological overlap") as note:
        weights = adjacency_matrix(
            correlator if whole else correlator.subset(members),
            power=power,
            network=parameters.network,
            keep_sign=parameters.signed_overlap,
            single=len(members) > parameters.single_above,
        )
        overlap = topological_overlap(weights)
        del weights
        note.result = f"{len(members):,} features, {overlap.dtype}"
    with steps.step("tree") as note:
        tree = average_tree(overlap)
    with steps.step("tree cut") as note:
        labels = cut_tree_hybrid(
            tree,
            overlap,
            deep_split=parameters.deep_split,
            min_size=parameters.min_module_size,
            pam_stage=parameters.pam_stage,
            pam_respects_tree=parameters.pam_respects_tree,
            cut_height=parameters.detect_cut_height,
        )
        note.result = f"{int(labels.max(initial=-1)) + 1} modules"
    with steps.step("partners") as note:
        edges = strongest_partners(overlap, partners=parameters.partners, names=members)
        note.result = f"{len(edges):,} edges"
    return Block(members=members, tree=tree, labels=labels, edges=edges)


def _settled(values: FloatArray, labels: IntArray, parameters: NetworkParameters) -> IntArray:
    """Modules after members left or moved and close modules were joined."""
    network = parameters.network
    labels = trim_modules(
        values,
        labels,
        network=network,
        kind=parameters.correlation,
        min_size=parameters.min_module_size,
        min_core_kme=parameters.min_core_kme,
        min_core_size=parameters.core_size,
        min_kme_to_stay=parameters.min_kme_to_stay,
    )
    labels = reassign_members(
        values,
        labels,
        network=network,
        kind=parameters.correlation,
        threshold=parameters.reassign_threshold,
    )
    return merge_close_modules(values, labels, cut_height=parameters.merge_cut_height)
