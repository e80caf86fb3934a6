"""Samples that come from the same donor: who belongs together, and what that costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.errors import Problems, StudyError
from isograph.features.columns import read_column
from isograph.features.design import Design, extend, intercept_only, orthonormal_basis
from isograph.features.traits import SAMPLE_ID, Trait, check_known

NO_BLOCK = "none"
"""What switches off the block that a bundle records, unless a column is called so."""

RECORDED = "block"
"""Provenance key of a bundle under which an importer records the column."""

_NOTHING = 1e-9

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Unit(StrEnum):
    """What a trait is tested between."""

    WITHIN = "within"
    BETWEEN = "between"


@dataclass(frozen=True, eq=False)
class Blocks:
    """The block (donor) of each sample.

    Attributes:
        column: sample column that names it.
        codes: number of each sample's block, 0 … n_blocks − 1 in the order of their names, shape
            (n_samples,).
    """

    column: str
    codes: Ints

    @cached_property
    def sizes(self) -> Ints:
        """Samples of each block, shape (n_blocks,)."""
        return np.bincount(self.codes).astype(np.int64)

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return len(self.sizes)

    @property
    def n_repeated(self) -> int:
        """Blocks of two samples or more."""
        return int(np.count_nonzero(self.sizes > 1))

    @cached_property
    def indicators(self) -> Floats:
        """Orthonormal columns that are constant within blocks, shape (n_samples, n_blocks)."""
        columns = np.zeros((len(self.codes), self.n_blocks))
        columns[np.arange(len(self.codes)), self.codes] = 1 / np.sqrt(self.sizes[self.codes])
        return columns

    def of(self, kept: Bools) -> Blocks:
        """The blocks of some of the samples; `kept` has shape (n_samples,)."""
        return Blocks(self.column, np.unique(self.codes[kept], return_inverse=True)[1])

    def several(self) -> Bools:
        """Samples whose block has another one, shape (n_samples,)."""
        return np.asarray(self.sizes[self.codes] > 1)


def block_column(
    asked: str | None, provenance: Mapping[str, str], *, known: Sequence[str]
) -> str | None:
    """The column of blocks: the study's, else the one that the bundle records.

    Args:
        asked: `Study.block`; `none` switches off what is recorded, unless a column is called so.
        provenance: of the bundle.
        known: the sample columns.
    """
    if asked is None:
        return provenance.get(RECORDED) or None
    return None if asked == NO_BLOCK and NO_BLOCK not in known else asked


def read_blocks(samples: pd.DataFrame, column: str | None) -> Blocks | None:
    """The blocks that a sample column names.

    Args:
        samples: sample table with `sample_id`.
        column: its name; None for none.

    Returns:
        None where no block has two samples: there is nothing to respect.

    Raises:
        StudyError: there is no such column, samples have no value in it, or all have the same.
    """
    if column is None:
        return None
    problems = Problems()
    known = [str(name) for name in samples.columns if name != SAMPLE_ID]
    off = f"--block {NO_BLOCK} takes samples as independent"
    check_known(problems, "block", [column], known=known)
    problems.raise_if_any(StudyError, f"blocks refused ({off})")
    values = read_column(samples[column], categorical=True)
    gone = samples.loc[values.isna().to_numpy(), SAMPLE_ID].tolist()
    if gone:
        fix = f"give each a {column}, one of its own if need be; {off}"
        what = "no value in some samples"
        problems.add(f"block: {column}", what, examples=gone, count=len(gone), fix=fix)
    elif values.nunique() == 1:
        what = f"all {len(values)} samples are of {values.iloc[0]}"
        problems.add(f"block: {column}", what, fix=off)
    problems.raise_if_any(StudyError, "blocks refused")
    codes = np.unique(values.astype(str).to_numpy(dtype=str), return_inverse=True)[1]
    found = Blocks(column, codes.astype(np.int64))
    return found if found.n_repeated else None


def unit_of(trait: Trait, ids: Sequence[str], blocks: Blocks) -> Unit | None:
    """Whether a trait varies within any block or only between them.

    Args:
        trait: of these samples.
        ids: their ids, in the order of the blocks' codes.
        blocks: of the samples.

    Returns:
        None for the column of the blocks itself: that blocks do not differ is a statement about
        independent samples, and is tested between them.
    """
    if trait.name == blocks.column:
        return None
    return Unit.WITHIN if n_varying(trait, ids, blocks) else Unit.BETWEEN


def n_varying(trait: Trait, ids: Sequence[str], blocks: Blocks) -> int:
    """In how many blocks a trait has several values; see `unit_of` for the arguments."""
    values = trait.values.loc[list(ids)]
    known = values.notna().to_numpy()
    level = np.unique(_comparable(values[known]), return_inverse=True)[1]
    codes = blocks.codes[known]
    pairs = np.unique(np.stack([codes, level.astype(np.int64)]), axis=1)
    return int(np.count_nonzero(np.bincount(pairs[0]) > 1)) if pairs.size else 0


def _comparable(values: pd.Series[Any]) -> npt.NDArray[Any]:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.codes.to_numpy()
    return values.to_numpy(dtype=np.float64)


def with_blocks(design: Design, blocks: Blocks) -> Design:
    """The design with an indicator for each block (the within, or fixed-effects, estimator)."""
    names = [f"{blocks.column}[{code}]" for code in range(blocks.n_blocks)]
    return extend(design, blocks.indicators, names=names)


def block_means(rows: Floats, blocks: Blocks) -> Floats:
    """Mean over the samples of each block.

    Args:
        rows: shape (n_rows, n_samples).
        blocks: of the samples.

    Returns:
        Shape (n_rows, n_blocks).
    """
    means: Floats = (rows @ blocks.indicators) / np.sqrt(blocks.sizes)
    return means


def mean_design(design: Design, blocks: Blocks) -> Design:
    """The design over blocks: each column averaged (the between estimator)."""
    if not design.rank:
        return intercept_only(blocks.n_blocks)
    matrix = block_means(design.matrix.T, blocks).T
    # rounding must not make a column of what is the same in every block
    size = np.abs(design.matrix).max(axis=0)
    matrix = np.where(np.ptp(matrix, axis=0) > _NOTHING * size, matrix, 0.0)
    matrix[:, 0] = 1.0
    basis, aliased = orthonormal_basis(matrix)
    return Design(
        formula=design.formula,
        sample_ids=(),
        matrix=matrix,
        basis=basis,
        terms=design.terms,
        rank=basis.shape[1] - 1,
        columns=design.columns,
        aliased=tuple(design.columns[i] for i in aliased),
    )
