"""How samples at the upper end of a profile differ from those at the lower end."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from scipy import special

from isograph.explanation.drivers import known_values
from isograph.explanation.groups import ends_of
from isograph.explanation.schema import HIGH_LOW
from isograph.explanation.source import Profile, Source
from isograph.explanation.usage import TranscriptUsage
from isograph.features.design import residualise
from isograph.files import to_arrow
from isograph.network.significance import benjamini_hochberg

_LEAST = 2

Floats = npt.NDArray[np.float64]


def high_low_table(
    source: Source, profile: Profile, *, extra: TranscriptUsage | None = None
) -> pa.Table:
    """Welch's test (1947, Biometrika 34:28) of each feature between a profile's ends.

    The ends are the upper and the lower third of the samples by the profile. Features are those of
    the profile's genes, in standard deviations, with the covariates taken out. The profile was
    made of them, so p says how clearly a feature takes part, not whether the module exists.
    Features of the user's own come after them, in their own units.

    Args:
        source: fit and data.
        profile: module or programme.
        extra: features of the user's own, see `read_own_features`.

    Returns:
        Columns of `explanation.schema.HIGH_LOW`, sorted by feature.
    """
    features = source.features_for(profile)
    rows = np.flatnonzero(np.isin(features.meta["gene_id"].to_numpy(dtype=str), profile.genes))
    values = known_values(features, rows)
    names = features.meta.iloc[rows][["feature_id", "gene_id"]]
    if extra is not None:
        own = extra.of_genes(profile.genes)
        mean = np.nanmean(own.share, axis=1, keepdims=True) if len(own.share) else 0.0
        values = np.vstack([values, residualise(own.share, profile.design) + mean])
        added = pd.DataFrame({"feature_id": own.transcript_ids, "gene_id": own.gene_ids})
        names = pd.concat([names, added])
    ends = ends_of(profile.values)
    frame = pd.DataFrame(
        {
            "feature_id": names["feature_id"].to_numpy(dtype=object),
            "gene_id": names["gene_id"].to_numpy(dtype=object),
            **welch(values, ends.high, ends.low),
            "missingness": np.isnan(values).mean(axis=1) if len(values) else np.empty(0),
        }
    ).sort_values("feature_id", ignore_index=True)
    frame["qvalue"] = benjamini_hochberg(frame["pvalue"].to_numpy(dtype=np.float64))
    return to_arrow(frame, HIGH_LOW)


def welch(
    values: Floats, high: npt.NDArray[np.bool_], low: npt.NDArray[np.bool_]
) -> dict[str, npt.NDArray[np.float64] | npt.NDArray[np.int64]]:
    """Welch's t of two groups of samples, a row at a time; gaps left out.

    Args:
        values: shape (n_rows, n_samples), NaN where unknown.
        high, low: the groups, bool, shape (n_samples,).

    Returns:
        Arrays of shape (n_rows,) by column name; a row with fewer than two values in a group has
        no test.
    """
    n_high, mean_high, error_high = _moments(values[:, high])
    n_low, mean_low, error_low = _moments(values[:, low])
    delta = mean_high - mean_low
    se = np.sqrt(error_high + error_low)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(se > 0, delta / se, np.nan)
        df = (error_high + error_low) ** 2 / (
            error_high**2 / (n_high - 1) + error_low**2 / (n_low - 1)
        )
        pvalue = 2.0 * special.stdtr(df, -np.abs(t))
    return {
        "mean_high": mean_high,
        "mean_low": mean_low,
        "delta": delta,
        "se": se,
        "tstat": t,
        "pvalue": pvalue,
        "n_high": n_high.astype(np.int64),
        "n_low": n_low.astype(np.int64),
    }


def _moments(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Number, mean and squared standard error of the mean of what is known in each row."""
    known = np.isfinite(values)
    n = np.count_nonzero(known, axis=1).astype(np.float64)
    total = np.where(known, values, 0.0).sum(axis=1)
    mean = np.divide(total, n, out=np.full(len(n), np.nan), where=n > 0)
    apart = np.where(known, values - mean[:, None], 0.0)
    square = np.einsum("ij,ij->i", apart, apart)
    enough = n >= _LEAST
    error = np.divide(square, n * (n - 1), out=np.full(len(n), np.nan), where=enough)
    return n, mean, error
