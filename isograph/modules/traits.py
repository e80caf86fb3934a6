"""Tests of module eigengenes against traits, with the study's covariates taken out of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from isograph.errors import Problems, StudyError
from isograph.features.blocks import (
    Blocks,
    Unit,
    block_means,
    mean_design,
    unit_of,
    with_blocks,
)
from isograph.features.design import Design, orthonormal_basis, residualise, restrict
from isograph.features.traits import SAMPLE_ID, Trait, TraitKind
from isograph.machine import one_thread
from isograph.network.significance import benjamini_hochberg
from isograph.schemas import TRAITS

_MIN_SAMPLES = 4
_MIN_LEVEL = 2
_MIN_GROUP_DF = 0.5
_EXPLAINED = 1e-4
_CONSTANT = 1e-12
_EPS = float(np.finfo(np.float64).eps)
_TEXT = ("module_id", "trait", "test", "level", "reference_level")
_TESTS = {
    TraitKind.CONTINUOUS: "pearson",
    TraitKind.TWO_LEVEL: "welch",
    TraitKind.MANY_LEVEL: "anova",
}

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Tested:
    """One trait against all modules; each array has shape (n_modules,), NaN where not tested."""

    effect: Floats
    statistic: Floats
    pvalue: Floats
    r: Floats


def module_traits(
    eigengenes: npt.ArrayLike,
    *,
    module_ids: Sequence[str],
    traits: Sequence[Trait],
    samples: pd.DataFrame,
    design: Design,
    blocks: Blocks | None = None,
) -> pd.DataFrame:
    """Test every module against every trait.

    Eigengene and trait are both residualised on the design over the samples that have the trait,
    so every test is that of the trait's coefficient in a regression of the eigengene on design
    and trait (Frisch–Waugh–Lovell), with q the rank of the design without intercept:

    - measured traits, `pearson`: partial correlation r, t = r √(df / (1 − r²)), df = n − 2 − q.
    - two levels, `welch`: adjusted difference of means b = Σ t̃ẽ / Σ t̃², level less reference
      level; its variance is Σ t̃² s²_g / (Σ t̃²)², with s²_g the residual variance of the sample's
      own level and d_g = Σ_g (1 − h_ii) degrees of freedom, h the leverage in the full
      regression; Welch–Satterthwaite degrees of freedom from the two d_g, which add up to
      n − 2 − q. Without covariates d_g = n_g − 1 and this is Welch's test (1947, Biometrika 34:28).
    - three levels or more, `anova`: F of the indicators given the design, effect partial eta².

    Missing trait values leave out their samples for that trait alone. Levels with one sample are
    left out of `anova`. A row has null results (and counts nowhere in the q values) where it cannot
    be tested: fewer than four samples; a level of a two-level trait with one sample or none; one
    level left; no residual degree of freedom; a trait that the covariates explain (R² > 1 − 10⁻⁸).

    With blocks (several samples of a donor) a trait that varies within any of them is tested within
    blocks: their indicators join the design, which takes out what donors differ in (the
    fixed-effects estimator), in blocks of two samples or more. A trait that is the same throughout
    each block is tested between blocks: eigengene, design and trait are averaged over each block's
    samples, and `n` counts blocks. With normal errors and a random effect of each donor (Laird &
    Ware 1982, Biometrics 38:963) the first is exact, the second where blocks have the same size;
    averaging the design rather than residuals keeps covariates exact, for what was taken out of the
    eigengene before is a combination of its columns. The column of the blocks itself, should
    it be among the traits, is tested as if there were none.

    Args:
        eigengenes: shape (n_modules, n_samples), finite.
        module_ids: one a row.
        traits: constant and id-like ones are left out.
        samples: sample table with `sample_id`, rows in the order of the eigengenes' columns.
        design: the study's covariates over these samples.
        blocks: which samples are of one donor; None where all are independent.

    Returns:
        One row a module and trait with the columns of `results.schemas.TRAITS`, sorted by both.
        `statistic` is t, t or F; `r` is Pearson's, the point-biserial correlation, or √eta².
        `qvalue` is Benjamini and Hochberg's over all rows, so give all modules at once.

    Raises:
        StudyError: shapes or sample ids disagree, or an eigengene is not finite.
    """
    values = np.asarray(eigengenes, dtype=np.float64)
    ids = samples[SAMPLE_ID].astype(str).to_numpy(dtype=object)
    if len(module_ids):
        _check(values, ids, n_modules=len(module_ids), traits=traits, design=design)
    tables = []
    with one_thread():
        for trait in traits:
            if trait.testable and len(module_ids):
                tables.append(
                    _trait_rows(
                        values, trait, ids=ids, design=design, blocks=blocks, rows=module_ids
                    )
                )
    frame = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=TRAITS.names)
    frame["qvalue"] = benjamini_hochberg(frame["pvalue"].to_numpy(dtype=np.float64))
    frame = frame.sort_values(["module_id", "trait"], kind="stable", ignore_index=True)
    dtypes = dict.fromkeys(TRAITS.names, "float64") | {"n": "int64"} | dict.fromkeys(_TEXT, "O")
    typed: pd.DataFrame = frame[TRAITS.names].astype(dtypes)
    return typed


def _check(
    eigengenes: Floats,
    ids: npt.NDArray[Any],
    *,
    n_modules: int,
    traits: Sequence[Trait],
    design: Design,
) -> None:
    problems = Problems()
    if eigengenes.shape != (n_modules, len(ids)) or design.n_samples != len(ids):
        shape = "×".join(str(size) for size in eigengenes.shape)
        what = f"shape {shape} for {n_modules} modules, {len(ids)} samples"
        problems.add("eigengenes", f"{what} and a design of {design.n_samples} samples")
    elif design.sample_ids and design.sample_ids != tuple(ids):
        problems.add("samples", "are not those of the design, in its order")
    bad = int((~np.isfinite(eigengenes)).sum())
    if bad:
        problems.add("eigengenes", "values are not finite", count=bad)
    for trait in traits:
        absent = sorted(set(ids) - set(trait.values.index))
        if absent:
            what = "was read from a table without some samples"
            problems.add(f"trait {trait.name}", what, examples=absent, count=len(absent))
    problems.raise_if_any(StudyError, "module–trait tests refused")


def _trait_rows(
    eigengenes: Floats,
    trait: Trait,
    *,
    ids: npt.NDArray[Any],
    design: Design,
    blocks: Blocks | None,
    rows: Sequence[str],
) -> pd.DataFrame:
    values = trait.values.loc[ids]
    if blocks is not None:
        unit = unit_of(trait, ids.tolist(), blocks)
        eigengenes, values, design = _by_unit(eigengenes, values, design, blocks, unit)
    observed = values.notna().to_numpy()
    if trait.kind == TraitKind.MANY_LEVEL:
        sizes = values.value_counts()
        observed &= values.isin(sizes.index[sizes >= _MIN_LEVEL]).to_numpy()
    values = values[observed]
    tested = _untested(len(rows))
    if len(values) >= _MIN_SAMPLES:
        part = restrict(design, observed)
        rest = _residual_rows(eigengenes[:, observed], part)
        if trait.kind == TraitKind.CONTINUOUS:
            tested = _pearson(rest, values.to_numpy(dtype=np.float64), part)
        elif trait.kind == TraitKind.TWO_LEVEL:
            tested = _welch(rest, (values == trait.levels[1]).to_numpy(), part)
        else:
            indicators = pd.get_dummies(values.cat.remove_unused_categories())
            tested = _anova(rest, indicators.to_numpy(dtype=np.float64).T, part)
    two_level = trait.kind == TraitKind.TWO_LEVEL
    return pd.DataFrame(
        {
            "module_id": list(rows),
            "trait": trait.name,
            "test": _TESTS[trait.kind],
            "effect": tested.effect,
            "statistic": tested.statistic,
            "pvalue": tested.pvalue,
            "n": len(values),
            "r": tested.r,
            "level": trait.levels[1] if two_level else None,
            "reference_level": trait.levels[0] if two_level else None,
        }
    )


def _by_unit(
    eigengenes: Floats,
    values: pd.Series[Any],
    design: Design,
    blocks: Blocks,
    unit: Unit | None,
) -> tuple[Floats, pd.Series[Any], Design]:
    """Eigengenes, trait and design of what a trait is tested between: samples or blocks."""
    if unit is None:
        return eigengenes, values, design
    known = values.notna().to_numpy()
    eigengenes, values, design = eigengenes[:, known], values[known], restrict(design, known)
    blocks = blocks.of(known)
    if unit == Unit.BETWEEN:
        first = np.unique(blocks.codes, return_index=True)[1]
        return block_means(eigengenes, blocks), values.iloc[first], mean_design(design, blocks)
    several = blocks.several()
    part = restrict(design, several)
    return eigengenes[:, several], values[several], with_blocks(part, blocks.of(several))


def _untested(n_modules: int) -> _Tested:
    return _Tested(*(np.full(n_modules, np.nan) for _ in range(4)))


def _residual_rows(rows: Floats, design: Design) -> Floats:
    """Rows less their fit; a row that the design explains becomes NaN."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    rest = residualise(centred, design)
    gone = (rest**2).sum(axis=1) <= _CONSTANT * np.maximum((centred**2).sum(axis=1), _EPS)
    return np.where(gone[:, None], np.nan, rest)


