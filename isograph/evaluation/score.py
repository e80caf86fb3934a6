"""Scores of one partition, and background genes pooled over several."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from scipy.stats import binomtest

from isograph.evaluation.labels import MODULE_ROLES, TRUTH_ROLES
from isograph.files import plain


@dataclass(frozen=True)
class PartitionScore:
    """Scores of one partition; None where a score is undefined.

    Attributes:
        ari: adjusted Rand index over planted genes, each unassigned one its own singleton.
        ami: adjusted mutual information over the same.
        ari_assigned: adjusted Rand index over assigned planted genes only.
        homogeneity: over assigned planted genes; merging planted modules lowers it.
        completeness: over assigned planted genes; splitting planted modules lowers it.
        coverage: share of planted genes that are assigned.
        background_fraction: share of assigned genes that are background.
        background_rate: share of background genes that are assigned.
        recovery: mean over planted modules of the best Jaccard index with a predicted one.
        recovery_null_mean: mean recovery of permuted assignments with the same module sizes.
        recovery_z: recovery in standard deviations of those from their mean.
        recovery_p: (1 + b)/(1 + B), with b of B permutations at least as good.
        role_recall: by planted role, the share of its genes that sit in the predicted module
            that best matches their own.
        role_accuracy: share of assigned planted genes whose role is the planted one.
        role_confusion: counts of assigned planted genes, planted role (rows, `TRUTH_ROLES`) by
            given role (columns, `MODULE_ROLES`).
        giant_fraction: share of all genes in the largest connected component of the gene graph.
        n_modules: predicted modules.
        n_truth_modules: planted modules.
        n_genes: all genes.
        n_planted: genes in planted modules.
        n_assigned: genes in predicted modules.
        n_background_assigned: genes in predicted modules that are background.
        onmi: overlapping normalised mutual information over all genes; None where no planted gene
            follows two modules.
        driver_top1: share of assigned switching genes of three isoforms or more whose transcript
            closest to the eigengene is isoform 1; None where there is no such gene.
        shift_sign: share of assigned planted switching genes in which isoform 1 shifts between the
            ends of the eigengene in the planted direction; None where there is no such gene.
        shift_correlation: Spearman's correlation of |shift| with |planted effect| over them; None
            where the planted effects do not vary.
        n_programmes: broad factors that the fit reports; None where it has no such table.
        n_hidden_dimensions: dimensions of the recorded properties of samples that shift usage.
        programme_r2: by such property, the adjusted R² of its regression on all programmes, at
            its worst dimension.
    """

    ari: float | None
    ami: float | None
    ari_assigned: float | None
    homogeneity: float | None
    completeness: float | None
    coverage: float | None
    background_fraction: float | None
    background_rate: float | None
    recovery: float | None
    recovery_null_mean: float | None
    recovery_z: float | None
    recovery_p: float | None
    role_recall: dict[str, float | None]
    role_accuracy: float | None
    role_confusion: tuple[tuple[int, ...], ...] | None
    giant_fraction: float | None
    n_modules: int
    n_truth_modules: int
    n_genes: int
    n_planted: int
    n_assigned: int
    n_background_assigned: int
    onmi: float | None = None
    driver_top1: float | None = None
    shift_sign: float | None = None
    shift_correlation: float | None = None
    n_programmes: int | None = None
    n_hidden_dimensions: int = 0
    programme_r2: dict[str, float | None] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Every score by name, in a fixed order, as JSON knows it; confusion by role names."""
        values: dict[str, Any] = {f.name: plain(getattr(self, f.name)) for f in fields(self)}
        if self.role_confusion is not None:
            values["role_confusion"] = {
                truth: dict(zip(MODULE_ROLES, row, strict=True))
                for truth, row in zip(TRUTH_ROLES, values["role_confusion"], strict=True)
            }
        return values


class PooledBackground(NamedTuple):
    """Background genes among the assigned ones of several fits.

    Attributes:
        n_false: assigned background genes.
        n_assigned: assigned genes.
        low: lower end of the binomial interval of their ratio; None without assigned genes.
        high: upper end of it.
    """

    n_false: int
    n_assigned: int
    low: float | None
    high: float | None


def pooled_background(
    scores: Iterable[PartitionScore], *, confidence: float = 0.95
) -> PooledBackground:
    """Pool assigned background genes over fits, with a Clopper–Pearson interval of their share.

    Args:
        scores: of fits of one fixture with several seeds.
        confidence: of the interval.
    """
    scores = list(scores)
    return background_interval(
        sum(score.n_background_assigned for score in scores),
        sum(score.n_assigned for score in scores),
        confidence=confidence,
    )


def background_interval(
    n_false: int, n_assigned: int, *, confidence: float = 0.95
) -> PooledBackground:
    """Clopper–Pearson interval of n_false / n_assigned.

    Args:
        n_false: assigned background genes.
        n_assigned: assigned genes.
        confidence: of the interval.
    """
    if n_assigned == 0:
        return PooledBackground(0, 0, None, None)
    interval = binomtest(n_false, n_assigned).proportion_ci(confidence, method="exact")
    return PooledBackground(n_false, n_assigned, float(interval.low), float(interval.high))
