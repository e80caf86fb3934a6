"""A design matrix, its orthonormal basis, and its removal from rows of values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from isograph.errors import StudyError
from isograph.machine import blocks, in_threads, one_thread

_CONSTANT_TOLERANCE = 1e-11
_ALIAS_TOLERANCE = 1e-7
_PINV_TOLERANCE = 1e-10
ROWS_A_BLOCK = 4096

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Design:
    """What is removed from every feature: an intercept and the columns of a formula.

    Attributes:
        formula: as the user wrote it, from its `~`; None without one.
        sample_ids: of the rows; empty where the rows have no names.
        matrix: shape (n_samples, n_columns), intercept first, columns as formulaic codes them.
        basis: shape (n_samples, rank + 1), orthonormal columns with the span of `matrix`; the
            first is the intercept.
        terms: the formula's terms without the intercept.
        rank: rank of the design without the intercept; what degrees of freedom fall by.
        columns: names of the columns of `matrix`.
        aliased: columns that the others already span (a constant one among them).
        notes: what the user may want to know about the design.
    """

    formula: str | None
    sample_ids: tuple[str, ...]
    matrix: Floats
    basis: Floats
    terms: tuple[str, ...]
    rank: int
    columns: tuple[str, ...] = ("Intercept",)
    aliased: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return len(self.matrix)

    @property
    def df_residual(self) -> int:
        """Samples − 1 − rank."""
        return self.n_samples - 1 - self.rank

    def as_record(self) -> dict[str, Any]:
        """The design as `fit_config.json` has it."""
        return {
            "formula": self.formula,
            "terms": list(self.terms),
            "rank": self.rank,
            "n_samples": self.n_samples,
            "columns": list(self.columns),
            "aliased": list(self.aliased),
            "notes": list(self.notes),
        }


def intercept_only(n_samples: int, *, sample_ids: Sequence[str] = ()) -> Design:
    """The design without covariates: removing it centres rows."""
    ones = np.ones((n_samples, 1))
    basis = ones / np.sqrt(max(n_samples, 1))
    return Design(None, tuple(sample_ids), ones, basis, terms=(), rank=0)


def restrict(design: Design, rows: npt.NDArray[np.bool_]) -> Design:
    """The same design over some of its samples; its rank may be lower there.

    Args:
        design: over all samples.
        rows: bool, shape (n_samples,).
    """
    if rows.all():
        return design
    ids = tuple(np.array(design.sample_ids, dtype=object)[rows]) if design.sample_ids else ()
    if not design.rank:
        return intercept_only(int(rows.sum()), sample_ids=ids)
    matrix = design.matrix[rows]
    basis, aliased = orthonormal_basis(matrix)
    return Design(
        formula=design.formula,
        sample_ids=ids,
        matrix=matrix,
        basis=basis,
        terms=design.terms,
        rank=basis.shape[1] - 1,
        columns=design.columns,
        aliased=tuple(design.columns[i] for i in aliased),
        notes=design.notes,
    )


def residualise(values: npt.ArrayLike, design: Design) -> Floats:
    """Rows less their least-squares fit on the design.

    A row with missing entries is fitted on its observed samples alone. One BLAS thread and blocks
    of fixed size make the result the same whatever the number of threads.

    Args:
        values: shape (n_rows, n_samples), columns in the design's sample order; NaN is missing.
        design: what to remove.

    Returns:
        float64, the shape of `values`, NaN where it was missing.

    Raises:
        StudyError: the number of columns is not the design's number of samples.
    """
    rows = np.asarray(values, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != design.n_samples:
        shape = "×".join(str(size) for size in rows.shape)
        raise StudyError(f"values of shape {shape} do not fit {design.n_samples} samples")
    result = np.empty_like(rows)

    def fill(part: slice) -> None:
        result[part] = residualise_block(rows[part], design)

    with one_thread():
        in_threads(fill, blocks(len(rows), ROWS_A_BLOCK))
    return result


def residualise_block(rows: Floats, design: Design) -> Floats:
    """`residualise` for at most `ROWS_A_BLOCK` rows, by a caller who holds BLAS at one thread."""
    basis = design.basis
    observed = ~np.isnan(rows)
    if observed.all():
        fitted: Floats = (rows @ basis) @ basis.T
        return np.subtract(rows, fitted, out=fitted)
    filled = np.where(observed, rows, 0.0)
    loadings = filled @ basis
    # basis columns are not orthonormal on a part of the samples: solve the normal equations there
    gaps = ~observed.all(axis=1)
    rank = basis.shape[1]
    products = (basis[:, :, None] * basis[:, None, :]).reshape(len(basis), rank * rank)
    gram = (observed[gaps].astype(np.float64) @ products).reshape(-1, rank, rank)
    inverse = np.linalg.pinv(gram, rcond=_PINV_TOLERANCE, hermitian=True)
    loadings[gaps] = np.einsum("rij,rj->ri", inverse, loadings[gaps])
    return np.where(observed, filled - loadings @ basis.T, np.nan)


def orthonormal_basis(matrix: Floats) -> tuple[Floats, list[int]]:
    """Gram–Schmidt, each column orthogonalised twice (Giraud et al. 2005, Numer. Math. 101:87).

    Args:
        matrix: shape (n_samples, n_columns), the first column constant.

    Returns:
        The basis, shape (n_samples, rank), and the columns left out because the earlier ones span
        them: constant ones, and those whose remainder is below 1e-7 of their own centred length.
    """
    n = len(matrix)
    basis = np.empty((n, min(matrix.shape)))
    basis[:, 0] = 1.0 / np.sqrt(n)
    rank, aliased = 1, []
    with one_thread():
        for index in range(1, matrix.shape[1]):
            column = matrix[:, index] / max(np.abs(matrix[:, index]).max(), np.finfo(float).tiny)
            rest = column - column.mean()
            length = np.linalg.norm(rest)
            if rank == n or length <= _CONSTANT_TOLERANCE * np.sqrt(n):
                aliased.append(index)
                continue
            for _ in range(2):
                rest = rest - basis[:, :rank] @ (basis[:, :rank].T @ rest)
            if np.linalg.norm(rest) <= _ALIAS_TOLERANCE * length:
                aliased.append(index)
                continue
            basis[:, rank] = rest / np.linalg.norm(rest)
            rank += 1
    return np.ascontiguousarray(basis[:, :rank]), aliased


def extend(design: Design, columns: Floats, *, names: Sequence[str]) -> Design:
    """The design with further columns, such as broad factors found in the data.

    Args:
        design: of the study.
        columns: shape (n_samples, n_columns).
        names: one a column.
    """
    matrix = np.column_stack([design.matrix, columns])
    basis, aliased = orthonormal_basis(matrix)
    everything = (*design.columns, *names)
    return replace(
        design,
        matrix=matrix,
        basis=basis,
        rank=basis.shape[1] - 1,
        columns=everything,
        aliased=tuple(everything[i] for i in aliased),
    )
