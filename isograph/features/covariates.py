"""The covariate design of a study: its formula over the sample table, checked and made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.errors import Problems, StudyError
from isograph.features.columns import looks_coded, read_column
from isograph.features.design import (
    Design,
    Floats,
    intercept_only,
    orthonormal_basis,
    residualise,
    restrict,
)
from isograph.features.slips import UNCLEAR_FIX, unclear_numbers
from isograph.features.traits import SAMPLE_ID, check_known

if TYPE_CHECKING:
    from isograph.features.formula import ParsedFormula

__all__ = ["Design", "build_design", "intercept_only", "residualise", "restrict"]

MIN_RESIDUAL_DF = 8


def build_design(
    samples: pd.DataFrame,
    formula: str | None,
    *,
    drop_missing: bool = False,
    categorical: Sequence[str] = (),
) -> tuple[Design, npt.NDArray[np.bool_]]:
    """The design of a formula over the sample table.

    An intercept is always part of it, `~ 0 + …` or not, since features are centred anyway.
    Numbers enter as they are unless `categorical` or `C()` makes them groups; text enters as
    groups. Columns that the earlier ones already span are aliased and cost no rank. The span does
    not depend on the order of the rows, for the matrix is made with rows sorted by sample id.

    Args:
        samples: one row a sample, with `sample_id`.
        formula: one-sided, as `~ RIN + C(batch)`; None or `~ 1` for no covariates.
        drop_missing: leave out samples without a value of a covariate instead of refusing.
        categorical: columns that are groups although they are written as numbers.

    Returns:
        The design over the kept samples, in the order of the table; and the mask of kept samples,
        bool, shape (n_samples,).

    Raises:
        StudyError: names every unknown column, everything in the formula that is not allowed,
            every missing value, every covariate of one level, of a level for each sample or of
            numbers with slips, every transform that gives no number; or says that too few
            degrees of freedom are left.
    """
    ids = samples[SAMPLE_ID].astype(str).to_numpy(dtype=object)
    everyone = np.ones(len(ids), dtype=bool)
    known = [str(column) for column in samples.columns]
    problems = Problems()
    check_known(problems, "categorical", categorical, known=known)
    parsed = None
    if formula is not None and formula.strip():
        # formulaic takes half a second to import, and most fits have no covariates
        from isograph.features.formula import parse_formula

        parsed = parse_formula(formula, known=known, problems=problems)
    problems.raise_if_any(StudyError, "covariates refused")
    if parsed is None:
        return intercept_only(len(ids), sample_ids=ids.tolist()), everyone

    as_groups = {*categorical, *parsed.grouped}
    frame = pd.DataFrame(
        {
            name: read_column(samples[name], categorical=name in as_groups)
            for name in parsed.columns
        },
        index=samples.index,
    )
    keep = everyone
    if drop_missing:
        keep = np.asarray(frame.notna().to_numpy().all(axis=1), dtype=np.bool_)
    else:
        _check_missing(frame, ids, problems)
        problems.raise_if_any(StudyError, "covariates refused: values are missing")
    kept = frame.loc[keep].reset_index(drop=True)
    unclear = {
        name: "" if name in as_groups else unclear_numbers(samples[name][keep].set_axis(ids[keep]))
        for name in parsed.columns
    }
    _check_levels(kept, unclear, problems)
    problems.raise_if_any(StudyError, "covariates refused")
    return _make_design(parsed, kept, ids[keep], dropped=ids[~keep]), keep


def _make_design(
    parsed: ParsedFormula,
    frame: pd.DataFrame,
    ids: npt.NDArray[Any],
    *,
    dropped: npt.NDArray[Any],
) -> Design:
    from isograph.features.formula import model_matrix

    order = np.argsort(ids.astype(str), kind="stable")
    matrix, columns = model_matrix(frame.iloc[order].reset_index(drop=True), parsed)
    _check_finite(matrix, columns, ids[order])
    basis, left_out = orthonormal_basis(matrix)
    aliased = tuple(columns[i] for i in left_out)
    back = np.argsort(order, kind="stable")
    design = Design(
        formula=parsed.text,
        sample_ids=tuple(ids.tolist()),
        matrix=matrix[back],
        basis=basis[back],
        terms=tuple(str(term) for term in parsed.terms[1:]),
        rank=basis.shape[1] - 1,
        columns=columns,
        aliased=aliased,
        notes=_notes(parsed, frame, dropped, aliased),
    )
    _check_room(design)
    return design


def _check_missing(frame: pd.DataFrame, ids: npt.NDArray[Any], problems: Problems) -> None:
    for name in frame.columns:
        gone = ids[frame[name].isna().to_numpy()]
        if len(gone):
            problems.add(
                f"covariates: {name}",
                "no value in some samples",
                examples=gone,
                count=len(gone),
                fix="complete it, leave it out, or drop these samples with drop_missing",
            )


def _check_levels(frame: pd.DataFrame, unclear: Mapping[str, str], problems: Problems) -> None:
    n = len(frame)
    if n == 0:
        problems.add("covariates", "no sample has a value of every covariate")
        return
    for name in frame.columns:
        column = frame[name]
        if not isinstance(column.dtype, pd.CategoricalDtype):
            continue
        n_levels = column.nunique()
        where = f"covariates: {name}"
        if unclear[name]:
            problems.add(where, unclear[name], fix=UNCLEAR_FIX)
        elif n_levels == 1:
            what = f"has one level, {column.iloc[0]}, in all {n} samples"
            problems.add(where, what, fix="leave it out")
        elif n_levels == n:
            what = f"has a level of its own for each of {n} samples"
            problems.add(where, what, fix="leave it out, or store it as numbers if it is measured")


def _check_finite(matrix: Floats, columns: Sequence[str], ids: npt.NDArray[Any]) -> None:
    problems = Problems()
    for column, values in zip(columns, matrix.T, strict=True):
        bad = ids[~np.isfinite(values)]
        if len(bad):
            what = "gives no finite number in some samples"
            problems.add(f"covariates: {column}", what, examples=bad, count=len(bad))
    problems.raise_if_any(StudyError, "covariates refused")


def _check_room(design: Design) -> None:
    if design.rank and design.df_residual < MIN_RESIDUAL_DF:
        raise StudyError(
            f"covariates refused: `{design.formula}` makes {design.rank} independent columns "
            f"beside the intercept, which leaves {design.df_residual} residual degrees of freedom "
            f"in {design.n_samples} samples, and {MIN_RESIDUAL_DF} are needed → use fewer "
            "covariates or coarser groups"
        )


def _notes(
    parsed: ParsedFormula, frame: pd.DataFrame, dropped: npt.NDArray[Any], aliased: Sequence[str]
) -> tuple[str, ...]:
    notes = []
    if parsed.intercept_restored:
        notes.append("the intercept stays in the design: features are centred in any case")
    if len(dropped):
        shown = ", ".join(sorted(dropped)[:3]) + (", …" if len(dropped) > 3 else "")
        notes.append(f"samples dropped for a missing covariate ({len(dropped)}): {shown}")
    for name in frame.columns:
        is_number = not isinstance(frame[name].dtype, pd.CategoricalDtype)
        if name in parsed.straight and is_number and looks_coded(frame[name]):
            notes.append(
                f"{name} has {frame[name].nunique()} whole-number levels and enters as one "
                f"straight line; write C({name}) if these are groups"
            )
    if aliased:
        notes.append(f"columns that add nothing to the others: {', '.join(aliased)}")
    return tuple(notes)
