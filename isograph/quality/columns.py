"""Sample columns and what the study makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from isograph.errors import Problems, StudyError
from isograph.features.blocks import block_column
from isograph.features.ordered import ordered_levels
from isograph.features.traits import SAMPLE_ID, Trait, TraitKind, infer_traits
from isograph.quality.model import Floats, Role, SampleColumn
from isograph.study import Study

_ORDER = (Role.TRAIT, Role.COVARIATE, Role.OTHER, Role.MEASURED)


def study_columns(
    samples: pd.DataFrame, *, study: Study, provenance: Mapping[str, str] | None = None
) -> tuple[tuple[SampleColumn, ...], tuple[tuple[str, str], ...]]:
    """Usable columns with their roles, and the others with the reason.

    A column that is named both as a trait and as a covariate is a covariate.

    Args:
        samples: sample table.
        study: gives `traits`, `covariates`, `categorical`, `block` and `ordered`.
        provenance: of the bundle, which may record ordered levels and the column of donors.

    Returns:
        columns: traits first, then covariates, then others, each in the order of the table.
        unusable: name and reason of constant and id-like columns.

    Raises:
        StudyError: names every unknown column, all that is wrong with the formula, and every named
            trait that cannot be tested.
    """
    problems = Problems()
    covariates, grouped = _formula_columns(samples, study, problems)
    categorical = list(dict.fromkeys((*study.categorical, *grouped)))
    known = [str(name) for name in samples.columns if name != SAMPLE_ID]
    recorded = provenance or {}
    block = block_column(study.block, recorded, known=known)
    block = block if block in known else None
    try:
        ordered = ordered_levels(study.ordered, recorded, groups=study.categorical)
        infer_traits(
            samples,
            categorical=study.categorical,
            names=study.traits,
            ordered=ordered,
            block=block,
        )
    except StudyError as error:
        problems.found += error.problems
    problems.raise_if_any(StudyError, "study refused")
    if block is not None:
        # whether a trait follows the donors is asked here all the same
        categorical.append(block)
    found = infer_traits(
        samples,
        categorical=categorical,
        # a formula that makes groups of an ordered column is taken at its word
        ordered={name: levels for name, levels in ordered.items() if name not in categorical},
    )
    traits = set(study.traits or ())
    columns = [
        SampleColumn(trait, _role(trait.name, traits, covariates))
        for trait in found
        if trait.testable
    ]
    columns.sort(key=lambda column: _ORDER.index(column.role))
    unusable = tuple((t.name, t.reason or str(t.kind)) for t in found if not t.testable)
    return tuple(columns), unusable


def _role(name: str, traits: set[str], covariates: Sequence[str]) -> Role:
    if name in covariates:
        return Role.COVARIATE
    return Role.TRAIT if name in traits else Role.OTHER


def _formula_columns(
    samples: pd.DataFrame, study: Study, problems: Problems
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Columns of the covariate formula, and those of them that it makes groups."""
    if study.covariates is None or not study.covariates.strip():
        return (), ()
    # formulaic takes half a second to import, and most runs have no covariates
    from isograph.features.formula import parse_formula

    known = [str(column) for column in samples.columns]
    parsed = parse_formula(study.covariates, known=known, problems=problems)
    return ((), ()) if parsed is None else (parsed.columns, tuple(sorted(parsed.grouped)))


def measured_column(name: str, values: Floats, ids: Sequence[str]) -> SampleColumn | None:
    """Something that quality control measured, beside the sample columns; None if constant.

    Args:
        name: what it is called.
        values: shape (n_samples,), NaN where missing.
        ids: of the samples.
    """
    series: pd.Series[Any] = pd.Series(values, index=list(ids), dtype=float, name=name)
    if series.dropna().nunique() < 2:
        return None
    trait = Trait(
        name=name,
        kind=TraitKind.CONTINUOUS,
        levels=(),
        n_missing=int(series.isna().sum()),
        reason="measured by quality control",
        values=series,
    )
    return SampleColumn(trait, Role.MEASURED)
