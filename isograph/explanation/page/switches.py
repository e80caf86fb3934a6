"""Transcripts in the order in which a page tells them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from isograph.explanation.switches import CLEAR_Q, pi_value


def ordered_polarity(polarity: pd.DataFrame) -> pd.DataFrame:
    """Transcripts by the largest π of their gene, each gene's together.

    Args:
        polarity: columns of `explanation.schema.POLARITY`, sorted by gene, then falling r.

    Returns:
        The same rows with `move`: `rises`, `falls`, or `unclear` where q is above 0.05.
    """
    q = polarity["qvalue"].to_numpy(dtype=np.float64)
    rises = polarity["r"].to_numpy(dtype=np.float64) > 0
    move = np.where(q <= CLEAR_Q, np.where(rises, "rises", "falls"), "unclear")
    pi = pi_value(polarity["usage_shift"].to_numpy(dtype=np.float64), q)
    largest = pd.Series(pi).groupby(polarity["gene_id"].to_numpy()).transform("max")
    order = np.lexsort((np.arange(len(polarity)), polarity["gene_id"], -largest))
    return polarity.assign(move=move).iloc[order].reset_index(drop=True)
