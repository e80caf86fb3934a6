"""Agreement of two covers, in which a gene may belong to several modules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def cover_agreement(
    truth: Sequence[pd.DataFrame | None],
    found: Sequence[pd.DataFrame | None],
    *,
    n_genes: int,
) -> float:
    """Overlapping normalised mutual information of two covers given as tables.

    Args:
        truth: tables of `gene_id`, `module_id`; their rows together are the planted cover.
        found: the same of the cover to score.
        n_genes: all genes of the data set, those in no module included.

    Returns:
        0 to 1; 1 for equal covers only.
    """
    one, other = _rows(truth), _rows(found)
    genes = pd.Index(np.union1d(one["gene_id"].to_numpy(str), other["gene_id"].to_numpy(str)))
    return overlapping_information(_members(one, genes), _members(other, genes), n_items=n_genes)


def _rows(tables: Sequence[pd.DataFrame | None]) -> pd.DataFrame:
    columns = ["gene_id", "module_id"]
    rows = [table[columns].dropna().astype(str) for table in tables if table is not None]
    return pd.concat(rows, ignore_index=True).drop_duplicates()


def _members(rows: pd.DataFrame, genes: pd.Index[str]) -> Floats:
    """Membership, shape (n_modules, n_genes), 0 or 1."""
    module, names = pd.factorize(rows["module_id"])
    members = np.zeros((len(names), len(genes)))
    members[module, genes.get_indexer(pd.Index(rows["gene_id"]))] = 1.0
    return members


def overlapping_information(one: Floats, other: Floats, *, n_items: int) -> float:
    """NMI of two covers, normalised by the larger entropy.

    Args:
        one: membership, shape (n_modules, n_listed), 0 or 1.
        other: membership of the other cover, shape (n_other, n_listed), columns in the same order.
        n_items: items in all; those beyond n_listed belong to no module.

    Returns:
        I(X:Y) / max(H(X), H(Y)), I = ½ [H(X) − H(X|Y) + H(Y) − H(Y|X)]; 0 where a cover says
        nothing.

    Source: McDaid, Greene & Hurley (2011), arXiv:1110.2515, equations 1–9; the conditional
    entropies are those of Lancichinetti, Fortunato & Kertész (2009), New J. Phys. 11:033015.
    """
    both = one @ other.T
    sizes, other_sizes = one.sum(axis=1), other.sum(axis=1)
    entropy = _entropy(sizes, n_items)
    other_entropy = _entropy(other_sizes, n_items)
    largest = max(entropy.sum(), other_entropy.sum())
    if largest <= 0 or len(sizes) == 0 or len(other_sizes) == 0:
        return 0.0
    joint, usable = _joint(both, sizes, other_sizes, n_items)
    # a module that no other describes better than its complement keeps all its entropy
    given = np.where(usable, joint - other_entropy[None, :], entropy[:, None]).min(axis=1)
    other_given = np.where(usable, joint - entropy[:, None], other_entropy[None, :]).min(axis=0)
    shared = entropy.sum() - given.sum() + other_entropy.sum() - other_given.sum()
    return float(np.clip(0.5 * shared / largest, 0.0, 1.0))


def _term(count: Floats, n_items: int) -> Floats:
    """h(w) = −(w/n) log₂(w/n), 0 at 0."""
    share = np.maximum(count, 0.0) / n_items
    return -share * np.log2(share, out=np.zeros_like(share), where=share > 0)


def _entropy(sizes: Floats, n_items: int) -> Floats:
    total: Floats = _term(sizes, n_items) + _term(n_items - sizes, n_items)
    return total


def _joint(
    both: Floats, sizes: Floats, other_sizes: Floats, n_items: int
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """H(Xᵢ, Yⱼ) and whether the pair agrees more than it disagrees, both (n_modules, n_other)."""
    neither = _term(n_items - sizes[:, None] - other_sizes[None, :] + both, n_items)
    only_other = _term(other_sizes[None, :] - both, n_items)
    only_one = _term(sizes[:, None] - both, n_items)
    shared = _term(both, n_items)
    return neither + only_other + only_one + shared, neither + shared >= only_other + only_one
