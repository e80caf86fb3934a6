"""Which transcript of a gene rises with a module and which one falls."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from isograph.explanation.correlation import partial_correlations
from isograph.explanation.groups import Ends, ends_of
from isograph.explanation.schema import POLARITY
from isograph.explanation.source import Profile, Source
from isograph.explanation.usage import TranscriptUsage
from isograph.features.design import residualise
from isograph.features.model import FeatureSet
from isograph.files import to_arrow
from isograph.network.significance import benjamini_hochberg

Floats = npt.NDArray[np.float64]


def polarity_table(
    source: Source,
    profile: Profile,
    usage: TranscriptUsage,
    *,
    own: TranscriptUsage | None = None,
) -> pa.Table:
    """r of each transcript's usage with a profile, and its shift between the profile's ends.

    Usage is the share of the gene's reads. Covariates, and for modules the broad factors that were
    taken out, are taken out of it too: `usage_high` and `usage_low` are means over the upper and
    lower third of the samples so adjusted, around the transcript's mean; their difference is the
    dIF along the profile. Samples where the gene has no reads are left out.

    Args:
        source: fit and data.
        profile: module or programme.
        usage: of the genes to tell about.
        own: features of the user's own, which are no transcripts: they stand under their own
            `feature_id`, without `transcript_id`, and are tested by themselves.

    Returns:
        Columns of `schema.POLARITY`, by gene, then falling r, then transcript, features of
        the user's own last; `switch_strength` is the gene's largest r less its smallest.
    """
    frame = _rows(source, profile, usage)
    if own is not None and len(own.transcript_ids):
        added = _rows(source, profile, own)
        added = added.assign(feature_id=added["transcript_id"], transcript_id=None)
        frame = pd.concat([frame, added], ignore_index=True)
    return to_arrow(frame, POLARITY)


def _rows(source: Source, profile: Profile, usage: TranscriptUsage) -> pd.DataFrame:
    features = source.features_for(profile)
    rest = residualise(usage.share, profile.design)
    found = partial_correlations(rest, profile.values, profile.design)
    high, low = adjusted_ends(usage.share, rest, ends_of(profile.values))
    frame = pd.DataFrame(
        {
            "feature_id": _switch_features(features, profile).reindex(usage.gene_ids).to_numpy(),
            "gene_id": usage.gene_ids,
            "transcript_id": usage.transcript_ids,
            "r": found.r,
            "pvalue": found.pvalue,
            "qvalue": benjamini_hochberg(found.pvalue),
            "n_complete": found.n_complete,
            "missingness": 1.0 - found.n_complete / features.n_samples,
            "usage_high": high,
            "usage_low": low,
            "usage_shift": high - low,
        }
    )
    by_gene = frame.groupby("gene_id")["r"]
    frame["switch_strength"] = by_gene.transform("max") - by_gene.transform("min")
    return frame.sort_values(
        ["gene_id", "r", "transcript_id"], ascending=[True, False, True], ignore_index=True
    )


def adjusted_ends(share: Floats, rest: Floats, ends: Ends) -> tuple[Floats, Floats]:
    """Mean usage of the upper and the lower third of the samples, without a design.

    Args:
        share: usage, NaN where unknown, shape (n_transcripts, n_samples).
        rest: its residuals on the design, same shape.
        ends: which samples.

    Returns:
        Upper and lower mean, each of shape (n_transcripts,).
    """
    centre = _row_mean(share)
    # what is adjusted by straight lines can leave the range of a share by a little
    known = np.isfinite(share)
    least = np.where(known, share, np.inf).min(axis=1, initial=np.inf)
    most = np.where(known, share, -np.inf).max(axis=1, initial=-np.inf)
    high, low = (
        np.clip(centre + _row_mean(rest[:, end]), least, most) for end in (ends.high, ends.low)
    )
    return high, low


def _row_mean(values: Floats) -> Floats:
    """Mean of what is known in each row, NaN where nothing is."""
    known = np.isfinite(values)
    n = np.count_nonzero(known, axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    mean: Floats = np.divide(total, n, out=np.full(len(values), np.nan), where=n > 0)
    return mean


def _switch_features(features: FeatureSet, profile: Profile) -> pd.Series[str]:
    """Id of the switch axis closest to the profile, by gene."""
    rows = np.flatnonzero(features.is_switch)
    strength = np.abs(features.values[rows] @ profile.values)
    order = np.lexsort((rows, -np.round(strength, 9), features.gene_of[rows]))
    best = features.meta.iloc[rows[order]].drop_duplicates("gene_id")
    return best.set_index("gene_id")["feature_id"]
