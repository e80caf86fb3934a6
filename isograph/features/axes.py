"""Switch axes: the directions in which a gene's transcript usage really varies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isograph.features.usage import Usage

_SIGN_EPS = 1e-6


@dataclass(frozen=True)
class SwitchAxes:
    """Switch axes of all genes, leading axis first within a gene.

    Attributes:
        gene: row of the gene in `Usage.starts`, shape (n_axes,), never falling.
        axis: 1 for the leading axis, 2, 3, … shape (n_axes,).
        scores: centred positions of the samples, shape (n_axes, n_samples).
        variance_share: share of the gene's total variance, shape (n_axes,).
        weights: what each score is made of.
    """

    gene: npt.NDArray[np.int64]
    axis: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]
    variance_share: npt.NDArray[np.float64]
    weights: AxisWeights


@dataclass(frozen=True)
class AxisWeights:
    """Scores of switch axes as sums over log usage: score = Σ weight · log usage.

    The weights of an axis add up to 0, so that the gene's abundance has no say.

    Attributes:
        axis: row of the axis in `SwitchAxes`, shape (n_entries,), never falling.
        row: row of the transcript in `Usage`, shape (n_entries,).
        weight: shape (n_entries,).
    """

    axis: npt.NDArray[np.int64]
    row: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64]


def switch_axes(
    usage: Usage,
    logs: npt.NDArray[np.float64],
    reference: npt.NDArray[np.int64],
    *,
    max_axes: int,
    noise_ratio: float,
) -> SwitchAxes:
    """Principal axes of usage in weighted Aitchison geometry.

    Log ratios are weighted by mean usage p (weighted log-ratio analysis, Greenacre & Lewi 2009):
    z_k = √p_k · (l_k − Σ_m p_m l_m). Counting noise, which is C·diag(1/p)·C/N in plain centred log
    ratios, is the same in every direction of z, so that a rare isoform's noise cannot pose as
    the leading axis. The leading axis is always kept, further ones while their variance exceeds
    `noise_ratio` times the count noise. For two isoforms the axis is their log ratio.

    Args:
        usage: shrunk usage; `logs` of it are not used, so that covariates can be removed first.
        logs: log usage after covariates, rows centred, shape (n_transcripts, n_samples).
        reference: row of each gene's reference transcript, shape (n_genes,): positive scores mean
            usage moves towards it.
        max_axes: axes kept a gene, at most.
        noise_ratio: see above.

    Returns:
        The axes, sorted by gene, then axis.
    """
    n_samples = logs.shape[1]
    parts: list[tuple[npt.NDArray[np.int64], ...]] = []
    values: list[npt.NDArray[np.float64]] = []
    shares: list[npt.NDArray[np.float64]] = []
    entries: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]] = []
    for size in np.unique(usage.sizes):
        genes = np.flatnonzero(usage.sizes == size)
        rows = usage.starts[genes][:, None] + np.arange(size)
        weight = usage.mean_usage[rows]
        centred = logs[rows]
        centred = centred - np.einsum("gk,gkn->gn", weight, centred)[:, None, :]
        centred *= np.sqrt(weight)[:, :, None]
        covariance = np.matmul(centred, centred.transpose(0, 2, 1)) / max(n_samples - 1, 1)
        variance, vectors = np.linalg.eigh(covariance)
        variance, vectors = variance[:, ::-1], vectors[:, :, ::-1]
        n_axes = min(int(size) - 1, max_axes)
        variance = np.maximum(variance, 0.0)
        limit = noise_ratio * usage.count_noise[genes][:, None]
        kept = variance[:, :n_axes] > limit
        kept[:, 0] = True
        kept &= variance[:, :n_axes] > 1e-12
        vectors = _orient(vectors[:, :, :n_axes], reference[genes] - usage.starts[genes])
        scores = np.matmul(vectors.transpose(0, 2, 1), centred)
        which_gene, which_axis = np.nonzero(kept)
        total = np.maximum(variance.sum(axis=1), 1e-300)
        parts.append((genes[which_gene], which_axis + 1))
        values.append(scores[which_gene, which_axis])
        shares.append(variance[which_gene, which_axis] / total[which_gene])
        chosen = vectors[which_gene, :, which_axis]
        entries.append((rows[which_gene], _log_weights(chosen, weight[which_gene])))
    if not parts:
        empty, nothing = np.empty(0, dtype=np.int64), np.empty(0)
        weights = AxisWeights(empty, empty, nothing)
        return SwitchAxes(empty, empty, np.empty((0, n_samples)), nothing, weights)
    gene = np.concatenate([part[0] for part in parts])
    axis = np.concatenate([part[1] for part in parts])
    order = np.lexsort((axis, gene))
    return SwitchAxes(
        gene=gene[order],
        axis=axis[order],
        scores=np.concatenate(values)[order],
        variance_share=np.concatenate(shares)[order],
        weights=_in_order(entries, order),
    )


def _log_weights(
    vectors: npt.NDArray[np.float64], usage: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Weights of log usage: v_k √p_k − p_k Σ_m v_m √p_m, shape (n_axes, n_transcripts).

    Args:
        vectors: an axis a row, in the weighted geometry.
        usage: mean usage p of the axis's gene, same shape.
    """
    scaled = vectors * np.sqrt(usage)
    weights: npt.NDArray[np.float64] = scaled - scaled.sum(axis=1, keepdims=True) * usage
    return weights


