"""Samples of a study: those it uses, and their design, traits and blocks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.bundle.model import Bundle
from isograph.errors import Problem, StudyError
from isograph.features.blocks import Blocks, block_column, read_blocks
from isograph.features.covariates import build_design
from isograph.features.design import Design
from isograph.features.model import META_COLUMNS
from isograph.features.ordered import ordered_levels
from isograph.features.traits import Trait, infer_traits
from isograph.study import Study

RESERVED_COLUMNS = frozenset((*META_COLUMNS, "module_id", "variance_explained"))

_LEAST_DF = 4


def check_samples(bundle: Bundle, *, study: Study) -> npt.NDArray[np.str_]:
    """Ids of the samples that features of a study are made of, sorted; without making any.

    Args:
        bundle: its sample table is looked at, nothing else.
        study: gives covariates, traits, categorical columns and `drop_missing`.

    Raises:
        StudyError: as `build_features` would for its samples.
    """
    samples, *_ = samples_in_use(bundle, study)
    return samples["sample_id"].to_numpy(dtype=str)


def samples_in_use(
    bundle: Bundle, study: Study
) -> tuple[pd.DataFrame, npt.NDArray[np.int64], Design, tuple[Trait, ...], Blocks | None]:
    """Samples sorted by id, their columns in the bundle, and their design, traits and blocks."""
    samples, order = _samples_in_order(bundle)
    design, kept, traits, blocks = read_samples(samples, study, provenance=bundle.provenance)
    samples = samples.loc[kept].reset_index(drop=True)
    return samples, order[kept], design, traits, blocks


def read_samples(
    samples: pd.DataFrame, study: Study, *, provenance: Mapping[str, str]
) -> tuple[Design, npt.NDArray[np.bool_], tuple[Trait, ...], Blocks | None]:
    """What a study makes of a sample table: design, samples that it keeps, traits and blocks.

    Args:
        samples: with `sample_id`, in any order.
        study: gives covariates, traits, categorical columns, blocks and ordered levels.
        provenance: of the bundle, which may record blocks and levels.

    Returns:
        The design over the samples kept; which are kept, bool, shape (n_samples,); traits and
        blocks of the samples kept.

    Raises:
        StudyError: the table cannot give what the study asks for.
    """
    design, kept = build_design(
        samples,
        study.covariates,
        drop_missing=study.drop_missing,
        categorical=study.categorical,
    )
    samples = samples.loc[kept].reset_index(drop=True)
    _refuse_too_few(len(samples) - 2 - design.rank, samples, design)
    known = [str(name) for name in samples.columns if name != "sample_id"]
    blocks = read_blocks(samples, block_column(study.block, provenance, known=known))
    traits = infer_traits(
        samples,
        categorical=study.categorical,
        names=study.traits,
        ordered=ordered_levels(study.ordered, provenance, groups=study.categorical),
        block=None if blocks is None else blocks.column,
    )
    return design, kept, traits, blocks


def _refuse_too_few(df: int, samples: pd.DataFrame, design: Design) -> None:
    if df < _LEAST_DF:
        problem = Problem(
            "samples",
            f"{len(samples)} with {design.rank} covariate columns leave {max(df, 0)} degrees of "
            "freedom for a correlation",
            fix=f"at least {_LEAST_DF + 2 + design.rank} samples are needed, 30 or more are better",
        )
        raise StudyError("too few samples", [problem])


def _samples_in_order(bundle: Bundle) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    reserved = sorted(set(bundle.sample_ids) & RESERVED_COLUMNS)
    if reserved:
        problem = Problem(
            "sample_id",
            "named like a column of the results",
            tuple(reserved),
            len(reserved),
            "rename these samples",
        )
        raise StudyError(f"samples of {bundle.name} refused", [problem])
    order = np.argsort(bundle.sample_ids, kind="stable")
    return bundle.samples.iloc[order].reset_index(drop=True), order
