"""Whether samples of one donor are more alike than samples of different donors."""

from __future__ import annotations

import numpy as np
import pandas as pd

from isograph.bundle.model import Bundle
from isograph.features.blocks import block_column
from isograph.features.traits import read_column
from isograph.quality.model import Donors, Floats
from isograph.study import Study


def compare_donors(
    bundle: Bundle, samples: pd.DataFrame, centred: Floats, *, study: Study
) -> Donors | None:
    """Median correlation within and between donors; None without repeated donors.

    Args:
        bundle: its provenance may name the donor column.
        samples: sample table, in the order of `centred`.
        centred: correlation of gene-centred log abundance, shape (n_samples, n_samples).
        study: `block` comes before what the bundle records.
    """
    names = [str(name) for name in samples.columns if name != "sample_id"]
    column = block_column(study.block, bundle.provenance, known=names)
    if column is None or column not in names:
        return None
    donor = read_column(samples[column], categorical=True).cat.codes.to_numpy(dtype=np.int64)
    first, second = np.triu_indices(len(donor), k=1)
    known = (donor[first] >= 0) & (donor[second] >= 0) & np.isfinite(centred[first, second])
    same = donor[first] == donor[second]
    within, between = (centred[first, second][known & one] for one in (same, ~same))
    if not len(within) or not len(between):
        return None
    sizes = np.bincount(donor[donor >= 0])
    return Donors(
        column=column,
        n_repeated=int((sizes > 1).sum()),
        within=float(np.median(within)),
        between=float(np.median(between)),
    )
