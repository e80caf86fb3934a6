"""Which genes and transcripts are expressed enough; never looks at traits or truth."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isograph.config import FeatureSettings
from isograph.errors import Problem, StudyError


def refuse_empty_samples(totals: npt.NDArray[np.float64], sample_ids: npt.NDArray[np.str_]) -> None:
    """Refuse samples without a single read: nothing in them was measured.

    Args:
        totals: counts, shape (n_genes, n_samples).
        sample_ids: shape (n_samples,).

    Raises:
        StudyError: names them.
    """
    empty = sample_ids[totals.sum(axis=0) <= 0]
    if len(empty):
        fix = "leave them out of the sample sheet and import again with --allow-missing"
        problem = Problem("counts", "samples without a single read", tuple(empty), len(empty), fix)
        raise StudyError("samples refused", [problem])


def expressed_genes(
    totals: npt.NDArray[np.float64], settings: FeatureSettings
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64], int]:
    """Genes with enough reads in enough samples.

    Args:
        totals: gene counts, shape (n_genes, n_samples).
        settings: `min_count`, `min_samples`, `min_sample_share`, `max_tied_share`.

    Returns:
        keep: shape (n_genes,).
        n_enough: number of samples with at least `min_count`, shape (n_genes,).
        needed: how many were asked for. A gene without reads in more than `max_tied_share` of
            the samples is left out too: a correlation of mostly ties has no known null.
    """
    n_samples = totals.shape[1]
    # 0.07 × 100 is above 7 in floating point, and 7 samples must do
    share = int(np.ceil(settings.min_sample_share * n_samples - 1e-9))
    needed = max(settings.min_samples, share)
    n_enough = np.count_nonzero(totals >= settings.min_count, axis=1)
    zero_share = np.count_nonzero(totals == 0, axis=1) / n_samples
    keep = (n_enough >= needed) & (zero_share <= settings.max_tied_share)
    return keep, n_enough.astype(np.int64), needed


def seen_transcripts(
    counts: npt.NDArray[np.float64], settings: FeatureSettings
) -> npt.NDArray[np.bool_]:
    """Transcripts seen in more than a handful of samples.

    Rare isoforms stay: dropping them by count would remove the very switches people look for, and
    shrinkage already tames their noise.

    Args:
        counts: shape (n_transcripts, n_samples).
        settings: `transcript_min_samples`, `transcript_min_share`.

    Returns:
        keep: shape (n_transcripts,).
    """
    share = settings.transcript_min_share * counts.shape[1]
    limit = max(settings.transcript_min_samples, share + 1e-9)
    keep: npt.NDArray[np.bool_] = np.count_nonzero(counts > 0, axis=1) > limit
    return keep
