"""What differs between two benchmark reports: every metric of every data set they share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from isograph.errors import Problem
from isograph.evaluation.comparison.deltas import (
    DIFFERENCE,
    RATIO,
    Draw,
    MetricDelta,
    Pairs,
    delta_row,
    pair,
    with_qvalues,
)
from isograph.evaluation.comparison.model import ComparisonError
from isograph.evaluation.comparison.paired import WILCOXON_PAIRS
from isograph.evaluation.comparison.stored import Key, StoredReport
from isograph.files import SCHEMA_VERSION

N_RESAMPLES = 9999
_FACTS = ("n_samples", "n_genes", "n_planted", "n_truth_modules")
_METHOD = {
    "effect": "mean over shared seeds of right minus left; of costs the geometric mean of right "
    "over left",
    "interval": "95%, expanded percentile bootstrap of the pairs (Hesterberg 2015)",
    "test": f"Wilcoxon's signed-rank test, exact, from {WILCOXON_PAIRS} pairs that differ; sign "
    "flips, exact, for fewer; two-sided. No p is smaller than 2/2^m of m pairs that differ",
    "qvalue": "Benjamini-Hochberg over all tests of `results`, and over those of `pooled`, "
    "without those in which no pair differs",
    "pooled": "mean over data sets, each counted alike; pairs are drawn again within each data "
    "set, or data sets as a whole where one has a single pair. The interval is about the mean of "
    "these data sets, the test about which side is ahead in most pairs",
}


@dataclass(frozen=True)
class ReportComparison:
    """Two reports beside each other.

    Attributes:
        left: the one.
        right: the other.
        results: a row a data set and metric, in the reports' order.
        pooled: a row a metric, over all data sets that both have.
        notes: what to know before believing a number.
        n_resamples: of the bootstrap.
        seed: of the bootstrap.
    """

    left: StoredReport
    right: StoredReport
    results: tuple[MetricDelta, ...]
    pooled: tuple[MetricDelta, ...]
    notes: tuple[str, ...]
    n_resamples: int
    seed: int

    def unpaired(self, one: StoredReport, other: StoredReport) -> dict[str, list[int]]:
        """Finished seeds of `one` that `other` has not, by data set."""
        lone: dict[str, list[int]] = {}
        for dataset, seed in one.scores:
            if (dataset, seed) not in other.scores:
                lone.setdefault(dataset, []).append(seed)
        return lone

    def as_dict(self) -> dict[str, Any]:
        """Content of the report."""
        left, right = self.left, self.right
        return {
            "schema_version": SCHEMA_VERSION,
            "kind": "reports",
            "left": left.describe(),
            "right": right.describe(),
            "method": {**_METHOD, "n_resamples": self.n_resamples, "seed": self.seed},
            "notes": list(self.notes),
            "unpaired": {
                "left": self.unpaired(left, right),
                "right": self.unpaired(right, left),
            },
            "failed": {"left": _by_dataset(left.failed), "right": _by_dataset(right.failed)},
            "not_compared": {"left": list(left.further), "right": list(right.further)},
            "pooled": [row.as_dict() for row in self.pooled],
            "results": [row.as_dict() for row in self.results],
        }


def compare_reports(
    left: StoredReport, right: StoredReport, *, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> ReportComparison:
    """Compare every metric of the data sets that two reports share, paired over seeds.

    Args:
        left: the one.
        right: the other.
        n_resamples: of the bootstrap.
        seed: of the bootstrap; every interval draws from it afresh.

    Raises:
        ComparisonError: they share no data set.
    """
    shared = [name for name in left.datasets if name in right.datasets]
    if not shared:
        problems = [
            Problem(
                str(one.path),
                f"suite {one.suite}, backend {one.backend}",
                one.datasets,
                len(one.datasets),
            )
            for one in (left, right)
        ]
        raise ComparisonError("reports cannot be compared: they share no data set", problems)
    draw = Draw(n_resamples, seed)
    found: list[Pairs] = []
    for scale, one, other in (
        (DIFFERENCE, left.scores, right.scores),
        (RATIO, left.costs, right.costs),
    ):
        for dataset in shared:
            found += pair(dataset, one, other, scale=scale)
    found.sort(key=lambda pairs: shared.index(pairs.dataset))
    return ReportComparison(
        left=left,
        right=right,
        results=with_qvalues([delta_row([pairs], draw) for pairs in found]),
        pooled=with_qvalues([delta_row(own, draw, pooled=True) for own in _by_metric(found)]),
        notes=tuple(_notes(left, right, shared, found)),
        n_resamples=n_resamples,
        seed=seed,
    )


def _by_metric(found: Sequence[Pairs]) -> list[list[Pairs]]:
    """Data sets in which a metric has a value on both sides, a list a metric."""
    groups: dict[str, list[Pairs]] = {}
    for pairs in found:
        if len(pairs.left) and len(pairs.right):
            groups.setdefault(pairs.metric, []).append(pairs)
    return list(groups.values())


def _notes(
    left: StoredReport, right: StoredReport, shared: Sequence[str], found: Sequence[Pairs]
) -> list[str]:
    """What makes the numbers less than they seem."""
    notes = []
    if left.suite != right.suite:
        notes.append(
            f"different suites: {left.suite} and {right.suite}, {len(shared)} data sets shared"
        )
    other_data = sorted({p.dataset for p in found if p.metric in _FACTS and p.differences.any()})
    if other_data:
        notes.append(f"not the same data although seeds are equal: {', '.join(other_data)}")
    lone = [d for d in shared if not set(left.seeds(d)) & set(right.seeds(d))]
    if lone:
        notes.append(f"no seed in both, so nothing is paired: {', '.join(lone)}")
    busy = [
        f"{one.stage} ({one.jobs} cells at a time)" for one in (left, right) if (one.jobs or 1) > 1
    ]
    if busy:
        notes.append(f"seconds are honest with one cell at a time only: {', '.join(busy)}")
    if left.machine != right.machine:
        notes.append("seconds and memory are of different or unknown machines")
    return notes


def _by_dataset(keys: Iterable[Key]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for dataset, seed in keys:
        found.setdefault(dataset, []).append(seed)
    return found
