"""Features with the samples of each gene in an order of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from isograph.features.blocks import Blocks
from isograph.features.design import residualise
from isograph.features.model import FeatureSet

FEWEST_EXCHANGEABLE = 5
"""Blocks of like size below which permutations say little about what donors differ in."""

_NOTHING = 1e-9


class BlocksPermuted(NamedTuple):
    """Which blocks (donors) kept their samples together.

    Attributes:
        column: sample column that names them.
        n_blocks: how many there are.
        n_exchangeable: those that have as many samples as another one, and so could change places.
    """

    column: str
    n_blocks: int
    n_exchangeable: int

    @property
    def too_few(self) -> bool:
        """Whether donors' own differences were hardly permuted."""
        return self.n_exchangeable < FEWEST_EXCHANGEABLE


def blocks_permuted(blocks: Blocks | None) -> BlocksPermuted | None:
    """What `permute_genes` can do with blocks; None without."""
    if blocks is None:
        return None
    _, number = np.unique(blocks.sizes, return_counts=True)
    like = int(number[number > 1].sum())
    return BlocksPermuted(blocks.column, blocks.n_blocks, like)


def permute_genes(features: FeatureSet, *, rng: np.random.Generator) -> FeatureSet:
    """The same features with the samples of each gene in an order of their own.

    Where samples come in blocks (donors), what a gene's blocks differ in must stay: blocks of the
    same size change places as wholes, and the samples of each block among themselves. Rows in which
    samples of a donor are alike to any degree, and otherwise independent, have the same
    distribution in each such order. Blocks of a size that no other has stay where they are.

    Args:
        features: standardised features.
        rng: draws one order a gene.

    Returns:
        Rows of mean 0 and mean square 1, orthogonal to the design; 0 where not observed.
    """
    shape = len(features.gene_ids), features.n_samples
    if features.blocks is None:
        order = np.argsort(rng.random(shape), axis=1)[features.gene_of]
    else:
        order = _orders_of_blocks(features.blocks, shape[0], rng)[features.gene_of]
    values = np.take_along_axis(features.values, order, axis=1)
    observed = np.take_along_axis(features.observed, order, axis=1)
    if features.design.rank:
        # in another order rows follow the covariates a little again
        rest = residualise(np.where(observed, values, np.nan), features.design)
        values = np.where(observed, rest, 0.0)
        size = np.sqrt(np.mean(np.square(values), axis=1))
        values /= np.where(size > _NOTHING, size, np.inf)[:, None]
    return replace(features, values=values, observed=observed)


def _orders_of_blocks(
    blocks: Blocks, n_orders: int, rng: np.random.Generator
) -> npt.NDArray[np.intp]:
    """Orders of samples that keep blocks together, shape (n_orders, n_samples)."""
    order = np.empty((n_orders, len(blocks.codes)), dtype=np.intp)
    by_block = np.argsort(blocks.codes, kind="stable")
    starts = np.concatenate([[0], np.cumsum(blocks.sizes)[:-1]])
    for size in np.unique(blocks.sizes):
        like = np.flatnonzero(blocks.sizes == size)
        samples = by_block[starts[like][:, None] + np.arange(size)]
        block = np.argsort(rng.random((n_orders, len(like))), axis=1)
        within = np.argsort(rng.random((n_orders, *samples.shape)), axis=2)
        taken = np.take_along_axis(samples[block], within, axis=2)
        order[:, samples.ravel()] = taken.reshape(n_orders, -1)
    return order