def _in_order(
    entries: Sequence[tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]],
    order: npt.NDArray[np.int64],
) -> AxisWeights:
    """Weights of axes that were found by size of gene, in the final order of the axes."""
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    sizes = np.concatenate([np.full(len(rows), rows.shape[1]) for rows, _ in entries])
    axis = np.repeat(place, sizes)
    row = np.concatenate([rows.ravel() for rows, _ in entries])
    weight = np.concatenate([weights.ravel() for _, weights in entries])
    sorted_ = np.lexsort((row, axis))
    return AxisWeights(axis[sorted_], row[sorted_], weight[sorted_])


def join_axes(
    parts: Sequence[SwitchAxes], first_gene: Sequence[int], first_row: Sequence[int]
) -> SwitchAxes:
    """Axes of consecutive runs of genes as one.

    Args:
        parts: one a run.
        first_gene: where each run starts among the genes.
        first_row: where each run starts among the transcripts.
    """
    ends = np.cumsum([len(part.gene) for part in parts])
    first_axis = (ends - [len(part.gene) for part in parts]).tolist()
    axes = [p.weights.axis + first for p, first in zip(parts, first_axis, strict=True)]
    rows = [p.weights.row + first for p, first in zip(parts, first_row, strict=True)]
    return SwitchAxes(
        gene=np.concatenate([p.gene + first for p, first in zip(parts, first_gene, strict=True)]),
        axis=np.concatenate([part.axis for part in parts]),
        scores=np.concatenate([part.scores for part in parts]),
        variance_share=np.concatenate([part.variance_share for part in parts]),
        weights=AxisWeights(
            np.concatenate(axes),
            np.concatenate(rows),
            np.concatenate([part.weights.weight for part in parts]),
        ),
    )


def _orient(
    vectors: npt.NDArray[np.float64], reference: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Flip axes so that the reference transcript rises with the score.

    Args:
        vectors: shape (n_genes, n_transcripts, n_axes).
        reference: position of the reference transcript within its gene, shape (n_genes,).
    """
    at_reference = vectors[np.arange(len(vectors)), reference]
    largest = np.argmax(np.abs(vectors) > np.abs(vectors).max(axis=1, keepdims=True) - 1e-9, axis=1)
    at_largest = np.take_along_axis(vectors, largest[:, None, :], axis=1)[:, 0]
    # an axis that leaves the reference alone takes its sign from the transcript it moves most
    decides = np.where(np.abs(at_reference) > _SIGN_EPS, at_reference, at_largest)
    oriented: npt.NDArray[np.float64] = vectors * np.where(decides < 0, -1.0, 1.0)[:, None, :]
    return oriented


def reference_transcripts(
    starts: npt.NDArray[np.int64],
    mean_usage: npt.NDArray[np.float64],
    *,
    is_reference: npt.NDArray[np.bool_] | None,
    length: npt.NDArray[np.float64] | None,
) -> npt.NDArray[np.int64]:
    """Row of each gene's reference transcript: marked, else longest, else most used, else first.

    Args:
        starts: first row of each gene, shape (n_genes,).
        mean_usage: shape (n_transcripts,).
        is_reference: shape (n_transcripts,), where the bundle has it.
        length: in base pairs, NaN where unknown, shape (n_transcripts,), where the bundle has it.

    Returns:
        Shape (n_genes,); rows sorted by transcript id within a gene decide ties.
    """
    n_rows = len(mean_usage)
    gene = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, n_rows)))
    marked = np.zeros(n_rows) if is_reference is None else is_reference.astype(float)
    # several marked transcripts or none: length decides among them
    longest = np.zeros(n_rows) if length is None else np.nan_to_num(length, nan=-1.0)
    used = np.round(mean_usage, 12)
    order = np.lexsort((np.arange(n_rows), -used, -longest, -marked, gene))
    return order[np.searchsorted(gene[order], np.arange(len(starts)))]
