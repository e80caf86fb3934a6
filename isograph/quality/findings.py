"""What is gathered on the way through a cohort."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.quality.model import Components, Donors, Flag, Floats, SampleColumn


@dataclass
class Findings:
    """What is gathered on the way; samples sorted by id."""

    ids: npt.NDArray[np.str_]
    samples: pd.DataFrame
    columns: dict[str, Any] = field(default_factory=dict)
    flags: list[Flag] = field(default_factory=list)
    tables: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    untold: dict[str, str] = field(default_factory=dict)
    facts: dict[str, float | int | None] = field(default_factory=dict)
    measured: list[SampleColumn] = field(default_factory=list)
    r: Floats | None = None
    components: Components | None = None
    donors: Donors | None = None
    sex_column: str | None = None
    assay: str = ""
