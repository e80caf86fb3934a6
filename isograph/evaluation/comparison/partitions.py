"""Modules of two fits as partitions: which belong together, and which genes moved."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import linear_sum_assignment

from isograph.evaluation.agreement import (
    jaccard,
    overlaps,
    rand_and_information,
    sizes,
    with_singletons,
)
from isograph.evaluation.labels import module_labels

Ints = npt.NDArray[np.int64]
Genes = tuple[str, ...]


@dataclass(frozen=True)
class ModuleMatch:
    """A module and its counterpart.

    Attributes:
        left: its id on the left; None where it has no counterpart there.
        right: the same on the right.
        n_left, n_right: genes on either side.
        n_shared: genes in both.
        jaccard: shared genes over those of either.
    """

    left: str | None
    right: str | None
    n_left: int
    n_right: int
    n_shared: int
    jaccard: float

    @property
    def same(self) -> bool:
        """Whether both have the same genes."""
        return self.n_shared == self.n_left == self.n_right

    def as_dict(self) -> dict[str, Any]:
        """Every attribute by name."""
        return asdict(self)


@dataclass(frozen=True)
class PartitionAgreement:
    """How two partitions agree, whatever their modules are called.

    Attributes:
        n_genes: genes assigned on either side.
        ari: adjusted Rand index over them, each unassigned one its own singleton; None for fewer
            than two.
        matches: pairs of modules, those of the left in the order of their smallest gene, then
            modules without a counterpart on the left.
        moved: genes assigned in both, but not to modules that belong together.
        only_left: genes assigned on the left only.
        only_right: genes assigned on the right only.
    """

    n_genes: int
    ari: float | None
    matches: tuple[ModuleMatch, ...]
    moved: Genes
    only_left: Genes
    only_right: Genes

    @property
    def same(self) -> bool:
        """Whether the modules are the same, names aside."""
        return all(match.same for match in self.matches)

    @property
    def pairs(self) -> tuple[ModuleMatch, ...]:
        """Modules that have a counterpart."""
        return tuple(match for match in self.matches if None not in (match.left, match.right))

    @property
    def n_renamed(self) -> int:
        """Modules whose counterpart has another name."""
        return sum(match.left != match.right for match in self.pairs)


def compare_partitions(left: pd.DataFrame, right: pd.DataFrame) -> PartitionAgreement:
    """Match modules one to one, so that the sum of their Jaccard indices is largest.

    Neither names of modules nor the order of rows matter.

    Args:
        left: `gene_id`, `module_id` of assigned genes, one row a gene.
        right: the same of the other fit.

    Sources: Hubert and Arabie (1985) for the index, Kuhn (1955) for the assignment.
    """
    genes = np.union1d(left["gene_id"].to_numpy(dtype=str), right["gene_id"].to_numpy(dtype=str))
    one, other = module_labels(left, genes), module_labels(right, genes)
    names, other_names = _names(left), _names(right)
    match, shared = _one_to_one(one, other)
    both = (one >= 0) & (other >= 0)
    moved = both & (np.append(match, -1)[one] != other)
    return PartitionAgreement(
        n_genes=len(genes),
        ari=rand_and_information(with_singletons(one), with_singletons(other))[0],
        matches=_matches(match, shared, (names, other_names), (sizes(one), sizes(other))),
        moved=tuple(genes[moved].tolist()),
        only_left=tuple(genes[(one >= 0) & (other < 0)].tolist()),
        only_right=tuple(genes[(one < 0) & (other >= 0)].tolist()),
    )


def _names(table: pd.DataFrame) -> list[str]:
    """Module ids in the order of their smallest gene, as `module_labels` counts them."""
    found: list[str] = table.sort_values("gene_id")["module_id"].unique().tolist()
    return found


def _one_to_one(one: Ints, other: Ints) -> tuple[Ints, Ints]:
    """Counterpart of each module of `one` (−1 for none) and the overlaps of all pairs."""
    left_sizes, right_sizes = sizes(one), sizes(other)
    shape = (len(left_sizes), len(right_sizes))
    match = np.full(shape[0], -1, dtype=np.int64)
    shared = overlaps(one, other, shape=shape)
    if shared.size:
        rows, columns = linear_sum_assignment(
            jaccard(shared, left_sizes, right_sizes), maximize=True
        )
        meet = shared[rows, columns] > 0
        match[rows[meet]] = columns[meet]
    return match, shared


def _matches(
    match: Ints, shared: Ints, names: tuple[list[str], list[str]], members: tuple[Ints, Ints]
) -> tuple[ModuleMatch, ...]:
    left, right = names
    found = []
    for index, partner in enumerate(match.tolist()):
        n = int(members[0][index])
        if partner < 0:
            found.append(ModuleMatch(left[index], None, n, 0, 0, 0.0))
            continue
        n_right, both = int(members[1][partner]), int(shared[index, partner])
        index_of = both / (n + n_right - both)
        found.append(ModuleMatch(left[index], right[partner], n, n_right, both, index_of))
    lone = sorted(set(range(len(right))) - set(match.tolist()))
    return (*found, *(ModuleMatch(None, right[k], 0, int(members[1][k]), 0, 0.0) for k in lone))
