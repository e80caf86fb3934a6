"""Explanations in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow as pa

from isograph.annotation.model import Annotation
from isograph.explanation.source import Profile, Source


@dataclass(frozen=True)
class Explanation:
    """One module or programme explained.

    Attributes:
        profile: what is explained.
        tables: by file stem: `gene_driver_table`, `transcript_polarity_table`,
            `high_vs_low_table`, and what was asked for of `vae_drivers`, `ig_attributions`,
            `gene_sets`.
        records: what stands behind a table, by file stem, for the manifest.
        missing: what was asked for, or is made by default, and is not there: why, by file stem.
    """

    profile: Profile
    tables: Mapping[str, pa.Table]
    records: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)

    def table(self, name: str) -> pd.DataFrame:
        """One table as a data frame, by file stem."""
        frame: pd.DataFrame = self.tables[name].to_pandas()
        return frame


@dataclass(frozen=True)
class Explanations:
    """Modules and programmes of one fit explained.

    Attributes:
        source: fit and data.
        parts: one a module or programme, in the order of `Source.profiles`.
        switch_contrasts: dIF of each gene for each two-level trait; None where usage is unknown.
        options: what was asked for, as the manifests record it.
        annotation: where exons lie, for pictures; None where none was given.
    """

    source: Source
    parts: tuple[Explanation, ...]
    switch_contrasts: pa.Table | None
    options: Mapping[str, Any]
    annotation: Annotation | None = None
