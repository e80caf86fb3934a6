"""Versions of identifiers, and numbers of isoforms that look like them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

_MOST_SHARED = 0.05
"""Ids of a side that may lose what tells them apart before `.N` counts as an isoform's number."""


def without_version(ids: npt.NDArray[np.str_]) -> npt.NDArray[np.str_]:
    """Ids without what follows their last point, if that is a number: `ENST00000376062.6`."""
    series = pd.Series(ids, dtype=object)
    stripped: npt.NDArray[np.str_] = (
        series.str.replace(r"\.\d+(?=$|_)", "", regex=True).to_numpy(dtype=np.str_)
        if len(series)
        else ids
    )
    return stripped


def numbers_isoforms(ids: npt.NDArray[Any], plain: npt.NDArray[Any]) -> bool:
    """Whether `.N` tells transcripts apart (`AT1G01010.2`, `MSTRG.7.1`) and is no version.

    Args:
        ids: no two alike, as text or as codes, shape (n,).
        plain: the same without `.N`, shape (n,).
    """
    # an id beside the same one with a version is no isoform of it: only numbered ones count
    numbered = plain[ids != plain]
    counts = np.unique(numbered, return_counts=True)[1]
    shared = int(counts[counts > 1].sum())
    return bool(shared > _MOST_SHARED * len(numbered))
