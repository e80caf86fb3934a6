"""What two sample columns that go together mean for a study, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.errors import StudyError
from isograph.features.covariates import build_design, residualise, restrict
from isograph.features.traits import TraitKind
from isograph.quality.confounding import (
    FIRST,
    LEAST_Q,
    LEAST_STRENGTH,
    MEASURES,
    SAME,
    SECOND,
    standard_size,
)
from isograph.quality.model import Role, SampleColumn
from isograph.study import Study

MOST_INFLATION = 5.0
"""Variance inflation from which covariates together leave little of a trait."""

_EXPLAINED = 1e-8


def asked_pairs(
    pairs: pd.DataFrame, columns: Sequence[SampleColumn], *, study: Study
) -> npt.NDArray[np.bool_]:
    """Pairs that the study makes it matter for, shape (n_pairs,).

    Traits against covariates where both are named, named ones against all others where one kind is
    named, every pair otherwise. Traits are also held against what was measured.
    """
    roles = pairs[["role_1", "role_2"]].to_numpy(dtype=str)
    here = {column.role for column in columns}
    wanted = [role for role in (Role.TRAIT, Role.COVARIATE) if role in here]

    def between(role: Role, *others: Role) -> npt.NDArray[np.bool_]:
        there = [str(other) for other in others]
        one, two = roles[:, 0], roles[:, 1]
        found: npt.NDArray[np.bool_] = ((one == role) & np.isin(two, there)) | (
            (two == role) & np.isin(one, there)
        )
        return found

    if not wanted:
        return np.ones(len(pairs), dtype=bool)
    if len(wanted) == 2:
        return between(Role.TRAIT, Role.COVARIATE, Role.MEASURED)
    if wanted == [Role.TRAIT]:
        return between(Role.TRAIT, Role.OTHER, Role.MEASURED)
    return between(Role.COVARIATE, Role.OTHER)


def warned_pairs(pairs: pd.DataFrame, asked: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Asked pairs that go together strongly, or of which one determines the other."""
    strong = (pairs["strength"] > LEAST_STRENGTH) & (pairs["qvalue"] < LEAST_Q)
    found: npt.NDArray[np.bool_] = asked & (strong | (pairs["relation"] != "")).to_numpy(bool)
    return found


def pair_in_words(row: dict[str, Any], *, named: bool) -> str:
    """What a pair means.

    Args:
        row: of `column_pairs`.
        named: whether the study named traits or covariates; else the pair is only described.
    """
    one, two, relation = row["column_1"], row["column_2"], row["relation"]
    if row["role_2"] == Role.TRAIT and row["role_1"] != Role.TRAIT:
        one, two = two, one
        relation = {FIRST: SECOND, SECOND: FIRST}.get(relation, relation)
    untold = f": {one} cannot be told from {two}." if named else "."
    if relation == SAME:
        what = "measurement but for scale" if row["measure"] == "r" else "grouping of the samples"
        return f"{one} and {two} are the same {what}{untold}"
    if relation == FIRST:
        levels = f"every level of {two} has one {one} only"
        if not named:
            return f"{one} is determined by {two}: {levels}."
        return f"Completely confounded, {levels}{untold}"
    if relation == SECOND:
        levels = f"every level of {one} has one {two} only"
        if not named:
            return f"{two} is determined by {one}: {levels}."
        return (
            f"{two} is determined by {one}, {levels}: between levels of {two}, {one} cannot be "
            f"told from {two}."
        )
    strength = f"{MEASURES[row['measure']]} {row['strength']:.2f}, q {row['qvalue']:.1e}"
    if not named:
        return f"{one} goes with {two} ({strength})."
    if Role.MEASURED in (row["role_1"], row["role_2"]):
        return f"{one} goes with the {two} of the samples ({strength})."
    return (
        f"{one} goes with {two} ({strength}): what one of them does is hard to tell from the other."
    )


def joint_warnings(
    samples: pd.DataFrame, columns: Sequence[SampleColumn], *, study: Study
) -> tuple[list[str], str]:
    """Traits that the covariates together determine, or leave little of.

    With R² the share of a trait's variance (of its indicators, for groups) that the design of all
    covariates explains, 1/(1 − R²) is its variance inflation.

    Args:
        samples: sample table.
        columns: usable ones with their roles.
        study: gives the formula.

    Returns:
        The warnings, and why the design could not be made (empty if it could).
    """
    covariates = [column for column in columns if column.role == Role.COVARIATE]
    if study.covariates is None or len(covariates) < 2:
        return [], ""
    try:
        design, keep = build_design(
            samples, study.covariates, drop_missing=True, categorical=study.categorical
        )
    except StudyError as error:
        return [], " ".join(str(error).split())
    wanted = Role.TRAIT if any(c.role == Role.TRAIT for c in columns) else Role.OTHER
    ids = samples.loc[keep, "sample_id"].astype(str).tolist()
    told = []
    for column in columns:
        if column.role != wanted:
            continue
        values = column.trait.values.loc[ids]
        there = values.notna().to_numpy()
        if there.sum() < 2 or design.rank == 0:
            continue
        part = values[there]
        if column.trait.kind == TraitKind.CONTINUOUS:
            rows = standard_size(part.to_numpy(dtype=np.float64))[None, :]
        else:
            used = part.cat.remove_unused_categories()
            rows = pd.get_dummies(used).to_numpy(dtype=np.float64).T
        rows = rows - rows.mean(axis=1, keepdims=True)
        total = float((rows**2).sum())
        if total <= 0:
            continue
        left = float((residualise(rows, restrict(design, there)) ** 2).sum()) / total
        if left <= _EXPLAINED:
            told.append(
                f"The covariates together determine {column.name}: nothing is left to test."
            )
        elif left < 1 / MOST_INFLATION:
            told.append(
                f"The covariates together explain {1 - left:.0%} of {column.name}: little is left "
                "to test."
            )
    return told, ""
