"""Transcript counts sorted by gene, read a block at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.features.design import ROWS_A_BLOCK


def take_block(
    matrix: npt.NDArray[Any], rows: npt.NDArray[np.int64], order: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Some rows of a matrix with its columns in order, as float64.

    Args:
        matrix: shape (n_features, n_samples) as the bundle holds it.
        rows: shape (n,).
        order: shape (n_samples,).
    """
    part = matrix[rows]
    if not np.array_equal(order, np.arange(matrix.shape[1])):
        part = part[:, order]
    return part.astype(np.float64, copy=False)


@dataclass(frozen=True)
class SortedCounts:
    """Transcript counts of one bundle, sorted by gene, then transcript; read a block at a time.

    At 60,000 transcripts and 1,000 samples a float64 copy of them all is half a gigabyte.

    Attributes:
        matrix: as the bundle holds it.
        rows: its rows in order, shape (n_transcripts,).
        order: its columns in order, shape (n_samples,).
        starts: first of `rows` of each gene, shape (n_genes,).
        table: the transcript table in the order of `rows`.
    """

    matrix: npt.NDArray[Any]
    rows: npt.NDArray[np.int64]
    order: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    table: pd.DataFrame

    def gene_blocks(self) -> list[slice]:
        """Genes in runs of at most `ROWS_A_BLOCK` transcripts, unless one gene has more."""
        ends = np.append(self.starts[1:], len(self.rows))
        parts, first = [], 0
        while first < len(self.starts):
            last = int(np.searchsorted(ends, self.starts[first] + ROWS_A_BLOCK, side="right"))
            parts.append(slice(first, max(last, first + 1)))
            first = parts[-1].stop
        return parts

    def block(self, genes: slice) -> tuple[slice, npt.NDArray[np.int64]]:
        """Transcripts of some genes, and the first row of each gene among them."""
        stop = self.starts[genes.stop] if genes.stop < len(self.starts) else len(self.rows)
        first = int(self.starts[genes.start])
        return slice(first, int(stop)), self.starts[genes] - first

    def values(self, part: slice) -> npt.NDArray[np.float64]:
        """Counts of some transcripts, shape (n, n_samples)."""
        return take_block(self.matrix, self.rows[part], self.order)

    def take(self, use: npt.NDArray[np.bool_], starts: npt.NDArray[np.int64]) -> SortedCounts:
        """Some of the transcripts only; `starts` is where genes then start."""
        return SortedCounts(self.matrix, self.rows[use], self.order, starts, self.table[use])
