"""What quality control finds out about a cohort."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from isograph.features.traits import Trait
from isograph.files import hash_parts, hash_table
from isograph.study import Study

Floats = npt.NDArray[np.float64]


class Check(StrEnum):
    """What a sample is looked at for."""

    LIBRARY_SIZE = "library_size"
    GENES = "detected_genes"
    CORRELATION = "correlation"
    DISTANCE = "distance"
    SEX = "sex"
    SEX_UNCLEAR = "sex_unclear"
    DUPLICATE = "duplicate"


@dataclass(frozen=True)
class Flag:
    """One reason to look at a sample; nothing is ever dropped for it.

    Attributes:
        sample_id: the sample.
        check: what it was looked at for.
        value: the number behind it, in the unit of the check's column in `sample_quality`.
        score: robust z where the check has one, else NaN.
        reason: why, in words.
    """

    sample_id: str
    check: Check
    value: float
    score: float
    reason: str


class Role(StrEnum):
    """What the study makes of a sample column."""

    TRAIT = "trait"
    COVARIATE = "covariate"
    MEASURED = "measured"  # by quality control itself, such as the library size
    OTHER = "other"


@dataclass(frozen=True)
class SampleColumn:
    """A usable sample column.

    Attributes:
        trait: its kind and values.
        role: what the study makes of it.
    """

    trait: Trait
    role: Role

    @property
    def name(self) -> str:
        """Name of the column."""
        return self.trait.name


@dataclass(frozen=True)
class Components:
    """Principal components of log abundance.

    Attributes:
        scores: coordinates of the samples, shape (n_components, n_samples), mean 0.
        shares: of the variance, shape (n_components,), falling.
    """

    scores: Floats
    shares: Floats

    @property
    def names(self) -> tuple[str, ...]:
        """`PC1`, `PC2`, …"""
        return tuple(f"PC{number}" for number in range(1, len(self.shares) + 1))


@dataclass(frozen=True)
class Donors:
    """How alike samples of one donor are, beside samples of different donors.

    Attributes:
        column: that names the donor.
        n_repeated: donors with several samples.
        within, between: median correlation of gene-centred log abundance over pairs of samples.
    """

    column: str
    n_repeated: int
    within: float
    between: float


@dataclass(frozen=True)
class Quality:
    """Everything that quality control found out, samples sorted by id throughout.

    Attributes:
        name: data set.
        content_hash: of the bundle.
        assay: that abundance was read from; empty where there is none.
        study: gave covariates, traits and categorical columns.
        columns: usable sample columns, traits first, then covariates, then others.
        unusable: name and reason of the sample columns that are no trait.
        tables: by file stem (`isograph.quality.tables.SCHEMAS`).
        flags: by sample, then check.
        correlation: of log abundance between samples, shape (n_samples, n_samples), or None.
        order: samples as hierarchical clustering puts them, shape (n_samples,).
        components: principal components, or None.
        sex_column: sample column that was compared with the predicted sex, if any.
        donors: comparison of repeated samples, if any.
        warnings: what is wrong with the sample columns, in words.
        notes: what else should be known, in words.
        untold: what could not be told, and why.
        facts: numbers for `qc.json` and the page's head.
    """

    name: str
    content_hash: str
    assay: str
    study: Study
    columns: tuple[SampleColumn, ...]
    unusable: tuple[tuple[str, str], ...]
    tables: Mapping[str, pa.Table]
    flags: tuple[Flag, ...]
    correlation: Floats | None
    order: npt.NDArray[np.int64]
    components: Components | None
    sex_column: str | None
    donors: Donors | None
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    untold: Mapping[str, str]
    facts: Mapping[str, float | int | None]

    @cached_property
    def samples(self) -> pd.DataFrame:
        """`sample_quality` as a data frame, one row a sample."""
        frame: pd.DataFrame = self.tables["sample_quality"].to_pandas()
        return frame

    @property
    def flagged(self) -> tuple[str, ...]:
        """Samples with any flag, sorted."""
        return tuple(sorted({flag.sample_id for flag in self.flags}))

    @cached_property
    def result_hash(self) -> str:
        """Content hash over all tables."""
        return hash_parts({name: hash_table(table) for name, table in self.tables.items()})

    def flagged_by(self, *checks: Check) -> npt.NDArray[np.bool_]:
        """Which samples have a flag of these checks, of any if none is named; (n_samples,)."""
        ids = {flag.sample_id for flag in self.flags if not checks or flag.check in checks}
        return self.samples["sample_id"].isin(ids).to_numpy(dtype=bool)