def _explained(values: Floats, rest: Floats) -> bool:
    """Whether too little of a trait is left beside the covariates to say anything."""
    total = np.sqrt(((values - values.mean()) ** 2).sum())
    return bool(np.sqrt((rest**2).sum()) <= _EXPLAINED * total)


def _correlation(rest: Floats, trait: Floats) -> Floats:
    lengths = np.sqrt((rest**2).sum(axis=1) * (trait**2).sum())
    r: Floats = np.clip((rest @ trait) / lengths, -1.0, 1.0)
    return r


def _pearson(rest: Floats, values: Floats, design: Design) -> _Tested:
    df = design.df_residual - 1
    # the scale of a trait is arbitrary: unit size keeps squares away from overflow
    scaled = values / max(np.abs(values).max(), np.finfo(np.float64).tiny)
    trait = residualise(scaled[None, :], design)[0]
    if df < 1 or _explained(scaled, trait):
        return _untested(len(rest))
    r = _correlation(rest, trait)
    t = r * np.sqrt(df / np.maximum((1.0 - r) * (1.0 + r), _EPS))
    return _Tested(effect=r, statistic=t, pvalue=2.0 * special.stdtr(df, -np.abs(t)), r=r)


def _welch(rest: Floats, in_level: npt.NDArray[np.bool_], design: Design) -> _Tested:
    indicator = in_level.astype(np.float64)
    smallest = min(in_level.sum(), (~in_level).sum())
    trait = residualise(indicator[None, :], design)[0]
    if smallest < _MIN_LEVEL or _explained(indicator, trait):
        return _untested(len(rest))
    square = float((trait**2).sum())
    slack = 1.0 - (design.basis**2).sum(axis=1) - trait**2 / square
    groups = np.stack([in_level, ~in_level]).astype(np.float64)
    group_df = groups @ slack
    if group_df.min() < _MIN_GROUP_DF:
        return _untested(len(rest))
    b = rest @ trait / square
    noise = rest - b[:, None] * trait
    variances = (noise**2) @ groups.T / group_df
    # a level without any spread would divide by zero
    variances = np.maximum(variances, _EPS * (rest**2).mean(axis=1, keepdims=True))
    parts = variances * (groups @ trait**2) / square**2
    variance = parts.sum(axis=1)
    df = variance**2 / (parts**2 / group_df).sum(axis=1)
    t = b / np.sqrt(variance)
    pvalue = 2.0 * special.stdtr(df, -np.abs(t))
    return _Tested(effect=b, statistic=t, pvalue=pvalue, r=_correlation(rest, trait))


def _anova(rest: Floats, indicators: Floats, design: Design) -> _Tested:
    """`indicators` has shape (n_levels, n_samples)."""
    left = residualise(indicators, design)
    keep = [not _explained(whole, part) for whole, part in zip(indicators, left, strict=True)]
    n = rest.shape[1]
    basis = orthonormal_basis(np.column_stack([np.ones(n), left[keep].T]))[0][:, 1:]
    df_levels = basis.shape[1]
    df_rest = design.df_residual - df_levels
    if df_levels == 0 or df_rest < 1:
        return _untested(len(rest))
    total = (rest**2).sum(axis=1)
    between = ((rest @ basis) ** 2).sum(axis=1)
    eta = np.clip(between / total, 0.0, 1.0)
    f = (eta / df_levels) / (np.maximum(1.0 - eta, _EPS) / df_rest)
    return _Tested(
        effect=eta, statistic=f, pvalue=special.fdtrc(df_levels, df_rest, f), r=np.sqrt(eta)
    )
